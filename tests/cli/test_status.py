"""status answers the questions of a morning, doctor those of a bad day."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest
from calendar_helpers import Calendar, put_calendar, week

Cli = Callable[..., Any]
Db = psycopg.Connection[Any]


@pytest.fixture
def small(db: Db) -> Db:
    """Three timeframes; asset 1 ends today, asset 2 a month ago."""
    db.execute("DELETE FROM dim_timeframe WHERE tf NOT IN ('1D', '2D', '7D')")
    days(db, 1, 0)
    days(db, 2, 30)
    return db


def days(db: Db, asset: int, ago: int, count: int = 10) -> None:
    """Days of an asset that end some days ago."""
    db.execute(
        """INSERT INTO cmc_price_histories7 (id, timeopen, timeclose, "timestamp", open, high, low, close)
           SELECT %(id)s, t - interval '1 h', t, t, 1, 1, 1, 1
           FROM generate_series(0, %(count)s - 1) AS i
           CROSS JOIN LATERAL (SELECT now() - make_interval(hours => 24 * (%(ago)s + i))) AS x (t)""",
        {"id": asset, "ago": ago, "count": count},
    )


def status(cli: Cli, *arguments: str) -> Any:
    """The document that `status` prints."""
    result = cli("--json", "status", *arguments)
    return json.loads(result.out)


def test_freshness_tells_who_waits_for_what_and_since_when(cli: Cli, small: Db) -> None:
    first = status(cli)
    assert (first["fresh"], first["waiting"], first["last_run"]) == (False, [1, 2], None)
    assert {row["waits_for"] for row in first["assets"]} == {"never built"}
    assert cli("refresh", "bars").code == 0
    built = status(cli)
    assert (built["fresh"], built["waiting"], built["lagging"]) == (True, [], [2])
    assert (built["last_run"]["command"], built["last_run"]["outcome"]) == ("refresh bars", "done")
    assert {row["relation"] for row in built["sizes"]} >= {"bars", "cmc_price_histories7", "runs"}
    assert all(row["bytes"] > 0 for row in built["sizes"])
    small.execute("""UPDATE cmc_price_histories7 SET close = 2, load_ts = now() - interval '3 h'
        WHERE id = 2 AND "timestamp" < now() - interval '900 h'""")
    # A load sets load_ts; here it was before the refresh, so nobody knows since when.
    (waiting,) = [row for row in status(cli)["assets"] if row["waits_for"]]
    assert waiting["id"] == 2
    assert waiting["waits_for"].startswith("revised from ")
    assert waiting["fresh_until"] < waiting["days_until"]
    small.execute("UPDATE cmc_price_histories7 SET close = 3, load_ts = now() WHERE id = 2")
    (waiting,) = [row for row in status(cli)["assets"] if row["waits_for"]]
    assert waiting["waits_since"] is not None
    told = cli("status")
    assert "no: 1 of 2 assets wait for a refresh" in told.out


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--max-age", "36h", "--ids", "1"], 0, ""),
        (["--max-age", "36h"], 1, "1 of 2 assets are older than 36 h: 2 ("),
        (["--max-age", "10w"], 0, ""),
        (["--max-age", "36"], 2, "'36' is not an age"),
        (["--ids", "7"], 2, "asset 7 is not loaded"),
    ],
)
def test_an_age_limit_decides_the_exit_code(
    cli: Cli, small: Db, arguments: list[str], code: int, told: str
) -> None:
    for asset in (1, 2):
        small.execute("SELECT FROM refresh_bars(%s)", (asset,))
    result = cli("status", *arguments)
    assert result.code == code
    assert told in result.err


def test_days_without_session_make_nothing_old(cli: Cli, small: Db) -> None:
    """Asset 2 ends a month ago; by its calendar only one session that has ended since lacks a row."""
    today = datetime.now(timezone.utc).date()
    closed = {today - timedelta(ago): False for ago in range(-3, 31)}
    put_calendar(small, "C", Calendar({date(1970, 1, 1): "1111111"}, {**closed, today - timedelta(5): True}))
    for asset in (1, 2):
        small.execute("SELECT FROM refresh_bars(%s)", (asset,))
    small.execute("UPDATE assets SET calendar = 'C', tz = 'UTC' WHERE id = 2")
    assert cli("refresh", "bars").code == 0
    told = status(cli)
    row = told["assets"][1]
    assert (row["calendar"], row["behind_days"], told["lagging"]) == ("C", 1, [])
    assert datetime.fromisoformat(row["age_begins"]) == datetime(
        *(today - timedelta(4)).timetuple()[:3], tzinfo=timezone.utc
    )
    assert told["assets"][0]["age_begins"] == told["assets"][0]["fresh_until"]
    assert cli("status", "--max-age", "1w").code == 0
    assert cli("status", "--max-age", "2d").code == 1
    # Closed, too, it isn't old at all.
    put_calendar(small, "C", Calendar({date(1970, 1, 1): "1111111"}, closed))
    assert cli("refresh", "bars").code == 0
    assert cli("status", "--max-age", "1h", "--ids", "2").code == 0


def test_the_end_of_a_calendar_is_told(cli: Cli, small: Db) -> None:
    for asset in (1, 2):
        small.execute("SELECT FROM refresh_bars(%s)", (asset,))
    put_calendar(small, "C", week("1111111"))
    small.execute("UPDATE assets SET calendar = 'C'")
    today = datetime.now(timezone.utc).date()
    wanted = [(100, None), (20, "soon"), (-2, "has ended")]
    for known, word in wanted:
        last = today + timedelta(known)
        small.execute("UPDATE calendars SET last_day = %s", (last,))
        (listed,) = json.loads(cli("--json", "calendars").out)
        assert listed["ends"] == word
        (told,) = status(cli)["calendars"] or [None]
        checks = doctor(cli)
        if word is None:
            assert told is None
            assert "calendar" not in checks
            continue
        assert (told["calendar"], told["assets"], told["has_ended"]) == ("C", 2, word == "has ended")
        assert checks["calendar"]["verdict"] == "warning"
        assert f"C knows no day after {last}, 2 assets on it" in checks["calendar"]["found"]
        assert f"C knows no day after {last}" in cli("status").out
        assert f"C knows no day after {last}" in cli("calendars").err


def test_an_age_begins_with_the_end_of_a_session(db: Db) -> None:
    closed = {date(2024, 3, 29): False, **{date(2024, 4, 4) + timedelta(i): False for i in range(200)}}
    put_calendar(db, "C", Calendar({date(1970, 1, 1): "1111100"}, closed))
    days(db, 1, 0, 1)
    db.execute("SELECT FROM refresh_bars(1, '1d')")
    db.execute("UPDATE assets SET calendar = 'C'")
    for newest, begins in (
        (
            "2024-03-28",
            "2024-04-02 04:00+00",
        ),  # after Good Friday Monday's session, until it ends in New York
        ("2024-04-01", "2024-04-03 04:00+00"),
        ("2024-03-30", "2024-04-02 04:00+00"),  # a row on no session
        ("2024-04-03", "2024-10-22 04:00+00"),  # a long time without any
        ("2024-10-31", "2024-11-02 04:00+00"),
        ("2024-11-01", "2024-11-05 05:00+00"),  # an hour later in winter
    ):
        db.execute("UPDATE cmc_price_bars_1d SET day = %s", (newest,))
        found = db.execute("SELECT age_begins(1, 'infinity') = %s", (begins,)).fetchone()
        assert found == (True,), (newest, db.execute("SELECT age_begins(1, 'infinity')").fetchone())
    assert db.execute("SELECT age_begins(1, NULL), age_begins(7, now()) = now()").fetchone() == (None, True)


def test_what_was_never_built_is_older_than_anything(cli: Cli, small: Db) -> None:
    result = cli("status", "--max-age", "10w")
    assert result.code == 1
    assert "1 (never)" in result.err


def test_runs_are_listed_with_who_and_how_they_ended(cli: Cli, small: Db) -> None:
    assert (
        cli("load", "-", "--id", 3, stdin="date,open,high,low,close,volume\n2024-01-01,1,2,1,1,1\n").code == 0
    )
    assert cli("load", "-", "--id", 4, stdin="date,open,high,low,close\n2020-01-01,1,1,1,oops\n").code == 1
    assert cli("refresh", "bars", "--ids", "1").code == 0
    small.execute("INSERT INTO runs (command, backend) VALUES ('refresh all', 0)")
    runs = json.loads(cli("--json", "status", "--runs").out)
    assert [(run["command"], run["outcome"], run["changed"]) for run in runs] == [
        ("refresh all", "died", None),
        ("refresh bars", "done", 1),
        ("load", "failed", None),
        ("load", "done", 1),
    ]
    assert "'oops' is not a number" in runs[2]["error"]
    assert runs[1]["run_by"] == small.info.user
    assert len(json.loads(cli("--json", "status", "--runs", "--count", "2").out)) == 2


def test_an_empty_database_is_told_what_to_do_next(cli: Cli) -> None:
    result = cli("status")
    assert result.code == 0
    assert "ta-lab2 load" in result.out
    assert cli("status", "--max-age", "1h").code == 0


def on_a_terminal(db_url: str, **extra: str) -> bytes:
    """What `status` prints when its output is a terminal."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "TA_LAB2_DATABASE_URL": db_url, "TERM": "xterm-256color", **extra}
    try:
        subprocess.run(
            [sys.executable, "-m", "ta_lab2_sql", "status"], stdout=follower, env=environment, check=True
        )
    finally:
        os.close(follower)
    told = b""
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # the other end is closed and everything is read
            break
        if not chunk:
            break
        told += chunk
    os.close(leader)
    return told


def test_colours_are_for_terminals_that_want_them(cli: Cli, db_url: str, small: Db) -> None:
    for asset in (1, 2):
        small.execute("SELECT FROM refresh_bars(%s)", (asset,))
    assert b"\x1b[32m" in on_a_terminal(db_url)
    assert b"\x1b[32m" not in on_a_terminal(db_url, NO_COLOR="1")
    assert "\x1b" not in cli("status").out


def doctor(cli: Cli) -> dict[str, Any]:
    """What doctor finds, by check."""
    result = cli("--json", "doctor")
    return {row["check"]: row for row in json.loads(result.out)}


def test_a_healthy_database_has_no_errors(cli: Cli) -> None:
    result = cli("doctor")
    assert result.code == 0, result.err
    found = doctor(cli)
    assert {"server", "version", "privileges", "jit", "clock", "disk", "catalogue", "triggers"} <= set(found)
    assert found["catalogue"]["found"] == "158 timeframes, 17 periods"


def test_doctor_finds_what_is_wrong(cli: Cli, db: Db) -> None:
    db.execute("ALTER TABLE cmc_price_histories7 DISABLE TRIGGER raw_changes_update")
    db.execute("DELETE FROM ema_alpha WHERE tf = '7D' AND period = 21")
    db.execute(f"ALTER DATABASE {db.info.dbname} SET jit TO on".encode())
    found = doctor(cli)
    assert [found[name]["verdict"] for name in ("triggers", "catalogue", "jit")] == ["warning"] * 3
    assert "raw_changes_update" in found["triggers"]["found"]
    db.execute("DELETE FROM dim_timeframe WHERE tf = '1D'")
    result = cli("doctor")
    assert result.code == 1
    assert "no canonical timeframe 1D" in result.err


def test_doctor_of_a_database_that_is_behind_says_so(cli: Cli, empty_url: str) -> None:
    result = cli("doctor", url=empty_url)
    assert result.code == 1
    assert "run ta-lab2 migrate" in result.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_completes(cli: Cli, shell: str) -> None:
    script = cli("completion", shell)
    assert script.code == 0
    assert "_TA_LAB2_COMPLETE" in script.out
    if shell == "bash":
        asked = {"_TA_LAB2_COMPLETE": "bash_complete", "COMP_WORDS": "ta-lab2 refr", "COMP_CWORD": "1"}
        assert "refresh" in cli(env=asked).out
