"""ta-lab2 distribute on one server: what it keeps, what it refuses, and that it is all or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sql.series import load

from ta_lab2_sql import errors
from ta_lab2_sql.queries import query
from ta_lab2_sql.schema import distribute, migration, registry

Db = psycopg.Connection[Any]
Cli = Callable[..., Any]
TABLES = registry.read().distributed

# What users see of the installation; storage parameters and partitions are the layout's own.
DEFINITIONS = """
SELECT 'column', c.relname || '.' || a.attname,
    format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull::text || ' ' || a.attgenerated::text
    || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
    || coalesce(col_description(c.oid, a.attnum), '') || coalesce(a.attacl::text, '')
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v')
    AND NOT c.relispartition
UNION ALL
SELECT 'constraint', c.relname || '.' || k.conname,
    pg_get_constraintdef(k.oid) || coalesce(obj_description(k.oid, 'pg_constraint'), '')
FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
WHERE c.relnamespace = current_schema()::regnamespace AND NOT c.relispartition
UNION ALL
SELECT 'index', c.relname, replace(pg_get_indexdef(c.oid), ' ONLY ', ' ') FROM pg_class AS c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('i', 'I') AND NOT c.relispartition
UNION ALL
SELECT 'relation', c.relname, coalesce(obj_description(c.oid, 'pg_class'), '') || coalesce(c.relacl::text, '')
    -- A view that is defined again names a column that nobody had named.
    || CASE WHEN c.relkind = 'v'
        THEN replace(pg_get_viewdef(c.oid), ' AS int4', '') || coalesce(c.reloptions::text, '') ELSE '' END
FROM pg_class AS c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v')
    AND NOT c.relispartition
UNION ALL
SELECT 'trigger', tgname, pg_get_triggerdef(t.oid) || tgenabled::text
FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
WHERE NOT tgisinternal AND c.relnamespace = current_schema()::regnamespace AND NOT c.relispartition
UNION ALL
SELECT 'routine', oid::regprocedure::text,
    coalesce(proacl::text, '') || coalesce(obj_description(oid, 'pg_proc'), '')
FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
ORDER BY 1, 2, 3
"""


def days(count: int, first: date = date(2020, 1, 1)) -> list[tuple[date, float]]:
    return [(first + timedelta(i), 100 + (i * 37 % 101) / 4) for i in range(count)]


def content(db: Db) -> dict[str, list[Any]]:
    """Every row of every table, as the bytes that are stored."""
    return {
        table: sorted(db.execute(f"SELECT record_send(t.*) FROM {table} AS t".encode()).fetchall())
        for table in TABLES
    }


def partitions(db: Db) -> dict[str, int]:
    return distribute.layout(db).partitions


@pytest.fixture
def used(db: Db) -> Db:
    """Three assets built, one with a change that waits, and things that users made."""
    for asset in (1, 2, 5):
        load(db, asset, days(70))
        db.execute("SELECT FROM refresh_emas(%s)", (asset,))
    load(db, 2, days(1, date(2021, 1, 1)))
    db.execute("""
        CREATE VIEW newest AS SELECT id, max(time_close) AS until FROM bars GROUP BY id;
        CREATE VIEW of_view WITH (security_barrier) AS SELECT * FROM cmc_price_bars_multi_tf WHERE tf = '7D';
        COMMENT ON VIEW of_view IS 'mine';
        COMMENT ON CONSTRAINT bars_pkey ON bars IS 'a remark';
        CREATE INDEX mine ON bars (time_close DESC) WHERE is_closed;
        CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER mine AFTER UPDATE ON emas FOR EACH STATEMENT EXECUTE FUNCTION told();
        ALTER TABLE emas DISABLE TRIGGER mine;
        ALTER TABLE cmc_price_bars_1d SET (autovacuum_vacuum_scale_factor = 0.3);
        DO $$ BEGIN CREATE ROLE split_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        GRANT SELECT ON bars, newest TO split_reader;
        GRANT SELECT (id, tf), UPDATE (tf) ON emas TO split_reader WITH GRANT OPTION;
        GRANT SELECT ON bars_state TO PUBLIC;
    """)
    return db


def test_everything_is_kept_and_everything_goes_on(used: Db) -> None:
    before, definitions = content(used), used.execute(DEFINITIONS).fetchall()
    done = distribute.apply(used, 4)
    assert done.statements
    assert partitions(used) == dict.fromkeys(TABLES, 4)
    assert content(used) == before
    assert used.execute(DEFINITIONS).fetchall() == definitions
    options = dict(
        used.execute("SELECT relname, reloptions FROM pg_class WHERE reloptions IS NOT NULL").fetchall()
    )
    assert options["bars_p0of4"] == ["fillfactor=85"]
    assert options["cmc_price_bars_1d_p3of4"] == ["autovacuum_vacuum_scale_factor=0.3"]
    assert used.execute(
        "SELECT count(*) FROM pg_stats WHERE tablename = 'bars' AND inherited"
    ).fetchone() != (0,)

    # What waited is taken up, new changes are noted, and a build from nothing finds nothing to correct.
    assert used.execute("SELECT id, max(action) FROM refresh_plan() GROUP BY id").fetchall() == [
        (2, "append")
    ]
    used.execute("SELECT FROM refresh_emas(2)")
    used.execute("UPDATE cmc_price_histories7 SET volume = 2 WHERE id = 5 AND \"timestamp\" > '2020-03-01'")
    assert {row[0] for row in used.execute("SELECT id FROM refresh_plan()")} == {5}
    used.execute("SELECT FROM refresh_emas(5)")
    written = used.execute(
        """SELECT sum(bars_written + bars_deleted) FROM unnest(ARRAY[1, 2, 5]) AS a (id)
           CROSS JOIN LATERAL refresh_bars(a.id, p_full => true)"""
    ).fetchone()
    assert written == (0,)


def test_the_way_back_and_other_numbers(used: Db) -> None:
    before, definitions = content(used), used.execute(DEFINITIONS).fetchall()
    for count in (3, 5, 0):
        distribute.apply(used, count)
        assert set(partitions(used).values()) == {count}
        again = distribute.apply(used, count)
        assert (again.statements, again.afterwards) == ([], [])
    assert content(used) == before
    assert used.execute(DEFINITIONS).fetchall() == definitions
    found = used.execute("SELECT reloptions FROM pg_class WHERE oid = 'emas'::regclass").fetchone()
    assert found == (["fillfactor=85"],)


def test_open_sessions_go_on(used: Db, db_url: str) -> None:
    with psycopg.connect(db_url, autocommit=True) as other:
        load(other, 1, days(1, date(2021, 1, 1)))
        other.execute("SELECT FROM refresh_emas(1, p_full => true)")
        distribute.apply(used, 2)
        load(other, 1, days(2, date(2021, 1, 2)))
        other.execute("SELECT FROM refresh_emas(1)")
        other.execute("UPDATE cmc_price_histories7 SET close = close - 1, low = low - 1 WHERE id = 1")
        found = other.execute("SELECT DISTINCT action FROM refresh_emas(1)").fetchall()
        assert found == [("revise",)]


def test_a_script_does_the_same(used: Db) -> None:
    text = distribute.script(used, 4)
    assert partitions(used) == dict.fromkeys(TABLES, 0)
    before = content(used)
    used.execute(text.encode(), prepare=False)
    assert partitions(used) == dict.fromkeys(TABLES, 4)
    assert content(used) == before
    assert distribute.script(used, 4) == ""


def test_a_run_that_breaks_off_leaves_what_was(used: Db) -> None:
    before, definitions = content(used), used.execute(DEFINITIONS).fetchall()
    # The last kind of thing that is made again: rows are copied and the old tables dropped by then.
    used.execute("""
        CREATE SCHEMA elsewhere;
        CREATE FUNCTION elsewhere.refuse() RETURNS event_trigger LANGUAGE plpgsql
        AS 'BEGIN RAISE EXCEPTION ''no''; END';
        CREATE EVENT TRIGGER refuse ON ddl_command_end WHEN TAG IN ('CREATE TRIGGER')
        EXECUTE FUNCTION elsewhere.refuse();
    """)
    with pytest.raises(psycopg.errors.RaiseException):
        distribute.apply(used, 4)
    used.execute("DROP EVENT TRIGGER refuse")
    assert content(used) == before
    assert used.execute(DEFINITIONS).fetchall() == definitions
    assert set(partitions(used).values()) == {0}


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("CREATE MATERIALIZED VIEW snap AS SELECT * FROM bars", "materialized view snap"),
        ("CREATE FUNCTION one() RETURNS bars LANGUAGE sql AS 'SELECT * FROM bars LIMIT 1'", "function one()"),
        ("CREATE VIEW whole AS SELECT b AS bar FROM bars AS b", "column bar of view whole"),
        ("CREATE TABLE tags (id int, tf text, n int, FOREIGN KEY (id, tf, n) REFERENCES bars)", "table tags"),
        ("CREATE POLICY own ON emas USING (id = 1)", "policy own on table emas"),
        ("CREATE UNIQUE INDEX odd ON bars_state (updated_at)", "unique index odd without id"),
        ("CREATE PUBLICATION told FOR TABLE emas", "publication told of table emas"),
        ("CREATE TABLE child () INHERITS (bars)", "table child"),
    ],
)
def test_what_stands_in_the_way_is_named_before_anything_starts(db: Db, statement: str, named: str) -> None:
    db.execute(statement.encode())
    with pytest.raises(errors.WorkFailed, match="in the way") as refused:
        distribute.plan(db, 4)
    assert named in str(refused.value)
    assert set(partitions(db).values()) == {0}


def test_the_command(cli: Cli, db: Db, tmp_path: Path) -> None:
    load(db, 7, days(30))
    planned = cli("distribute", "--plan", "--partitions", "3")
    assert planned.code == 0
    assert "CREATE TABLE bars_p2of3 PARTITION OF bars" in planned.out
    assert set(partitions(db).values()) == {0}
    done = json.loads(cli("--json", "distribute", "--apply", "--partitions", "3").out)
    assert (done["before"], done["now"], done["changed"]) == ("plain tables", "3 hash partitions by id", True)
    assert all(f"{statement};" in planned.out for statement in done["statements"])
    again = cli("distribute", "--apply")
    assert (again.code, again.err) == (0, "3 hash partitions by id: nothing to do\n")
    assert cli("refresh", "all").code == 0
    assert cli("migrate", "--check").code == 0
    assert "3 hash partitions by id" in cli("status").out
    told = json.loads(cli("--json", "status").out)
    assert [row["partition"] for row in told["balance"]] == ["0of3", "1of3", "2of3"]
    assert cli("distribute").code == 2
    assert cli("distribute", "--apply", "--partitions", "-1").code == 2


def test_a_migration_brings_new_tables_into_the_layout(split_db: Db) -> None:
    # As if a migration had made the table.
    alone = {"tables": ["emas_pending"], "partitions": 0}
    for (statement,) in split_db.execute(query("schema/distribute_partitions"), alone).fetchall():
        split_db.execute(statement.encode())
    unlike = "table emas_pending is not like the others, 4 hash partitions by id"
    assert migration.pending(split_db) == [unlike]
    # Any change of a file is a migration.
    split_db.execute("UPDATE ta_lab2_objects SET sha256 = '' WHERE path LIKE '%%/ema_step.sql'")
    migration.Migration(split_db).upgrade()
    assert set(partitions(split_db).values()) == {4}
    assert migration.pending(split_db) == []


def test_a_schema_of_its_own(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        name = 'a "schema" 100%'
        migration.Migration(db, name).upgrade()
        db.execute(psycopg.sql.SQL("SET search_path TO {}").format(psycopg.sql.Identifier(name)))
        load(db, 1, days(20))
        db.execute("SELECT FROM refresh_emas(1)")
        distribute.apply(db, 2)
        assert set(partitions(db).values()) == {2}
        db.execute("SELECT FROM refresh_emas(1, p_full => true)")
        migration.Migration(db, name).upgrade("base")
        left = db.execute(
            """SELECT relname FROM pg_class
               WHERE relnamespace = quote_ident(current_schema())::regnamespace"""
        ).fetchall()
        assert left == []
