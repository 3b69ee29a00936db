"""Prices for tests: files of the fixtures under their ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg

from ta_lab2_sql.load import LoadOptions, Report, load_files

PRICES = Path(__file__).parent / "fixtures" / "prices"
NAMED = LoadOptions(name_pattern="{symbol}_{id}.csv")


def load_named(db: psycopg.Connection[Any], *paths: Path | str) -> Report:
    """Load files that are called SYMBOL_ID.csv."""
    return load_files(db, [str(path) for path in paths], NAMED)
