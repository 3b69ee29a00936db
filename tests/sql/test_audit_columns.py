"""Whatever column of what is stored changes by itself, some audit sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from law.machine import STORED, Comparison, World

from .planting import database

Db = psycopg.Connection[Any]
DERIVED = [t for t in STORED if t not in ("cmc_price_histories7", "raw_changes") and "pending" not in t]
# Times of writing and counters of the last run: nothing follows from them. Nor, where nothing is marked, from
# the number of the mark that was read last.
NOTES = {
    *("ingested_at", "updated_at", "rejected_at", "src_load_ts", "last_run_ts", "last_upserted"),
    *("last_repaired_timehigh", "last_repaired_timelow", "last_rejected", "marks_read"),
}
CHANGES = {
    "int4": "{c} + 1000",
    "float8": "{c} * 1.0000000001 + 1e-9",
    "text": "{c} || 'x'",
    "bool": "NOT {c}",
    "timestamptz": "{c} + interval '1 hour'",
    "date": "{c} + 1",
    # The last one may be unknown, or zero.
    "_float8": "{c}[:cardinality({c}) - 1] || (coalesce({c}[cardinality({c})], 1) * 1.0000001 + 1e-9)",
    "_text": "{c}[2:]",
    "_int4": "{c}[2:]",
    "_date": "{c}[2:]",
    "_timestamptz": "{c}[2:]",
}


@pytest.fixture(scope="module")
def built(postgresql_server: Any) -> Iterator[Db]:
    """An asset with rejects, every family and every variant."""
    with database(postgresql_server, "columns") as db:
        world = World(db, Comparison.of(db, STORED), 0)
        world.append(1, 150, 0, "copy", 5)
        world.refresh_emas(1)
        yield db


@pytest.mark.parametrize("table", DERIVED)
def test_a_change_of_any_column_is_found(built: Db, table: str) -> None:
    columns = built.execute(
        """SELECT a.attname, t.typname FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
           WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''""",
        (table,),
    ).fetchall()
    told = (
        "SELECT md5(string_agg(a::text, ',' ORDER BY a::text)) FROM audit_all() AS a WHERE severity <> 'info'"
    )
    before = built.execute(told.encode()).fetchone()
    unseen = set()
    for column, kind in columns:
        # A zone that doesn't exist stops everything, audits too.
        change = "'Asia/Tokyo'" if column == "tz" else CHANGES[kind]
        with built.transaction(force_rollback=True):
            built.execute("SET LOCAL session_replication_role = replica")
            changed = built.execute(
                f"""WITH known AS (
                        SELECT ctid AS at, row_number() OVER (ORDER BY ctid) AS i, count(*) OVER () AS n
                        FROM {table} WHERE id = 1 AND "{column}" IS NOT NULL)
                    UPDATE {table} AS t SET "{column}" = {change.format(c=f't."{column}"')}
                    FROM known WHERE t.ctid = known.at AND known.i = (known.n + 1) / 2""".encode()
            ).rowcount
            if changed and built.execute(told.encode()).fetchone() == before:
                unseen.add(column)
    assert unseen <= NOTES
