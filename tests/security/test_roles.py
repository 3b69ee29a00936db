"""Who may do what: owner, runner, reader and everybody else, each logged in as itself."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from law.machine import Comparison, World
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

Db = psycopg.Connection[Any]
Cli = Callable[..., Any]
PASSWORD = "s3cret/of@all"


def as_user(url: str, user: str) -> str:
    """The address with another user, and a password that a server without passwords doesn't ask for."""
    parts = conninfo_to_dict(url)
    host = quote(str(parts["host"]), safe="/")
    login = f"{quote(user)}:{quote(PASSWORD, safe='')}"
    return f"postgresql://{login}@/{parts['dbname']}?host={host}&port={parts.get('port', 5432)}"


@pytest.fixture
def login(db: Db, db_url: str, cli: Cli) -> Iterator[Callable[[str | None], str]]:
    """Make a user who is a member of a role; the address to log in with."""
    done = cli("migrate", "--roles")
    assert done.code == 0, done.err
    made: list[str] = []

    def make(role: str | None) -> str:
        user = f"ta_lab2_test_{uuid.uuid4().hex[:12]}"
        made.append(user)
        name = sql.Identifier(user)
        db.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(PASSWORD)))
        if role is not None:
            db.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), name))
        return as_user(db_url, user)

    yield make
    for user in made:
        with suppress(psycopg.Error):
            db.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(user)))
            db.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(user)))


@pytest.fixture
def filled(db: Db) -> Db:
    """One asset, built."""
    world = World(db, Comparison.of(db), 0)
    world.append(1, 60, 0, "copy", 1)
    world.refresh_emas(1)
    return db


def refused(url: str, *statements: str) -> None:
    """Each statement is refused for lack of privilege, and nothing else."""
    with psycopg.connect(url, autocommit=True) as db:
        for statement in statements:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                db.execute(statement.encode())


def relations(db: Db) -> list[str]:
    return [
        name
        for (name,) in db.execute(
            """SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
               AND relkind IN ('r', 'p', 'v') AND NOT relispartition ORDER BY 1"""
        )
    ]


WRITES = (
    "UPDATE bars SET close = 1",
    "DELETE FROM emas",
    "INSERT INTO dim_period (period) VALUES (77)",
    "DELETE FROM cmc_price_histories7",
    "TRUNCATE bars",
    "SELECT sync_ema_alpha()",
    "SELECT * FROM refresh_bars(1)",
    "SELECT * FROM refresh_emas(1)",
)


def test_reader_reads_everything_and_writes_nothing(filled: Db, login: Any, cli: Cli) -> None:
    url = login("ta_lab2_reader")
    with psycopg.connect(url, autocommit=True) as reader:
        for name in relations(filled):
            reader.execute(f'SELECT * FROM "{name}" LIMIT 1'.encode())
        for call in (
            "bar_snapshots(1, '5D')",
            "ema_series('multi_tf', 1, '5D', 3)",
            "ema_matrix('multi_tf', 1, '5D')",
            "refresh_plan()",
            "bars_summary()",
            "bar_windows('1M_CAL', '2020-01-01', '2020-03-01')",
        ):
            reader.execute(f"SELECT * FROM {call}".encode())
    refused(url, *WRITES, "CREATE TABLE mine (i int)", "DROP VIEW bars_latest")
    for command in ("assets", "status", "plan"):
        done = cli(command, url=url)
        assert done.code == 0, done.err
    told = cli("refresh", "all", "--full-rebuild", url=url)
    assert told.code == 3
    assert "permission denied" in told.err
    assert told.err.count("\n") == 1
    assert cli("migrate", url=url).code == 3 or "nothing to do" in cli("migrate", url=url).err


def test_runner_refreshes_and_changes_no_source(filled: Db, login: Any, cli: Cli) -> None:
    url = login("ta_lab2_runner")
    filled.execute("UPDATE cmc_price_histories7 SET close = close + 1, high = high + 1")
    done = cli("refresh", "all", url=url)
    assert done.code == 0, done.err
    with filled.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM raw_changes").fetchone() == (0,)
    World(filled, Comparison.of(filled), 0).check(1)
    refused(
        url,
        "DELETE FROM cmc_price_histories7",
        "UPDATE cmc_price_histories7 SET close = 1",
        "INSERT INTO dim_period (period) VALUES (77)",
        "DELETE FROM dim_timeframe",
        "DROP TABLE bars",
        "CREATE TABLE mine (i int)",
        "DELETE FROM runs",
    )


def test_doctor_knows_what_each_role_may(filled: Db, login: Any, cli: Cli) -> None:
    def told(role: str | None, *rights: str) -> tuple[str, str]:
        url = login(role)
        for right in rights:
            user = sql.Identifier(conninfo_to_dict(url)["user"])  # type: ignore[arg-type]
            filled.execute(sql.SQL("GRANT " + right + " ON cmc_price_histories7 TO {}").format(user))
        found = {row["check"]: row for row in json.loads(cli("--json", "doctor", url=url).out)}
        return found["privileges"]["verdict"], found["privileges"]["found"].split(" may ")[-1]

    assert told("ta_lab2_runner") == ("ok", "refresh, not load or migrate")
    assert told("ta_lab2_runner", "INSERT, UPDATE") == ("ok", "refresh and load, not migrate")
    verdict, lacks = told("ta_lab2_reader")
    assert verdict == "warning"
    assert "has no INSERT on assets" in lacks


def test_nobody_else_does_anything(filled: Db, login: Any) -> None:
    url = login(None)
    refused(url, *WRITES, *(f'SELECT * FROM "{name}"' for name in relations(filled)))


def test_a_function_of_a_later_version_is_granted_too(db: Db, login: Any, cli: Cli) -> None:
    url = login("ta_lab2_runner")
    db.execute("UPDATE ta_lab2_objects SET sha256 = 'older'")
    for name in ("refresh_bars", "bars_summary"):
        row = db.execute("SELECT oid::regprocedure::text FROM pg_proc WHERE proname = %s", (name,)).fetchone()
        assert row is not None
        db.execute(f"DROP FUNCTION {row[0]} CASCADE".encode())
    assert cli("migrate").code == 0
    with psycopg.connect(url, autocommit=True) as runner:
        runner.execute("SELECT * FROM bars_summary()")
        with pytest.raises(psycopg.Error) as told:
            runner.execute("SELECT * FROM refresh_bars(1)")
        assert told.value.sqlstate == "TA001"
    refused(login(None), "SELECT * FROM refresh_bars(1)")


# -- without roles ------------------------------------------------------------------------------------------

FUNCTIONS = """
SELECT p.oid::regprocedure::text, p.prosecdef, p.provolatile, coalesce(p.proconfig::text, ''), p.prosrc,
    l.lanname,
    p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) AS a WHERE a.grantee = 0) AS public
FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang
WHERE p.pronamespace = 'public'::regnamespace
"""


def test_functions_run_as_their_caller_and_find_only_our_tables(db: Db) -> None:
    tables = relations(db)
    for name, definer, volatility, settings, source, language, public in db.execute(FUNCTIONS):
        assert not definer, name
        reads = language == "plpgsql" and any(
            re.search(rf"\b(FROM|JOIN|INTO|UPDATE) {table}\b", source) for table in tables
        )
        if reads:
            assert "search_path=public" in settings, name
        if volatility == "v" and not name.startswith("raise_"):
            assert not public, f"everybody may run {name}"


def test_a_name_of_somebody_else_is_not_found(filled: Db) -> None:
    """A schema that stands first in the caller's search_path, with a trap for each of our tables."""
    filled.execute("CREATE SCHEMA trap")
    for name in relations(filled):
        filled.execute(f'CREATE TABLE trap."{name}" (LIKE public."{name}")'.encode())
    filled.execute("CREATE FUNCTION trap.row_from(int, timestamptz) RETURNS int LANGUAGE sql RETURN 1")
    filled.execute("UPDATE cmc_price_histories7 SET close = close + 2, high = high + 2")
    filled.execute("SET search_path TO trap, public")
    filled.execute("SELECT * FROM public.refresh_emas(1)")
    for name in relations(filled):
        assert filled.execute(f'SELECT count(*) FROM trap."{name}"'.encode()).fetchone() == (0,), name
    filled.execute("SET search_path TO public")
    World(filled, Comparison.of(filled), 0).check(1)


def test_a_schema_with_an_odd_name(empty_url: str, cli: Cli) -> None:
    def run(*arguments: object, **options: Any) -> Any:
        done = cli("--schema", 'we"ird; DROP TABLE x', *arguments, url=empty_url, **options)
        assert done.code == 0, done.err
        return done

    run("migrate")
    run("migrate", "--check")
    text = "date,open,high,low,close,volume\n" + "".join(
        f"2020-01-{i:02d},1,2,1,{i},5\n" for i in range(1, 31)
    )
    run("load", "-", "--id", "3", stdin=text)
    run("refresh", "all", "--tf", "7D", "--tf", "1M_CAL")
    assert '"id": 3' in run("--json", "assets").out
    with psycopg.connect(empty_url) as db:
        named = sql.Identifier('we"ird; DROP TABLE x', "cmc_ema_multi_tf_state")
        found = db.execute(sql.SQL("SELECT count(*) FROM {}").format(named)).fetchone()
        assert found is not None
        assert db.execute("SELECT to_regclass('public.bars')").fetchone() == (None,)
    script = run("migrate", "--sql").out
    assert 'CREATE SCHEMA IF NOT EXISTS "we""ird; DROP TABLE x"' in script


def test_passwords_stay_unseen(filled: Db, login: Any, cli: Cli, db_url: str) -> None:
    """Not in what is printed, not in the log of runs, not in the list of processes."""
    url = login("ta_lab2_runner")
    outputs = [
        cli("-v", *command, url=address)
        for address in (url, url.replace("/" + db_url.rsplit("/", 1)[1].split("?")[0], "/no_such_database"))
        for command in (
            ("refresh", "all"),
            ("refresh", "all", "--ids", "77"),
            ("status",),
            ("status", "--runs"),
            ("plan",),
            ("migrate",),
            ("doctor",),
        )
    ]
    outputs.append(cli("-v", "assets", url=url.replace("host=", "host=/no/such/place&x=")))
    for shown in outputs:
        for part in (PASSWORD, quote(PASSWORD, safe=""), "s3cret"):
            assert part not in shown.out + shown.err
    log = filled.execute("SELECT string_agg(r::text, ' ') FROM runs AS r").fetchone()
    assert log is not None
    assert log[0]
    assert "s3cret" not in log[0]
    seen = filled.execute("SELECT string_agg(a::text, ' ') FROM pg_stat_activity AS a").fetchone()
    assert seen is not None
    assert "s3cret" not in seen[0]
