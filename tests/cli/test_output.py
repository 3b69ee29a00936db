"""Output where people read it: terminals of any width, pipes whose reader leaves, nowhere at all."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from loading import load_named

from ta_lab2_sql.table import Column, render

Db = psycopg.Connection[Any]
Run = Callable[..., tuple[int, str, str]]

PRICES = "date,open,high,low,close,volume\n" + "".join(
    f"2024-01-{day:02},{day},{day + 1},{day},{day},{day}\n" for day in range(1, 32)
)
FAMILIES = ("multi_tf", "cal_us", "cal_iso", "cal_anchor_us", "cal_anchor_iso")
TIMEFRAMES = ["1D", "2D", "1W_CAL_US", "1W_CAL_ISO", "1W_CAL_ANCHOR_US", "1W_CAL_ANCHOR_ISO"]
# Enough for any pipe's buffer to overflow.
MANY = "export cmc_ema_multi_tf_u -o -"


@pytest.fixture
def prices(db: Db, tmp_path: Any) -> Db:
    """One short asset, nothing built, few timeframes."""
    db.execute("DELETE FROM dim_timeframe WHERE tf <> ALL (%s)", (TIMEFRAMES,))
    (tmp_path / "P_7.csv").write_text(PRICES)
    load_named(db, tmp_path / "P_7.csv")
    return db


def command(line: str, url: str, **env: str) -> tuple[list[str], dict[str, str]]:
    return (
        [sys.executable, "-m", "ta_lab2_sql", *line.split()],
        {**os.environ, "TA_LAB2_DATABASE_URL": url, **env},
    )


def on_terminal(line: str, url: str, columns: int) -> str:
    """What a command shows on a terminal of so many columns."""
    pty, termios, fcntl = (pytest.importorskip(name) for name in ("pty", "termios", "fcntl"))
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    arguments, env = command(line, url, NO_COLOR="1", TERM="xterm")
    env.pop("COLUMNS", None)
    process = subprocess.Popen(arguments, env=env, stdin=follower, stdout=follower, stderr=subprocess.DEVNULL)
    os.close(follower)
    shown = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # Linux says so when the other side has closed
            break
        if not piece:
            break
        shown += piece
    os.close(leader)
    assert process.wait(60) == 0, shown
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [80, 60])
def test_a_refresh_fits_the_terminal_and_names_every_family(prices: Db, db_url: str, columns: int) -> None:
    shown = on_terminal("refresh all", db_url, columns)
    assert max(map(len, shown.splitlines())) <= columns
    for family in ("1d", "multi_tf_v2", *FAMILIES):
        assert re.search(rf" {family}\b", shown), family
    heading = next(line for line in shown.splitlines() if "written" in line)
    assert heading.split() == ["stage", "family", "rebuild", "written"]


@pytest.mark.parametrize("columns", [80, 60])
@pytest.mark.parametrize(
    ("line", "whole"),
    [
        ("timeframes", "2 days"),
        ("timeframes 1W_CAL_US --windows --from 2024-01-01", "2024-01-07"),
        ("plan --full-rebuild", "cal_anchor_iso"),
        ("status --runs", "wrong"),
        ("doctor", "shared_buffers"),
        ("assets", "31"),
        ("audit --ids 7", "findings"),
    ],
)
def test_no_table_is_cut_short(prices: Db, db_url: str, line: str, whole: str, columns: int) -> None:
    prices.execute(
        "INSERT INTO runs (command, options, outcome, error) VALUES ('refresh all', '{}', 'failed', %s)",
        ("a long story of what went wrong and where and when",),
    )
    shown = on_terminal(line, db_url, columns)
    assert "…" not in shown
    assert whole in shown


def test_a_pipe_gets_every_column_in_one_line_a_row(prices: Db, cli: Any) -> None:
    told = cli("timeframes", "--family", "cal_us", env={"COLUMNS": "40"}).out.splitlines()
    week = next(line for line in told if "1W_CAL_US" in line)
    assert week.endswith("1 week (Sunday to Saturday), full periods")


def test_a_table_leaves_out_nothing_but_empty_columns() -> None:
    columns = [
        Column("name", ["a" * 20, "b"]),
        Column("empty", ["", ""]),
        Column("how_many", ["7", "123456"], numeric=True),
        Column("text", ["some words to wrap", "more"]),
    ]

    def lines(room: int | None) -> list[str]:
        return [line for line, _ in render(columns, None, room) if line]

    assert lines(None)[0].split() == ["name", "empty", "how_many", "text"]
    for room in range(14, 70):
        shown = lines(room)
        assert "empty" not in "".join(shown) or room >= 57
        for word in ("a" * 20, "123456", "some", "words", "wrap", "more"):
            assert any(word in line for line in shown), room
        if room >= 30:
            assert max(map(len, shown)) <= room
    wide = render([Column("name", ["日本"]), Column("n", ["1"], numeric=True)], None, None)
    assert [line for line, _ in wide][3] == "  日本   1"


@pytest.mark.parametrize("which", ["stdout", "stderr", "both"])
@pytest.mark.parametrize(
    ("line", "code"),
    [
        (MANY, 0),
        (f"--json {MANY}", 0),
        ("timeframes", 0),
        ("--json timeframes", 0),
        ("status", 0),
        ("status --max-age 1h", 1),
        ("migrate --sql", 0),
        ("--help", 0),
        ("--version", 0),
        ("refresh all --tf nonsense", 2),
    ],
)
def test_a_reader_that_leaves_changes_nothing(
    prices: Db, db_url: str, line: str, code: int, which: str
) -> None:
    """Quiet, and the exit code that it would have been."""
    prices.execute("SELECT FROM refresh_emas(7)")
    left, gone = os.pipe()
    os.close(left)
    arguments, env = command(line, db_url)
    streams: dict[str, Any] = {
        name: gone if which in (name, "both") else subprocess.PIPE for name in ("stdout", "stderr")
    }
    try:
        done = subprocess.run(arguments, env=env, timeout=60, check=False, **streams)
    finally:
        os.close(gone)
    assert done.returncode == code
    if which == "stdout":
        told = done.stderr.decode()
        assert told.startswith("error: ") if code else told == ""
        assert "ipe" not in told


@pytest.mark.parametrize("option", ["", "--events", "--plan"])
def test_a_refresh_goes_on_when_nobody_reads(prices: Db, db_url: str, option: str) -> None:
    left, gone = os.pipe()
    os.close(left)
    arguments, env = command(f"refresh all {option}", db_url)
    done = subprocess.run(arguments, env=env, stdout=gone, stderr=gone, timeout=60, check=False)
    os.close(gone)
    assert done.returncode == 0
    built = prices.execute("SELECT count(*) > 0 FROM cmc_ema_multi_tf").fetchone()
    assert built == (option != "--plan",)


def test_a_long_export_ends_when_its_reader_leaves(prices: Db, db_url: str) -> None:
    """It isn't computed to the end for nobody."""
    prices.execute("SELECT FROM refresh_emas(7)")
    arguments, env = command(MANY, db_url)
    with subprocess.Popen(arguments, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"alignment_source,id,")
        process.stdout.close()
        assert (process.wait(60), process.stderr.read()) == (0, b"")


@pytest.mark.skipif(os.name != "posix", reason="closing a descriptor in a shell")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_descriptors_do_no_harm(prices: Db, db_url: str, closed: str) -> None:
    """A connection must not take the place of stdout, and get what was meant for it."""
    for line in ("status", "export dim_period -o -"):
        arguments, env = command(line, db_url)
        done = subprocess.run(
            ["sh", "-c", f'exec "$@" {closed}', "sh", *arguments],
            env=env, capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, b"")
        assert bool(done.stdout) == (">&- " not in f"{closed} " or closed == "2>&-")


def test_json_on_a_terminal_is_json(prices: Db, db_url: str) -> None:
    assert json.loads(on_terminal("--json timeframes", db_url, 60))[0]["tf"] == "1D"
