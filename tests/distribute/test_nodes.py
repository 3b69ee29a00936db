"""refresh over several nodes of a cluster; two addresses of one server stand for two nodes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import psycopg
from sql.series import load

from ta_lab2_sql.settings import Settings

Cli = Callable[..., Any]


def test_assets_are_spread_over_the_nodes(cli: Cli, db: psycopg.Connection[Any], db_url: str) -> None:
    days = [(date(2020, 1, 1) + timedelta(i), 100.0 + i) for i in range(20)]
    for asset in range(1, 7):
        load(db, asset, days)
    nodes = ["--db-url", db_url, "--db-url", f"{db_url}&connect_timeout=10"]
    done = cli("--json", *nodes, "refresh", "bars", "--workers", "1")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert (told["refreshed"], told["workers"], told["failed"]) == (6, 2, 0)
    assert db.execute("SELECT count(DISTINCT id) FROM bars_state").fetchone() == (6,)
    again = json.loads(cli("--json", *nodes, "refresh", "bars").out)
    assert (again["refreshed"], again["changed"]) == (0, 0)


def test_an_address_of_another_database_is_refused(
    cli: Cli, db: psycopg.Connection[Any], db_url: str, empty_url: str, split_url: str
) -> None:
    load(db, 1, [(date(2020, 1, 1), 1.0)])
    for other in (empty_url, split_url):
        refused = cli("--db-url", db_url, "--db-url", other, "refresh", "bars")
        assert refused.code == 2
        assert "different databases" in refused.err
    assert db.execute("SELECT count(*) FROM bars_state").fetchone() == (0,)
    assert cli("--db-url", db_url, "--db-url", db_url, "status").code == 2


def test_every_node_has_the_same_settings() -> None:
    settings = Settings(db_url="postgresql://a/x", schema="s", other_urls=("postgresql://b/x",))
    assert [(node.db_url, node.schema) for node in settings.nodes()] == [
        ("postgresql://a/x", "s"),
        ("postgresql://b/x", "s"),
    ]
