"""Databases for the tests of layouts: plain tables, and four hash partitions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conftest import PARTITIONS, fresh
from distribute.pretended import guarded, pretend
from loading import PRICES, load_named


@pytest.fixture
def db_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a fresh migrated database with plain tables, whatever the rest of the run has."""
    server = request.getfixturevalue("plain_server" if os.environ.get(PARTITIONS) else "postgresql_server")
    yield from fresh(server)


@pytest.fixture
def split_db(split_url: str) -> Iterator[psycopg.Connection[Any]]:
    """An autocommit connection to a fresh migrated database, split into four hash partitions."""
    with psycopg.connect(split_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def cluster(db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> psycopg.Connection[Any]:
    """A database with one asset that looks as if Citus were installed."""
    load_named(db, PRICES / "SOL_5426.csv.gz")
    pretend(db)
    monkeypatch.setattr(psycopg.Cursor, "execute", guarded(psycopg.Cursor.execute))
    here = Path(__file__).parent
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(here / "guarded"), str(here.parent)]))
    return db
