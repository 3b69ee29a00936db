"""Defects planted in the blocks that reads go over: the audit names them, and only them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from law.machine import Comparison, World

from .planting import database

Db = psycopg.Connection[Any]
# What is done to what is stored, and what must be found: check, timeframe, number of blocks, the first.
PLANTED: dict[str, tuple[str, tuple[str, str | None, int, int]]] = {
    "a close before a block": (
        "UPDATE day_blocks SET closes[1] = closes[1] + 1 WHERE id = 1 AND block = 2",
        ("day_block", None, 1, 2),
    ),
    "a volume unknown": (
        "UPDATE day_blocks SET volumes[7] = NULL WHERE id = 1 AND block = 0",
        ("day_block", None, 1, 0),
    ),
    "a time a microsecond late": (
        "UPDATE day_blocks SET times_low[3] = times_low[3] + interval '1 us' WHERE id = 1 AND block = 1",
        ("day_block", None, 1, 1),
    ),
    "a market cap of no row": (
        "UPDATE day_blocks SET caps = ARRAY[1.5] WHERE id = 1 AND block = 1",
        ("day_block", None, 1, 1),
    ),
    "days without a block": ("DELETE FROM day_blocks WHERE id = 1 AND block = 1", ("day_block", None, 1, 1)),
    "a block without days": (
        """INSERT INTO day_blocks (id, block, closes, highs, lows, times_high, times_low, volumes, days)
           SELECT id, 7, closes, highs, lows, times_high, times_low, volumes, days FROM day_blocks
           WHERE id = 1 AND block = 1""",
        ("day_block", None, 1, 7),
    ),
    "a high at a block": (
        "UPDATE bar_blocks SET highs[2] = highs[2] + 1e-12 * highs[2] WHERE id = 1 AND tf = '30D'",
        ("bar_block", "30D", 1, 1),
    ),
    "another bar at a block": (
        "UPDATE bar_blocks SET bar_seqs[3] = bar_seqs[3] + 1 WHERE id = 1 AND tf = '1M_CAL'",
        ("bar_block", "1M_CAL", 1, 2),
    ),
    "a timeframe without states": (
        "DELETE FROM bar_blocks WHERE id = 1 AND tf = '5D'",
        ("bar_block", "5D", 3, 0),
    ),
    "states of nothing": (
        "UPDATE bar_blocks SET tf = '4D' WHERE id = 1 AND tf = '70D'",
        ("bar_block", "4D", 3, 0),
    ),
}


@pytest.fixture(scope="module")
def built(postgresql_server: Any) -> Iterator[Db]:
    """Two assets of three blocks."""
    with database(postgresql_server, "blocks") as db:
        world = World(db, Comparison.of(db), 0)
        for asset in (1, 2):
            world.append(asset, 150, 0, "copy", asset)
            world.refresh_bars(asset)
        yield db


def found(db: Db) -> list[tuple[Any, ...]]:
    return db.execute(
        """SELECT "check", tf, (detail ->> 'n')::int, (detail ->> 'block')::int FROM audit_all()
           WHERE "check" IN ('day_block', 'bar_block') AND id = 1 AND severity = 'error' ORDER BY 1, 2"""
    ).fetchall()


def test_healthy_blocks_are_healthy(built: Db) -> None:
    assert found(built) == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_defect_is_found(built: Db, name: str) -> None:
    defect, finding = PLANTED[name]
    with built.transaction(force_rollback=True):
        assert built.execute(defect.encode()).rowcount == 1
        assert finding in found(built)
        assert {f[0] for f in found(built)} == {finding[0]}
    assert found(built) == []


# What is kept of a timeframe that nobody built isn't made anew.
@pytest.mark.parametrize("name", [name for name in PLANTED if name != "states of nothing"])
def test_a_full_rebuild_cures_it(built: Db, name: str) -> None:
    with built.transaction(force_rollback=True):
        built.execute(PLANTED[name][0].encode())
        built.execute("SELECT FROM refresh_bars(1, p_full => true)")
        assert found(built) == []
