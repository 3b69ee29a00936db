"""Connections to a database whose tables of assets are four hash partitions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest


@pytest.fixture
def split_db(split_url: str) -> Iterator[psycopg.Connection[Any]]:
    """An autocommit connection to a fresh migrated database, split into four hash partitions."""
    with psycopg.connect(split_url, autocommit=True) as connection:
        yield connection
