"""Law: whatever happened, a refresh of everything leaves what a build from nothing gives, bit for bit."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from law.soak import look


@pytest.mark.parametrize("number", range(8))
def test_any_history_leaves_what_a_build_from_nothing_gives(db: psycopg.Connection[Any], number: int) -> None:
    look(db, number, shrink=False)
