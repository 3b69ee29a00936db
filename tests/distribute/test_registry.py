"""Every table says where it lives, and what the layouts need of it holds."""

from __future__ import annotations

from typing import Any

import psycopg

from ta_lab2_sql.schema import registry

TABLES = registry.read()

RELATIONS = """
SELECT c.relname::text FROM pg_class AS c
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = current_schema()::regnamespace
ORDER BY 1
"""

# Tables of assets whose key doesn't begin with id, or whose uniqueness doesn't contain it.
KEYS = """
SELECT c.relname::text, i.indexrelid::regclass::text FROM pg_class AS c
JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisunique
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'id'
WHERE c.relname = ANY (%s) AND c.relnamespace = current_schema()::regnamespace
    AND (a.atttypid <> 'int'::regtype OR i.indkey[0] <> a.attnum)
"""


def test_every_table_is_registered(db: psycopg.Connection[Any]) -> None:
    assert [name for (name,) in db.execute(RELATIONS)] == sorted(TABLES.tables)


def test_keys_of_assets_begin_with_the_asset(db: psycopg.Connection[Any]) -> None:
    assert db.execute(KEYS, (list(TABLES.distributed),)).fetchall() == []


def test_delegated_functions_take_an_asset(db: psycopg.Connection[Any]) -> None:
    found = db.execute(
        """SELECT p.proname::text FROM pg_proc AS p
           CROSS JOIN LATERAL unnest(p.proargnames, p.proargtypes::oid[]) AS a (name, type)
           WHERE p.pronamespace = current_schema()::regnamespace
               AND a.name = 'p_id' AND a.type = 'int'::regtype AND p.proname = ANY (%s)""",
        (list(TABLES.delegated),),
    ).fetchall()
    assert sorted(name for (name,) in found) == sorted(TABLES.delegated)
