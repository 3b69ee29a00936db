"""The law for histories so long that changes near the end and far from it take different roads."""

from __future__ import annotations

import random
from typing import Any

import psycopg
import pytest
from law.machine import STORED, Comparison, World

Db = psycopg.Connection[Any]


@pytest.mark.parametrize("seed", range(8))
def test_changes_anywhere_in_a_long_history(db: Db, seed: int) -> None:
    """Revisions, deletions, insertions; most among the newest 256 days, where bars began before."""
    dice = random.Random(seed)
    world = World(db, Comparison.of(db, only=STORED), 0)
    world.append(1, 520, 0, "copy", seed)
    world.refresh_emas(1)
    db.execute("ANALYZE")
    for _ in range(9):
        offset = dice.choice((dice.randint(5, 55), dice.randint(55, 99), dice.randint(90, 99)))
        kind = dice.choice(("revise", "revise", "revise", "remove", "place", "append"))
        if kind == "revise":
            what = dice.choice(("close", "volume", "marketcap", "bad", "high"))
            world.revise(1, offset, dice.randint(1, 3), what, dice.randrange(2**32))
        elif kind == "remove":
            world.remove(1, offset, dice.randint(1, 40))
        elif kind == "place":
            world.place(1, offset, dice.randint(1, 4), "insert", dice.randrange(2**32))
        else:
            world.append(1, dice.randint(1, 12), dice.randint(0, 20), "copy", dice.randrange(2**32))
        world.check(1)
