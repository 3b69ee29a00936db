"""A cluster changes nothing: loads, worked EMAs, plans and commands once more, on Citus."""

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
from sql.series import load

from sql import test_ema_examples
from ta_lab2_sql import distribute

Db = psycopg.Connection[Any]
Cli = Callable[..., Any]


@pytest.mark.parametrize("name", ["A", "G", "W", "W79"])
def test_worked_emas(db: Db, name: str) -> None:
    # Days that are added are found by the look-back: nothing notes them here.
    test_ema_examples.test_worked_examples(db, name, [50, 1, 2, 1, 9, 1, 20, 3])


def test_nothing_is_left_to_do(db: Db) -> None:
    assert distribute.layout(db).kind == "citus"
    found = distribute.plan(db, None)
    assert (found.statements, found.afterwards) == ([], [])


def test_an_asset_is_one_task(db: Db) -> None:
    load(db, 3, [(date(2020, 1, 1) + timedelta(i), 100.0 + i) for i in range(60)])
    db.execute("SELECT FROM refresh_emas(3)")
    views = db.execute(
        """SELECT c.relname FROM pg_class AS c
           JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'id'
           WHERE c.relkind = 'v' AND c.relnamespace = current_schema()::regnamespace"""
    ).fetchall()
    for (view,) in views:
        plan = db.execute(f"EXPLAIN SELECT * FROM {view} WHERE id = 3".encode()).fetchall()
        assert "Task Count: 1\n" in "\n".join(line for (line,) in plan) + "\n", view
        db.execute(f"SELECT count(*) FROM {view}".encode())


def test_the_commands(cli: Cli, db: Db, db_url: str) -> None:
    for asset in range(1, 9):
        load(db, asset, [(date(2020, 1, 1) + timedelta(i), 100.0 + i) for i in range(60)])
    done = cli("--json", "--db-url", db_url, "--db-url", db_url, "refresh", "all")
    assert done.code == 0, done.err
    assert json.loads(done.out)["refreshed"] == 8
    assert json.loads(cli("--json", "refresh", "all").out)["refreshed"] == 0
    assert json.loads(cli("--json", "status").out)["layout"].startswith("Citus, 8 shards on ")
    assert cli("audit").code == 0
    assert cli("migrate", "--check").code == 0
