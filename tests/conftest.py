"""One server for the test run, one migrated template for each worker, one fresh database for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import commands
import hypothesis
import psycopg
import pytest
from commands import Result
from databases import database, home
from psycopg.conninfo import conninfo_to_dict
from pytest_postgresql import factories

hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci")

SERVER = "TA_LAB2_TEST_SERVER"  # how the workers of pytest-xdist learn the address; set by the run itself
PARTITIONS = "TA_LAB2_TEST_PARTITIONS"
KEPT = ("TA_LAB2_TEST_URL", "TA_LAB2_CITUS_URL", "TA_LAB2_CITUS_SPARE_NODE", SERVER, PARTITIONS)
FOREIGN = (
    "DATABASE_URL",
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGDATABASE",
    "PGUSER",
    "PGPASSWORD",
    "PGSERVICE",
    "PGOPTIONS",
    "PGPASSFILE",
    "PGSSLMODE",
)


def pytest_configure(config: pytest.Config) -> None:
    """Forget the user's settings; start the embedded server once, unless TA_LAB2_TEST_URL names another."""
    for name in list(os.environ):
        if name in FOREIGN or (name.startswith("TA_LAB2_") and name not in KEPT):
            del os.environ[name]
    if config.option.collectonly:
        return
    if os.environ.get("TA_LAB2_TEST_URL"):
        os.environ[SERVER] = os.environ["TA_LAB2_TEST_URL"]
    elif SERVER not in os.environ:
        _start(config)
    address = conninfo_to_dict(os.environ[SERVER])
    for name in ("host", "port", "user", "password"):
        if address.get(name):
            setattr(config.option, f"postgresql_{name}", str(address[name]))


def _start(config: pytest.Config) -> None:
    """A server in a place of its own."""
    from ta_lab2_sql import server

    place = home("tests")
    os.environ["TA_LAB2_HOME"] = str(place)
    os.environ[SERVER] = server.start()
    del os.environ["TA_LAB2_HOME"]
    with psycopg.connect(os.environ[SERVER], autocommit=True) as connection:
        # The data dies with the run.
        for setting in ("fsync = off", "full_page_writes = off", "max_connections = 200"):
            connection.execute(f"ALTER SYSTEM SET {setting}".encode())
        connection.execute("SELECT pg_reload_conf()")

    def remove() -> None:
        os.environ["TA_LAB2_HOME"] = str(place)
        server.stop()
        shutil.rmtree(place, ignore_errors=True)
        del os.environ["TA_LAB2_HOME"]
        os.environ.pop(SERVER, None)

    config.add_cleanup(remove)


def pytest_report_header() -> str:
    """Say which server the tests run on."""
    if SERVER not in os.environ:
        return "no server"
    with psycopg.connect(os.environ[SERVER]) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    tried = "" if os.environ.get("TA_LAB2_CITUS_URL") else "; TA_LAB2_CITUS_URL not set: no test on a cluster"
    return f"PostgreSQL {row[0] if row else '?'}{tried}"


def plain(**connection: Any) -> None:
    """Load function of a template: this version's schema."""
    from ta_lab2_sql.schema.migration import Migration

    connection["autocommit"] = True
    with psycopg.connect(**connection) as target:
        Migration(target).upgrade()


def migrated(**connection: Any) -> None:
    """Load function of the usual template: TA_LAB2_TEST_PARTITIONS=4 splits its tables."""
    plain(**connection)
    if os.environ.get(PARTITIONS):
        split(int(os.environ[PARTITIONS]), **connection)


def split(partitions: int, **connection: Any) -> None:
    """Turn the tables of assets into hash partitions."""
    from ta_lab2_sql.schema import distribute

    connection["autocommit"] = True
    with psycopg.connect(**connection) as target:
        distribute.apply(target, partitions)


def partitioned(**connection: Any) -> None:
    """Load function of a template whose tables of assets are four hash partitions."""
    plain(**connection)
    split(4, **connection)


plain_server = factories.postgresql_noproc(dbname="ta_lab2_plain", load=[plain])
partitioned_server = factories.postgresql_noproc(dbname="ta_lab2_split", load=[partitioned])
postgresql_server = factories.postgresql_noproc(dbname="ta_lab2_test", load=[migrated])
empty_server = factories.postgresql_noproc(dbname="ta_lab2_empty")


def fresh(server: Any) -> Iterator[str]:
    """The address of a copy of a server's template, dropped afterwards."""
    with database(server, server.dbname, server.template_dbname) as url:
        yield url


@pytest.fixture
def db_url(postgresql_server: Any) -> Iterator[str]:
    """The address of a fresh migrated database."""
    yield from fresh(postgresql_server)


@pytest.fixture
def split_url(partitioned_server: Any) -> Iterator[str]:
    """The address of a fresh migrated database whose tables of assets are four hash partitions."""
    yield from fresh(partitioned_server)


@pytest.fixture
def empty_url(empty_server: Any) -> Iterator[str]:
    """The address of a database with nothing in it."""
    with database(empty_server, empty_server.dbname) as url:
        yield url


@pytest.fixture
def db(db_url: str) -> Iterator[psycopg.Connection[Any]]:
    """An autocommit connection to a fresh migrated database."""
    with psycopg.connect(db_url, autocommit=True) as connection:
        yield connection


Cli = Callable[..., Result]


@pytest.fixture
def cli(db_url: str) -> Cli:
    """Run ta-lab2 in a process of its own, a fork, on the test's database unless `url` says otherwise."""
    return runner(db_url)


def runner(db_url: str) -> Cli:
    """The function behind the fixture `cli`."""

    def run(
        *arguments: object,
        url: str | None = None,
        stdin: str | bytes | None = None,
        env: dict[str, str] | None = None,
        timeout: float = 120,
    ) -> Result:
        environment = {**os.environ, "COLUMNS": "200", "TA_LAB2_DATABASE_URL": db_url if url is None else url}
        environment.update(env or {})
        environment.pop(SERVER, None)
        data = stdin.encode() if isinstance(stdin, str) else stdin
        return commands.run([*map(str, arguments)], environment, data or b"", timeout)

    return run
