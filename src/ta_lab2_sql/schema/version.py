"""Which version a database has, and whether it is ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ta_lab2_sql._version import __version__
from ta_lab2_sql.errors import DatabaseUnusable
from ta_lab2_sql.schema.files import Catalogue, catalogue, newest_revision
from ta_lab2_sql.schema.text import literal

if TYPE_CHECKING:
    import psycopg

VERSION_TABLE = "ta_lab2_version"
OBJECTS_TABLE = "ta_lab2_objects"


def check_version(connection: psycopg.Connection[Any]) -> None:
    """Raise TA040 in Python (exit code 3) when database and code are not of one version. One statement."""
    stamp = installed_stamp(connection)
    if stamp is None:
        raise DatabaseUnusable("the database has no ta-lab2 in it", _where(connection), "run ta-lab2 migrate")
    _, version, _, revision, _, digest = (stamp.split() + [""] * 6)[:6]
    if digest == catalogue().digest(revision) and revision == newest_revision():
        return
    if _comparable(version) > _comparable(__version__):
        raise DatabaseUnusable(
            f"the database is newer (ta-lab2 {version}) than this ta-lab2 {__version__}",
            _where(connection),
            "upgrade ta-lab2",
        )
    raise DatabaseUnusable(
        f"the database is behind this ta-lab2 {__version__}", _where(connection), "run ta-lab2 migrate"
    )


def current_schema(connection: psycopg.Connection[Any]) -> str:
    """The schema that unqualified names are created in."""
    row = connection.execute("SELECT current_schema()").fetchone()
    if row is None or row[0] is None:
        path = connection.execute("SHOW search_path").fetchone()
        raise DatabaseUnusable(
            "the connection's search_path names no schema that exists",
            f"search_path {path}",
            "give --schema NAME",
        )
    return str(row[0])


def current_revision(connection: psycopg.Connection[Any]) -> str | None:
    """The Alembic revision of the installation that search_path points at."""
    if connection.execute("SELECT to_regclass(%s)", (VERSION_TABLE,)).fetchone() == (None,):
        return None
    row = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()
    return None if row is None else str(row[0])


def installed_stamp(connection: psycopg.Connection[Any]) -> str | None:
    """What the last migration left as its mark: version, revision and digest; None: never migrated."""
    row = connection.execute(
        "SELECT obj_description(to_regclass(%s), 'pg_class')", (OBJECTS_TABLE,)
    ).fetchone()
    return None if row is None else row[0]


def stamp_of(things: Catalogue, revision: str) -> str:
    """The mark that a migration leaves."""
    return f"ta-lab2 {__version__} revision {revision} digest {things.digest(revision)}"


def stamp_sql(stamp: str) -> str:
    """The statement that leaves it."""
    return f"COMMENT ON TABLE {OBJECTS_TABLE} IS {literal(stamp)};\n"


def lock_migrations(connection: psycopg.Connection[Any], schema: str) -> None:
    """One change of a schema's tables at a time, to the end of the transaction."""
    connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"ta-lab2 migrate {schema}",)
    )


def _comparable(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.split("+")[0]))


def _where(connection: psycopg.Connection[Any]) -> str:
    return f"database {connection.info.dbname}"
