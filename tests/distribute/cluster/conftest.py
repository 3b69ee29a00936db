"""Here every test gets a distributed schema on a real cluster, whose coordinator TA_LAB2_CITUS_URL names.

A run makes one schema, which takes a minute or two, and brings it back before each test to what a migration
leaves; it is dropped in the end.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from conftest import fresh
from distribute.cluster.both import ASSETS, Both, days
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ta_lab2_sql.schema import distribute, registry
from ta_lab2_sql.schema.migration import Migration

SHARDS = 8
COLUMNS = """
SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""


@contextmanager
def schema(*, distributed: bool) -> Iterator[str]:
    """The address of a fresh schema: workers wouldn't know of a fresh database."""
    url = os.environ.get("TA_LAB2_CITUS_URL")
    if not url:
        pytest.skip("TA_LAB2_CITUS_URL is not set: not tried on a cluster")
    name = f"ta_test_{uuid4().hex[:8]}"
    given = str(conninfo_to_dict(url).get("options") or "")
    address = make_conninfo(url, options=f"{given} -csearch_path={name}".strip())
    try:
        with psycopg.connect(address, autocommit=True) as connection:
            assert distribute.has_citus(connection), (
                "the database of TA_LAB2_CITUS_URL has no extension citus"
            )
            Migration(connection, name).upgrade()
            if distributed:
                distribute.apply(connection, SHARDS)
        yield address
    finally:
        with psycopg.connect(url, autocommit=True) as connection, connection.transaction():
            connection.execute("SET LOCAL citus.multi_shard_modify_mode TO 'sequential'")
            connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE".encode())


class Kept:
    """What a migration leaves in tables that are everywhere, to be put there again."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.rows: dict[str, tuple[str, bytes]] = {}
        for table in registry.read().reference:
            (columns,) = connection.execute(COLUMNS, (table,)).fetchone() or ("",)
            with connection.cursor().copy(f"COPY {table} ({columns}) TO STDOUT".encode()) as copy:
                self.rows[table] = (columns, b"".join(bytes(block) for block in copy))

    def restore(self, connection: psycopg.Connection[Any]) -> None:
        """Empty all tables, then fill these."""
        tables = registry.read()
        for table in (*tables.distributed, *reversed(tables.reference), "runs", "price_sources"):
            connection.execute(f"DELETE FROM {table}".encode())
        for table, (columns, rows) in self.rows.items():
            with connection.cursor().copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy:
                copy.write(rows)


@pytest.fixture(scope="session")
def cluster_schema() -> Iterator[tuple[str, Kept]]:
    """The schema of the run, and what its catalogue held at first."""
    with schema(distributed=True) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            kept = Kept(connection)
        yield url, kept


@pytest.fixture
def db_url(cluster_schema: tuple[str, Kept]) -> str:
    """The address of a distributed schema as a migration leaves it."""
    url, kept = cluster_schema
    with psycopg.connect(url, autocommit=True) as connection:
        kept.restore(connection)
    return url


@pytest.fixture
def undistributed_url() -> Iterator[str]:
    """The address of a migrated schema in the cluster's database that isn't distributed yet."""
    with schema(distributed=False) as url:
        yield url


@pytest.fixture
def plain_url(postgresql_server: Any) -> Iterator[str]:
    """The address of a fresh migrated database on one plain server."""
    yield from fresh(postgresql_server)


@pytest.fixture
def both(db: psycopg.Connection[Any], db_url: str, plain_url: str, cli: Callable[..., Any]) -> Iterator[Both]:
    """A cluster and a plain server with four assets of some fifty days and a small catalogue."""
    with psycopg.connect(plain_url, autocommit=True) as plain:
        told = Both(db, plain, cli, (db_url, plain_url))
        told.do(
            "DELETE FROM dim_timeframe WHERE tf NOT IN "
            "('1D', '2D', '7D', '1W_CAL_US', '1M_CAL', '1W_CAL_ANCHOR_US', '1Y_CAL_ANCHOR')"
        )
        told.do("DELETE FROM dim_period WHERE period NOT IN (6, 9)")
        for asset in ASSETS:
            told.load(asset, days(0, 50 + asset))
        told.refresh(set(ASSETS))
        yield told
