"""Here every test gets a schema of its own on a real cluster, whose coordinator TA_LAB2_CITUS_URL names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ta_lab2_sql.schema import distribute
from ta_lab2_sql.schema.migration import Migration


@pytest.fixture
def db_url() -> Iterator[str]:
    """The address of a fresh distributed schema: workers wouldn't know of a fresh database."""
    url = os.environ.get("TA_LAB2_CITUS_URL")
    if not url:
        pytest.skip("TA_LAB2_CITUS_URL is not set: not tried on a cluster")
    schema = f"ta_test_{uuid4().hex[:8]}"
    given = str(conninfo_to_dict(url).get("options") or "")
    address = make_conninfo(url, options=f"{given} -csearch_path={schema}".strip())
    try:
        with psycopg.connect(address, autocommit=True) as connection:
            assert distribute.has_citus(connection), (
                "the database of TA_LAB2_CITUS_URL has no extension citus"
            )
            Migration(connection, schema).upgrade()
            distribute.apply(connection, 8)
        yield address
    finally:
        with psycopg.connect(url, autocommit=True) as connection, connection.transaction():
            connection.execute("SET LOCAL citus.multi_shard_modify_mode TO 'sequential'")
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE".encode())
