"""Migrations: twice in a row, failures that change nothing, changed signatures, install by psql, removal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conftest import PARTITIONS
from definitions import DUMP

from ta_lab2_sql import errors, server
from ta_lab2_sql.schema import files, migration, sinks, version

Cli = Callable[..., Any]

ROUTINES_AND_RELATIONS = """
SELECT 'relation', relname::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE nspname = current_schema()
UNION ALL
SELECT 'routine', proname::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE nspname = current_schema()
ORDER BY 1, 2
"""

LENGTH = "CREATE OR REPLACE FUNCTION length_of(p_tf text) RETURNS int LANGUAGE sql IMMUTABLE\n{body};\n"
DOUBLE = """\
-- twice: a function with a percent sign and a colon, which nobody may interpret.
CREATE OR REPLACE FUNCTION twice(p_id int)
RETURNS {result}
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN format('%s:id', 2 * p_id);
END;
$$;
"""
SHOWN = "CREATE OR REPLACE VIEW shown AS SELECT id, twice(id) AS doubled FROM things;\n"


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program with three SQL files and one table, which tests may change."""
    real = files.resources("migrations")
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    shutil.copy(real / "env.py", tmp_path / "migrations" / "env.py")
    revision = (real / "versions" / "0001_first_release.py").read_text()
    head, _, rest = revision.partition("TABLES = (")
    (versions / "0001_toy.py").write_text(head + 'TABLES = ("things",)' + rest.partition("\n)")[2])
    (versions / "0001_tables.sql").write_text(
        "CREATE TABLE things (\n"
        "    id int PRIMARY KEY, tf text, n int GENERATED ALWAYS AS (length_of(tf)) STORED);\n"
    )
    for part in ("triggers", "catalogue", "statistics"):
        (versions / f"0001_{part}.sql").write_text("SELECT;\n")
    write(tmp_path, "length_of.sql", LENGTH.format(body="BEGIN ATOMIC SELECT length(p_tf); END"))
    write(tmp_path, "twice.sql", DOUBLE.format(result="text"))
    write(tmp_path, "shown.sql", SHOWN)
    write(tmp_path, "registry.txt", "DISTRIBUTED things\n")
    write(tmp_path, "manifest.txt", "length_of.sql\n-- tables\ntwice.sql\nshown.sql\n")
    monkeypatch.setattr(files, "resources", lambda name: tmp_path / name)
    return tmp_path


def write(toy: Path, name: str, text: str) -> None:
    (toy / "sql").mkdir(exist_ok=True)
    (toy / "sql" / name).write_text(text)


def upgrade(url: str, schema: str | None = None, to: str = "head") -> migration.Report:
    with psycopg.connect(url, autocommit=True) as connection:
        return migration.Migration(connection, schema).upgrade(to)


def query(url: str, sql: str, schema: str | None = None) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        if schema:
            connection.execute(
                psycopg.sql.SQL("SET search_path TO {}").format(psycopg.sql.Identifier(schema))
            )
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("schema", [None, 'a "schema" 100%'])
def test_second_migration_changes_nothing(toy: Path, empty_url: str, schema: str | None) -> None:
    first = upgrade(empty_url, schema)
    assert first.applied == ["length_of.sql", "twice.sql", "shown.sql"]
    before = query(empty_url, DUMP, schema)
    second = upgrade(empty_url, schema)
    assert not second.changed
    assert query(empty_url, DUMP, schema) == before
    assert query(empty_url, "SELECT twice(4)", schema) == [("8:id",)]


def test_failing_object_names_file_and_line_and_changes_nothing(toy: Path, empty_url: str) -> None:
    write(toy, "twice.sql", DOUBLE.format(result="text").replace("RETURN format", "RETURN RETURN format("))
    with pytest.raises(sinks.FailedObject, match=r"sql/twice\.sql:7\b") as caught:
        upgrade(empty_url)
    assert caught.value.exit_code == 1
    assert query(empty_url, ROUTINES_AND_RELATIONS) == []


def test_failing_change_leaves_the_old_version(toy: Path, empty_url: str) -> None:
    upgrade(empty_url)
    before = query(empty_url, DUMP)
    write(toy, "twice.sql", DOUBLE.format(result="text").replace("'%s:id'", "'%s'"))
    write(toy, "shown.sql", SHOWN.replace("FROM things", "FROM thongs"))
    with pytest.raises(sinks.FailedObject, match=r'"thongs" does not exist.*sql/shown\.sql:1'):
        upgrade(empty_url)
    assert query(empty_url, DUMP) == before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("twice.sql", DOUBLE.format(result="varchar")),  # another return type
        ("twice.sql", DOUBLE.format(result="text").replace("p_id", "p_asset")),  # another argument name
        ("twice.sql", DOUBLE.format(result="text").replace("p_id int", "p_id int, p_more int DEFAULT 1")),
        ("shown.sql", SHOWN.replace("id, twice(id)", "twice(id)")),  # a column fewer
        ("shown.sql", SHOWN.replace("doubled", "again")),  # another column name
        ("manifest.txt", "length_of.sql\n-- tables\ntwice.sql\n"),  # an object gone
        (
            "length_of.sql",
            LENGTH.format(body="BEGIN ATOMIC SELECT length(p_tf) + 0; END"),
        ),  # a table needs it
    ],
)
def test_upgraded_schema_equals_fresh_install(toy: Path, empty_url: str, name: str, text: str) -> None:
    upgrade(empty_url)
    query(empty_url, "INSERT INTO things (id, tf) VALUES (1, '1D')")
    write(toy, name, text)
    assert upgrade(empty_url).changed
    assert not upgrade(empty_url).changed
    assert query(empty_url, "SELECT id, n FROM things") == [(1, 2)]  # data stays
    upgrade(empty_url, "fresh")
    assert query(empty_url, DUMP) == [
        tuple(cell.replace("fresh", "public") for cell in row) for row in query(empty_url, DUMP, "fresh")
    ]


def test_grants_survive_a_changed_signature(toy: Path, empty_url: str) -> None:
    upgrade(empty_url)
    query(empty_url, "DROP ROLE IF EXISTS ta_lab2_reader")
    query(empty_url, "CREATE ROLE ta_lab2_reader")
    try:
        query(empty_url, "GRANT SELECT ON shown TO ta_lab2_reader")
        query(empty_url, "GRANT EXECUTE ON FUNCTION twice TO ta_lab2_reader WITH GRANT OPTION")
        write(toy, "shown.sql", SHOWN.replace("doubled", "again"))
        assert "VIEW shown" in upgrade(empty_url).dropped
        assert query(empty_url, "SELECT has_table_privilege('ta_lab2_reader', 'shown', 'SELECT')") == [
            (True,)
        ]
        grantable = (
            "SELECT has_function_privilege('ta_lab2_reader', 'twice(int)', 'EXECUTE WITH GRANT OPTION')"
        )
        assert query(empty_url, grantable) == [(True,)]
    finally:
        upgrade(empty_url, to="base")
        query(empty_url, "DROP ROLE ta_lab2_reader")


def test_object_of_the_user_in_the_way_is_named(toy: Path, empty_url: str) -> None:
    upgrade(empty_url)
    query(empty_url, "CREATE VIEW mine AS SELECT doubled FROM shown")
    write(toy, "shown.sql", SHOWN.replace("doubled", "again"))
    with pytest.raises(errors.WorkFailed, match="view mine depends on view shown"):
        upgrade(empty_url)


def test_check_version_sees_code_and_database_differ(toy: Path, empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as connection:
        with pytest.raises(errors.DatabaseUnusable, match="run ta-lab2 migrate"):
            version.check_version(connection)
        migration.Migration(connection).upgrade()
        version.check_version(connection)
        assert migration.pending(connection) == []
        write(toy, "shown.sql", SHOWN + "-- changed\n")
        assert migration.pending(connection) == ["shown.sql is different"]
        with pytest.raises(errors.DatabaseUnusable, match="behind"):
            version.check_version(connection)
        connection.execute("COMMENT ON TABLE ta_lab2_objects IS 'ta-lab2 99.0 revision 0001 digest x'")
        with pytest.raises(errors.DatabaseUnusable, match="newer"):
            version.check_version(connection)
        connection.execute("UPDATE ta_lab2_version SET version_num = '9999'")
        with pytest.raises(errors.DatabaseUnusable, match="upgrade ta-lab2"):
            migration.Migration(connection).upgrade()


def test_base_removes_all_of_ours_and_nothing_else(toy: Path, empty_url: str) -> None:
    query(empty_url, "CREATE TABLE alembic_version (version_num text)")
    before = query(empty_url, ROUTINES_AND_RELATIONS)
    upgrade(empty_url)
    upgrade(empty_url, to="base")
    assert query(empty_url, ROUTINES_AND_RELATIONS) == before
    assert upgrade(empty_url).changed


def test_the_real_schema_installs_twice_and_anywhere(empty_url: str) -> None:
    upgrade(empty_url)
    assert not upgrade(empty_url).changed
    upgrade(empty_url, "second one")
    assert query(empty_url, "SELECT count(*) FROM dim_timeframe") == query(
        empty_url, "SELECT count(*) FROM dim_timeframe", "second one"
    )
    public = query(empty_url, ROUTINES_AND_RELATIONS)
    upgrade(empty_url, "second one", to="base")
    assert query(empty_url, ROUTINES_AND_RELATIONS) == public
    upgrade(empty_url, to="base")
    assert query(empty_url, ROUTINES_AND_RELATIONS) == []


@pytest.mark.skipif(bool(os.environ.get(PARTITIONS)), reason="compares plain tables with plain tables")
def test_printed_sql_installs_the_same_with_psql(cli: Cli, empty_url: str, db: Any, tmp_path: Path) -> None:
    printed = cli("migrate", "--sql")
    assert printed.code == 0, printed.err
    file = tmp_path / "install.sql"
    file.write_text(printed.out)
    assert server.psql(["-X", "-q", "-o", "/dev/null", "-f", str(file)], empty_url) == 0
    assert query(empty_url, DUMP) == db.execute(DUMP.encode()).fetchall()
    assert cli("migrate", "--check", url=empty_url).code == 0
    again = cli("migrate", url=empty_url)
    assert (again.code, again.out) == (0, "")
    assert "nothing to do" in again.err


def test_check_exits_3_when_behind(cli: Cli, empty_url: str) -> None:
    behind = cli("migrate", "--check", url=empty_url)
    assert behind.code == 3
    assert behind.err.count("\n") == 1
    assert behind.err.startswith("error: ")
    assert "run ta-lab2 migrate" in behind.err
    assert cli("migrate", url=empty_url).code == 0
    assert cli("migrate", "--check", url=empty_url).code == 0


def test_a_zone_that_there_is_not_is_named_before_anything_changes(cli: Cli, db: Any) -> None:
    """Nothing kept such a zone out of the database of before."""
    assert cli("migrate", "--to", "0008").code == 0
    db.execute("INSERT INTO assets (id, tz) VALUES (1, 'Mars/X'), (2, 'Asia/Tokyo')")
    db.execute("INSERT INTO calendars (calendar, tz) VALUES ('A', '-05')")
    before = db.execute(DUMP).fetchall()
    for table, zone in (("assets", "Mars/X"), ("calendars", "-05")):
        refused = cli("migrate")
        assert (refused.code, refused.err.count("\n")) == (1, 1)
        assert f"{table} holds the time zone '{zone}'" in refused.err
        assert db.execute(DUMP).fetchall() == before
        way_out = refused.err[refused.err.index(f"UPDATE {table} ") :].strip()
        assert db.execute(way_out.encode()).rowcount == 1
    assert cli("migrate").code == 0
    assert cli("migrate", "--check").code == 0
    assert db.execute("SELECT id, tz FROM assets ORDER BY id").fetchall() == [(1, None), (2, "Asia/Tokyo")]


def test_base_needs_yes(cli: Cli) -> None:
    refused = cli("migrate", "--to", "base")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert cli("--json", "migrate", "--to", "base", "--yes").code == 0
    unknown = cli("migrate", "--to", "nowhere")
    assert unknown.code == 2, unknown.err


def test_manifest_names_every_file() -> None:
    folder = files.resources("sql")
    listed = {thing.path for thing in files.catalogue().objects}
    present = {str(path.relative_to(folder)) for path in folder.rglob("*.sql")}
    assert listed == present
