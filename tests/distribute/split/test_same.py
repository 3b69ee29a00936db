"""Partitions change nothing: loads, bars, golden rows, EMAs and the law once more, on hash partitions.

TA_LAB2_TEST_PARTITIONS=4 runs the whole suite on them.
"""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from cli.test_load import (  # noqa: F401
    test_only_differing_days_are_written_and_noted,
    test_the_same_file_twice_changes_nothing,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sql.test_bars import *  # noqa: F403
from sql.test_bars_reference import *  # noqa: F403

from sql import test_bars_law, test_ema_examples, test_emas

Db = psycopg.Connection[Any]


def test_this_is_about_partitions(db: Db) -> None:
    found = db.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = 'bars'::regclass").fetchone()
    assert found == (4,)


@pytest.mark.parametrize("name", ["G", "W79"])
def test_worked_emas(db: Db, name: str) -> None:
    test_ema_examples.test_worked_examples(db, name, [50, 1, 2, 1, 9, 1, 20, 3])


def test_golden_relations(db: Db, cli: Any) -> None:
    test_emas.test_golden_relations(db, cli, "cal_us")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=8)
@given(st.lists(st.tuples(test_bars_law.step, test_bars_law.call), min_size=2, max_size=7))
def test_incremental_is_full(db: Db, history: list[Any]) -> None:
    test_bars_law.test_incremental_is_full.hypothesis.inner_test(db, history)  # type: ignore[attr-defined]
