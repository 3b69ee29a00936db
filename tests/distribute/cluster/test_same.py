"""A cluster changes nothing: loads, golden rows, worked EMAs, the law, audits, commands once more, on Citus.

Nothing notes what is written to raw days by hand there: the look-back finds appended days, older changes
are noted as the guide says.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from cli.test_load import (  # noqa: F401
    test_only_differing_days_are_written_and_noted,
    test_the_same_file_twice_changes_nothing,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sql.series import close_of, load
from sql.test_bars_reference import *  # noqa: F403
from sql.test_emas import test_golden_relations  # noqa: F401

from sql import test_ema_examples
from ta_lab2_sql.schema import distribute

Db = psycopg.Connection[Any]
Cli = Callable[..., Any]
NOTE = """INSERT INTO raw_changes (id, changed_by, dirty_from) VALUES (%s, pg_current_xact_id(), %s)
          ON CONFLICT (id, changed_by) DO NOTHING"""
# With the asset given, these ask one shard.
ROUTED = {
    *("day_snapshot_rows", "bars_1d_candidates", "bars_1d_compared", "bars_1d_differing"),
    "built_timeframes",
}


def days(first: int, count: int) -> list[tuple[date, float]]:
    return [(date(2020, 1, 1) + timedelta(first + i), close_of(first + i)) for i in range(count)]


def few(db: Db) -> None:
    """A catalogue that is quick to build."""
    db.execute("DELETE FROM dim_timeframe WHERE tf NOT IN ('1D', '2D', '7D', '1M_CAL', '1W_CAL_ANCHOR_US')")
    db.execute("DELETE FROM dim_period WHERE period NOT IN (6, 9)")
    # No trigger does so here, and the command isn't always asked.
    db.execute("SELECT sync_ema_alpha()")


@pytest.mark.parametrize("name", ["A", "G", "W", "W79"])
def test_worked_emas(db: Db, name: str) -> None:
    # Days that are added are found by the look-back: nothing notes them here.
    test_ema_examples.test_worked_examples(db, name, [50, 1, 2, 1, 9, 1, 20, 3])


def is_real(db: Db) -> bool:
    """A pretended cluster, which the tests of statements have, keeps its rows where they are."""
    return db.execute("SELECT FROM pg_proc WHERE proname = 'citus_version'").fetchone() is not None


def test_nothing_is_left_to_do(db: Db) -> None:
    assert distribute.layout(db).kind == "citus"
    found = distribute.plan(db, None)
    assert found.statements == []
    assert found.afterwards == [] or not is_real(db)


def test_every_view_answers_for_one_asset_and_for_all(db: Db) -> None:
    few(db)
    for asset in (3, 4):
        load(db, asset, days(0, 60 + asset))
        db.execute("SELECT FROM refresh_emas(%s)", (asset,))
    real = is_real(db)
    views = db.execute(
        """SELECT c.relname FROM pg_class AS c
           JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'id'
           WHERE c.relkind = 'v' AND c.relnamespace = current_schema()::regnamespace"""
    ).fetchall()
    assert views
    for (view,) in views:
        if real and view in ROUTED:
            plan = db.execute(f"EXPLAIN SELECT * FROM {view} WHERE id = 3".encode()).fetchall()
            assert "Task Count: 1\n" in "\n".join(line for (line,) in plan) + "\n", view
        alone = [
            row
            for asset in (3, 4)
            for row in db.execute(f"SELECT * FROM {view} WHERE id = {asset}".encode()).fetchall()
        ]
        together = db.execute(f"SELECT * FROM {view}".encode()).fetchall()
        assert sorted(map(str, together)) == sorted(map(str, alone)), view


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=5)
@given(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 60)), min_size=2, max_size=5))
def test_incremental_is_full(db: Db, history: list[tuple[int, int]]) -> None:
    """Days are appended, a day some days back is revised; another asset's rows stay as they are."""
    few(db)
    for table in ("cmc_price_histories7", "raw_changes"):
        db.execute(f"DELETE FROM {table}".encode())
    for asset in (1, 2):
        load(db, asset, days(0, 40))
        db.execute(NOTE, (asset, "-infinity"))
        db.execute("SELECT FROM refresh_emas(%s, p_full => true)", (asset,))
    other = "SELECT * FROM emas WHERE id = 2 ORDER BY tf, bar_seq"
    before, n = db.execute(other).fetchall(), 40
    for count, back in history:
        load(db, 1, days(n, count))
        n += count
        (revised, _), *_ = days(max(n - 1 - back, 0), 1)
        db.execute(
            """UPDATE cmc_price_histories7 SET close = close * 1.01, high = high * 1.02
               WHERE id = 1 AND ("timestamp" AT TIME ZONE 'UTC')::date = %s""",
            (revised,),
        )
        db.execute(NOTE, (1, revised))
        db.execute("SELECT FROM refresh_emas(1)")
    assert db.execute(other).fetchall() == before
    written = db.execute("SELECT sum(bars_written + bars_deleted) FROM refresh_bars(1, p_full => true)")
    assert written.fetchone() == (0,)
    again = db.execute(
        "SELECT sum(vectors_written) FROM refresh_emas(1, p_full => true, p_upstream => false)"
    )
    assert again.fetchone() == (0,)


def test_audits_find_what_is_wrong_and_nothing_else(db: Db) -> None:
    few(db)
    for asset in (1, 2):
        load(db, asset, days(0, 90))
        db.execute("SELECT FROM refresh_emas(%s)", (asset,))
    severe = "SELECT DISTINCT \"check\", id FROM audit_all({}) WHERE severity = 'error' ORDER BY 1, 2"
    for ids in ("", "ARRAY[1]", "ARRAY[1, 2]"):
        assert db.execute(severe.format(ids).encode()).fetchall() == []
    db.execute("UPDATE bars SET close = close + 1 WHERE id = 2 AND tf = '7D' AND bar_seq = 3")
    db.execute(
        "UPDATE emas SET day_space = trim_array(day_space, 1) WHERE id = 1 AND tf = '2D' AND bar_seq = 20"
    )
    found = db.execute(severe.format("").encode()).fetchall()
    assert {("bar_content", 2), ("ema_vector_length", 1)} <= set(found)
    assert {asset for _, asset in db.execute(severe.format("ARRAY[2]").encode())} == {2}


def test_the_commands(cli: Cli, db: Db, db_url: str) -> None:
    few(db)
    for asset in range(1, 9):
        load(db, asset, days(0, 60))
    done = cli("--json", "--db-url", db_url, "--db-url", db_url, "refresh", "all")
    assert done.code == 0, done.err
    assert json.loads(done.out)["refreshed"] == 8
    assert json.loads(cli("--json", "refresh", "all").out)["refreshed"] == 0
    # One question to all nodes says so.
    settled = db.execute("SELECT settled_assets(NULL, NULL, NULL, NULL, 3, true) ORDER BY 1").fetchall()
    assert [asset for (asset,) in settled] == list(range(1, 9))
    told = json.loads(cli("--json", "status").out)
    assert told["layout"].startswith("Citus, 8 shards on ")
    assert (told["fresh"], len(told["assets"])) == (True, 8)
    for command in (["audit"], ["plan", "all"], ["assets"], ["doctor"], ["migrate", "--check"]):
        done = cli(*command)
        assert done.code == 0, (command, done.err)
