"""An asset needs no other: a role that sees one id only refreshes it and gets the same bits."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from law.machine import STORED, Comparison, World
from psycopg import sql

from ta_lab2_sql.schema.migration import Migration

Db = psycopg.Connection[Any]


@pytest.fixture
def narrow(db: Db) -> Iterator[str]:
    """A runner under row-level security that sees asset 1 only."""
    Migration(db).upgrade(roles=True)
    user = f"ta_lab2_test_{uuid.uuid4().hex[:12]}"
    name = sql.Identifier(user)
    db.execute(sql.SQL("CREATE ROLE {}").format(name))
    db.execute(sql.SQL("GRANT ta_lab2_runner TO {}").format(name))
    for table in STORED:
        db.execute(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(sql.Identifier(table)))
        db.execute(
            sql.SQL("CREATE POLICY one ON {} TO {} USING (id = 1) WITH CHECK (id = 1)").format(
                sql.Identifier(table), name
            )
        )
    yield user
    db.execute("RESET ROLE")
    with suppress(psycopg.Error):
        db.execute(sql.SQL("DROP OWNED BY {}; DROP ROLE {}").format(name, name))


def test_an_asset_alone_gives_the_same_bits(db: Db, narrow: str) -> None:
    world = World(db, Comparison.of(db), 0)
    for asset in (1, 2):
        world.append(asset, 130, 0, "copy", asset)
    role = sql.SQL("SET ROLE {}").format(sql.Identifier(narrow))

    def refresh() -> None:
        db.execute(role)
        assert world.column("SELECT DISTINCT id FROM cmc_price_histories7") == [1]
        world.refresh_emas(1)
        db.execute("RESET ROLE")

    refresh()
    world.check(1)
    # The other asset changes, and this one is revised, shortened and moved to another zone.
    world.refresh_emas(2)
    world.append(1, 5, 2, "insert", 7)
    world.append(2, 5, 0, "insert", 8)
    refresh()
    world.check(1)
    world.revise(1, 30, 3, "close", 9)
    world.remove(1, 10, 4)
    db.execute(role)
    world.refresh_bars(1, tz="Asia/Tokyo")
    world.refresh_emas(1, full=True)
    db.execute("RESET ROLE")
    world.check(1, thorough=True)
    world.check(2)
