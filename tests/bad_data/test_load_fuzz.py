"""Random files through load: a clear error and nothing loaded, or every day valid or rejected."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import psycopg
import pytest
from bad_data.test_bad_data import REASONS
from click.testing import CliRunner, Result
from conftest import SERVER
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from law.machine import World

from ta_lab2_sql.cli import main

Db = psycopg.Connection[Any]
NEW_YORK = ZoneInfo("America/New_York")
FIRST = datetime(2020, 1, 1, tzinfo=timezone.utc)
COLUMNS = (
    *("timeOpen", "timeClose", "timeHigh", "timeLow", "name", "open", "high", "low", "close", "volume"),
    *("marketCap", "timestamp"),
)
# A cell, and whether a file with it can be loaded; whether the day is a good one is validation's matter.
Cell = tuple[str, bool]


def cells(good: list[str], bad: list[str]) -> st.SearchStrategy[Cell]:
    """Mostly cells that a file may have, now and then one that it may not."""
    may = st.sampled_from(good).map(lambda text: (text, True))
    may_not = st.sampled_from(bad).map(lambda text: (text, False))
    return st.integers(0, 60).flatmap(lambda i: may if i else may_not)


numbers = cells(
    [
        *(
            "1.5",
            "2",
            "3.25",
            "1e2",
            "0",
            "-0",
            "-3",
            "",
            "nan",
            "NaN",
            "NULL",
            "inf",
            "-Infinity",
            "1e301",
            "1e-305",
        ),
        *("5e-324", "1.7976931348623157e308", ".5", "5.", " 7 ", "+4", "9" * 100),
    ],
    [
        "one",
        "9" * 300,
        "1e999",
        "1e-999",
        "0x10",
        "1,5,2",
        "1_000",
        "--1",
        "1e",
        "\N{FULLWIDTH DIGIT ONE}",
    ],
)


def day(offset: int, hours: float) -> str:
    return (FIRST + timedelta(offset, hours=hours)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


absurd = [
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999Z",
    "1799-12-31T00:00:00+14:00",
    "2200-01-01 00:00:00Z",
]
wrong_times = [
    *(
        "2020-02-30T00:00:00Z",
        "2020-13-01T00:00:00Z",
        "2020-01-01",
        "infinity",
        "now",
        "2020-01-01T25:00:00Z",
    ),
    *("20200101T000000Z", "10000-01-01T00:00:00Z", "2020-01-01T00:00:00", "2020-01-01T00:00:00+99:00"),
]
texts = st.one_of(
    st.just(""),
    st.sampled_from(
        ["'; DROP TABLE bars; --", "%s {0} $1", "\\", "\\N", "数字 😀", "a\tb", "\\x00", "e\u0301", "\u202e"]
    ),
    st.text(
        st.characters(exclude_characters='\0\r\n;"', exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs")),
        max_size=12,
    ),
)


@st.composite
def lines(draw: st.DrawFn) -> tuple[list[str], bool]:
    """The cells of one line, and whether a file with them can be loaded."""
    offset = draw(st.integers(0, 40))
    usual = [day(offset, 0), day(offset, 23.9999), day(offset, 12), day(offset, 6)]

    def time(position: int) -> st.SearchStrategy[Cell]:
        often = cells([usual[position]] * 30 + ["", *absurd, day(offset, 30), day(offset, -5)], wrong_times)
        return often

    moments = [draw(time(i)) for i in range(4)]
    key = draw(cells([usual[1]] * 20 + [usual[0], day(offset, 50), *absurd], ["", *wrong_times]))
    prices = [draw(numbers) for _ in range(6)]
    row = [*moments, ("", True), *prices, key]
    found = [text for text, _ in row]
    fault = draw(st.integers(0, 150))
    if fault == 0:
        found.append("1")
    elif fault == 1:
        found.pop()
    elif fault == 2:
        found[9] += "\0"
    elif fault == 3:
        found[9] = '"1'
    return found, all(may for _, may in row) and fault > 3


def moment(text: str) -> datetime | None:
    """The moment that a cell names, if it does."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def number(text: str) -> float | None:
    return None if text.strip().lower() in ("", "nan", "null") else float(text)


def stamp_of(row: list[str]) -> datetime:
    """The stamp that a good line gets: its own, or the closing time where it is that of the opening."""
    stamp, opens, closes = moment(row[11]), moment(row[0]), moment(row[1])
    assert stamp is not None
    return closes if closes is not None and stamp == opens and closes > stamp else stamp


def local_day(stamp: datetime) -> object:
    """The day in the zone of an asset that has none; what lies far outside is a day of its own."""
    return stamp.astimezone(NEW_YORK).date() if 1900 < stamp.year < 2100 else stamp


def means_a_row(cells: list[str]) -> bool | None:
    """Whether a bad line still is one of prices; None: it may be taken either way."""
    if len(cells) >= 12 and re.match(r"\d{4}-\d\d-\d\d|\d{8}T", cells[11]):
        return True
    if any(text in ("0x10", "1_000") for text in cells[5:10]):
        return None
    if len(cells) < 12:
        return None if len(cells) > 8 else False
    return any(re.match(r"\s*[-+.]*\d", cells[i]) is not None for i in (5, 8))


def outcome(rows: list[tuple[list[str], bool]]) -> tuple[int, str | None, list[list[str]]]:
    """The exit code, what is said, and the lines that are read; code 3: either left out or a fault."""
    bad = [i for i, (_, may) in enumerate(rows) if not may]
    end = len(rows)
    while end and not rows[end - 1][1] and means_a_row(rows[end - 1][0]) is False:
        end -= 1
    left = [i for i in bad if i < end]
    if left and all(means_a_row(rows[i][0]) is None for i in left) and left == list(range(left[0], end)):
        return 3, None, []
    if left or not end:
        return 1, f"line {(left or [0])[0] + 2}", []
    read = [cells for cells, _ in rows[:end] if any(number(text) is not None for text in cells[5:9])]
    values: dict[datetime, tuple[Any, ...]] = {}
    for row in read:
        told = (*map(number, row[5:11]), moment(row[2]), moment(row[3]))
        if values.setdefault(stamp_of(row), told) != told:
            return 2, "--on-conflict", []
    if len({local_day(stamp) for stamp in values}) < len(values):
        return 2, "under two stamps", []
    return 0, None, read


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(lines(), min_size=1, max_size=8), name=texts, kind=st.sampled_from(["\n", "\r\n"]))
def test_whatever_a_file_holds(
    world: World, db_url: str, tmp_path: Path, rows: list[tuple[list[str], bool]], name: str, kind: str
) -> None:
    db = world.db
    world.forget(3)
    db.execute("DELETE FROM assets WHERE id = 3")
    path = tmp_path / "odd_3.csv"
    written = f'"{name}"' if ";" in name else name
    text = [";".join(COLUMNS), *(";".join([*row[:4], written, *row[5:]]) for row, _ in rows)]
    path.write_bytes(kind.join([*text, ""]).encode())
    before = world.column("SELECT count(*) FROM cmc_price_histories7")
    code, said, read = outcome(rows)

    loaded = run(db_url, "--json", "load", str(path), "--id", "3")
    if code == 3:
        code = loaded.exit_code
        assert code in (0, 1), loaded.output
    assert loaded.exit_code == code, loaded.output
    if code:
        *faults, error = loaded.stderr.splitlines()
        assert "nothing was loaded" in error
        assert len(faults) <= 11
        assert said is None or said in (faults[0] if faults else error)
        assert loaded.stdout == ""
        assert world.column("SELECT count(*) FROM cmc_price_histories7") == before
        assert world.column("SELECT count(*) FROM raw_changes WHERE id = 3") == [0]
        assert world.column("SELECT count(*) FROM assets WHERE id = 3") == [0]
    elif read:
        (told,) = json.loads(loaded.stdout)
        assert (told["id"], told["read"]) == (3, len(read))
        assert told["inserted"] == len({stamp_of(row) for row in read})
        assert world.column("SELECT count(*) FROM cmc_price_histories7 WHERE id = 3") == [told["inserted"]]
        assert set(world.column("SELECT name FROM cmc_price_histories7 WHERE id = 3")) == {
            name.strip() or None
        }
        again = json.loads(run(db_url, "--json", "load", str(path), "--id", "3").stdout)
        assert [a["unchanged"] for a in again] == [told["inserted"]]

    # Another asset has a day more; whatever became of this file, it arrives.
    newest = world.stamps(1)[-1].date() + timedelta(1)
    good = tmp_path / "good_1.csv"
    good.write_text(f"date,open,high,low,close,volume\n{newest},1,2,1,1.5,7\n")
    assert run(db_url, "load", str(good), "--id", "1").exit_code == 0
    refreshed = run(db_url, "refresh", "all", "--workers", "1")
    assert world.column("SELECT count(*) FROM raw_changes WHERE id = 1") == [0]
    assert world.column('SELECT max("timestamp") FROM cmc_price_bars_1d WHERE id = 1') == [
        world.stamps(1)[-1]
    ]
    assert world.column("SELECT DISTINCT last_ts FROM emas_state WHERE id = 1") == [world.stamps(1)[-1]]
    if refreshed.exit_code:
        assert refreshed.exit_code == 1, refreshed.output
        assert "asset 3" in refreshed.stderr
        assert "TA010" in refreshed.stderr or "TA011" in refreshed.stderr
        assert "Traceback" not in refreshed.stderr
        return
    days = world.column("SELECT count(*) FROM cmc_price_bars_1d WHERE id = 3")
    rejects = world.column("SELECT reason FROM cmc_price_bars_1d_rejects WHERE id = 3")
    assert [days[0] + len(rejects)] == world.column("SELECT count(*) FROM cmc_price_histories7 WHERE id = 3")
    assert set(rejects) <= REASONS
    assert db.execute("SELECT * FROM audit_all(ARRAY[3]) WHERE severity = 'error'").fetchall() == []


def run(db_url: str, *arguments: str) -> Result:
    """A command in this process, with all that it says."""

    @click.command(context_settings={"ignore_unknown_options": True})
    @click.argument("words", nargs=-1, type=click.UNPROCESSED)
    def program(words: tuple[str, ...]) -> None:
        main(list(words))

    return CliRunner().invoke(program, arguments, env={"TA_LAB2_DATABASE_URL": db_url})


# The command, and the most that its process held; wait4 would count what this one held as it forked.
OBSERVED = """
import re, sys
from pathlib import Path
from ta_lab2_sql.cli import main
try:
    main()
finally:
    peak = re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())
    sys.stderr.write(f"peak {peak[1]} kB\\n")
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc to read memory from")
def test_a_large_file_with_one_bad_line(db: Db, db_url: str, tmp_path: Path) -> None:
    """Named, nothing half loaded, and read in far less memory than the file has bytes."""
    path, rows, bad = tmp_path / "large_9.csv", 150_000, 90_000
    begin, remark = date(1600, 1, 1).toordinal(), "a remark of the maker " * 25
    with path.open("w") as file:
        file.write("date,open,high,low,close,volume,remark\n")
        for i in range(2, rows + 2):
            close = "oops" if i == bad else "1.75"
            file.write(f"{date.fromordinal(begin + i)},1.5,2.25,1.125,{close},{i},{remark}\n")
    assert path.stat().st_size > 80 * 2**20
    environment = {**os.environ, "TA_LAB2_DATABASE_URL": db_url}
    environment.pop(SERVER, None)
    done = subprocess.run(
        [sys.executable, "-c", OBSERVED, "load", str(path), "--id", "9"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"'oops' is not a number; {path}, line {bad}, column close; nothing was loaded" in done.stderr
    assert int(done.stderr.rpartition("peak ")[2].split()[0]) < 80 * 1024
    assert db.execute("SELECT count(*) FROM cmc_price_histories7").fetchone() == (0,)
    assert db.execute("SELECT count(*) FROM raw_changes").fetchone() == (0,)
