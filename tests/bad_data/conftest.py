"""What bad data must leave alone."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from law.machine import Comparison, World

Db = psycopg.Connection[Any]


@pytest.fixture
def world(db: Db) -> World:
    """Two healthy assets."""
    world = World(db, Comparison.of(db), 0)
    for asset in (1, 2):
        world.append(asset, 40, 0, "copy", asset)
        world.refresh_emas(asset)
    return world
