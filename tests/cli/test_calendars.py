"""The commands of trading calendars."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from calendar_helpers import shipped
from loading import PRICES, load_named

Cli = Callable[..., Any]
Db = psycopg.Connection[Any]


def of(cli: Cli, *arguments: object) -> Any:
    """The JSON that a command prints."""
    done = cli("--json", "calendars", *arguments)
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_all_shipped_calendars_are_imported_once(cli: Cli, db: Db) -> None:
    found = of(cli, "import", "--all")
    assert len(found) == 71
    applied = db.execute("SELECT count(*), min(version), max(version) FROM calendars_applied")
    assert applied.fetchone() == (71, 1, 1)
    before = db.execute("SELECT xmin::text FROM calendar_exceptions").fetchall()
    again = of(cli, "import", "--all")
    assert [row["days changed"] for row in again] == [0] * 71
    assert db.execute("SELECT xmin::text FROM calendar_exceptions").fetchall() == before
    # Session by session what the file says, read without the package's code.
    for name, calendar in shipped().items():
        first, last = date(2019, 1, 1), date(2026, 12, 31)
        days = db.execute("SELECT day FROM sessions(%s, %s, %s)", (name, first, last)).fetchall()
        assert [day for (day,) in days] == calendar.sessions(first, last), name
    listed = {row["calendar"]: row for row in of(cli)}
    assert listed["XNYS"]["tz"] == "America/New_York"
    assert listed["XNYS"]["source"] == "exchange_calendars 4.13.2"
    assert listed["XTAE"]["week"] == "1111100"


def test_days_closed_by_hand_stay_when_a_calendar_is_imported_again(cli: Cli, db: Db) -> None:
    assert (
        "imported calendar XNYS" in cli("calendars", "close", "XNYS", "2025-01-09", "--note", "mourning").err
    )
    opened = of(cli, "open", "XNYS", "2025-12-25..2025-12-26")
    assert opened == {"calendar": "XNYS", "days_changed": 1, "assets": 0}
    shown = of(cli, "show", "XNYS", "--from", "2025-12-24", "--to", "2025-12-26")
    assert [(row["day"], row["session"], row["close"], row["exception"]) for row in shown] == [
        ("2025-12-24", True, "13:00", "hours"),
        ("2025-12-25", True, "16:00", "opened, by hand"),
        ("2025-12-26", True, "16:00", "opened, by hand"),
    ]
    again = cli("calendars", "import", "XNYS")
    assert "stay; --replace" in again.err
    assert db.execute("SELECT is_session('XNYS', '2025-12-25')").fetchone() == (True,)
    cli("calendars", "import", "XNYS", "--replace")
    assert db.execute("SELECT is_session('XNYS', '2025-12-25')").fetchone() == (False,)
    assert db.execute("SELECT count(*) FROM calendar_exceptions WHERE by_hand").fetchone() == (0,)


def test_a_calendar_of_ones_own(cli: Cli, db: Db, tmp_path: Path) -> None:
    assert cli("calendars", "add", "FX", "--week", "1111101", "--tz", "europe/london").code == 0
    assert db.execute("SELECT tz FROM calendars").fetchone() == ("Europe/London",)
    assert cli("calendars", "add", "FX", "--week", "1111100", "--from", "2026-01-05").code == 0
    days = [row["day"] for row in of(cli, "show", "FX", "--from", "2026-01-03", "--to", "2026-01-11")]
    assert days == ["2026-01-04", *(f"2026-01-{day:02}" for day in range(5, 10))]
    file = tmp_path / "mine.csv"
    file.write_text(
        "kind,calendar,tz,weekmask,first_day,last_day,is_session,open,close\n"
        "calendar,MINE,UTC,,2020-01-01,2020-12-31,,,\nweek,MINE,,0000011,2020-01-01,,,10:00,12:00\n"
        "day,MINE,,,2020-01-04,,f,,\n"
    )
    assert of(cli, "import", "--all", "--file", file)[0]["exceptions"] == 1
    packed = tmp_path / "mine.csv.gz"
    packed.write_bytes(gzip.compress(file.read_bytes().replace(b"2020-01-04", b"2020-01-05")))
    assert of(cli, "import", "MINE", "--file", packed)[0]["days changed"] == 2
    assert db.execute("SELECT source FROM calendars WHERE calendar = 'MINE'").fetchone() == ("mine.csv.gz",)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["show", "XNYZ"], 2, "unknown calendar 'XNYZ'"),
        (["import", "xnys"], 2, "did you mean XNYS"),
        (["import"], 2, "give names, or --all"),
        (["import", "XNYS", "--all"], 2, "give names, or --all"),
        (["add", "C", "--week", "11111"], 2, "is no week"),
        (["add", "C", "--week", "0000000"], 2, "is no week"),
        (["add", "a b", "--week", "1111100"], 1, "calendar_name_is_1_to_64_printable_characters"),
        (["add", "C", "--week", "1111100", "--tz", "Mars"], 2, "unknown time zone"),
        (["add", "C", "--week", "1111100", "--from", "2024-01-01"], 2, "isn't there yet"),
        (["close", "XNYS", "2024-02-30"], 2, "is no day"),
        (["close", "XNYS", "2024-02-02..2024-02-01"], 2, "empty or too long"),
        (["close", "NYSE", "2024-02-01"], 2, "unknown calendar 'NYSE'"),
        (["open", "XNYS", "1600-01-01"], 2, "outside 1700-01-01"),
    ],
)
def test_wrong_words_are_refused_and_change_nothing(
    cli: Cli, db: Db, arguments: list[str], code: int, words: str
) -> None:
    done = cli("calendars", *arguments)
    assert (done.code, words in done.err) == (code, True), done.err
    assert db.execute("SELECT count(*) FROM calendars").fetchone() == (0,)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("week,A,,111,2020-01-01,,,,", "line 3: '111' is no week"),
        ("day,A,,,2020-13-01,,f,,", "line 3"),
        ("day,A,,,2020-01-01,,x,,", "line 3: is_session is 'x'"),
        ("day,B,,,2020-01-01,,f,,", "'B', which has no line 'calendar'"),
        ("holiday,A,,,2020-01-01,,f,,", "line 3: kind 'holiday'"),
        ("day,A,,,,,f,,", "line 3: a day of calendar 'A' without a day"),
        ("", "no line 'week'"),
        ("calendar,A,UTC,,,,,,", "line 3: calendar A stands there twice"),
        (
            "week,A,,1111100,2020-01-01,,,,\nweek,A,,1111101,2020-01-01,,,,",
            "week A 2020-01-01 stands there twice",
        ),
        (
            "week,A,,1111100,2020-01-01,,,,\nday,A,,,2020-01-02,,f,,\nday,A,,,2020-01-02,,f,,",
            "day A 2020-01-02 stands there twice",
        ),
    ],
)
def test_a_bad_file_is_named_with_its_line(cli: Cli, db: Db, tmp_path: Path, line: str, words: str) -> None:
    file = tmp_path / "bad.csv"
    head = "kind,calendar,tz,weekmask,first_day,last_day,is_session,open,close\ncalendar,A,UTC,,,,,,\n"
    file.write_text(head + line)
    done = cli("calendars", "import", "--all", "--file", file)
    assert done.code == 1
    assert words.replace("line 3: ", "") in done.err
    assert ("line 3" in done.err) == ("line 3" in words)
    assert db.execute("SELECT count(*) FROM calendars").fetchone() == (0,)
    file.write_text("day,close\n2024-01-01,1\n")
    assert "the header lacks kind" in cli("calendars", "import", "--all", "--file", file).err
    if line:
        return
    file.write_text(head.replace("UTC", "Mars") + "week,A,,1111100,2020-01-01,,,,")
    done = cli("calendars", "import", "--all", "--file", file)
    assert (done.code, "unknown time zone" in done.err, "Mars" in done.err) == (2, True, True)
    file.write_text(head.splitlines()[0])
    assert "it holds no calendar" in cli("calendars", "import", "--all", "--file", file).err
    assert db.execute("SELECT count(*) FROM calendars").fetchone() == (0,)


def test_an_asset_is_put_on_a_shipped_calendar_by_its_name(cli: Cli, db: Db) -> None:
    assert cli("assets", "add", "AAPL").code == 0
    done = cli("assets", "set", "AAPL", "--calendar", "XNYS")
    assert (done.code, "imported calendar XNYS" in done.err) == (0, True)
    assert db.execute("SELECT calendar FROM assets").fetchone() == ("XNYS",)
    done = cli("assets", "set", "AAPL", "--calendar", "XNYZ")
    assert (done.code, "XNYS" in done.err.partition("did you mean")[2]) == (2, True)
    with pytest.raises(psycopg.errors.ForeignKeyViolation, match="calendar_is_one_of_calendars"):
        db.execute("DELETE FROM calendars")
    assert cli("assets", "set", "AAPL", "--calendar", "none").code == 0
    assert db.execute("SELECT calendar FROM assets").fetchone() == (None,)


def test_the_calendar_that_fits_is_suggested_and_assigned(cli: Cli, db: Db) -> None:
    """Shipped calendars that nobody imported are looked at; among equals the usual one is first."""
    load_named(db, PRICES / "GOOG_900001.csv.gz", PRICES / "SOL_5426.csv.gz")
    assert "2 assets have no valid days yet" in cli("calendars", "suggest").err
    db.execute("SELECT FROM unnest(ARRAY[900001, 5426]) AS a (id), refresh_bars(a.id, '1d')")
    (found,) = of(cli, "suggest")
    wanted = {
        "id": 900001, "symbol": "GOOG", "days": 2148, "calendar": None, "mismatches": 969,
        "suggested": "XNYS", "left": 0, "ties": ["XCBF"], "assigned": False,
    }  # fmt: skip
    assert found == wanted
    # On a tie only what --among allows is assigned.
    done = cli("calendars", "suggest", "--apply")
    assert (done.code, "1 not assigned" in done.err, "--among XNYS" in done.err) == (0, True, True)
    assert db.execute("SELECT count(*) FROM calendars").fetchone() == (0,)
    (among,) = of(cli, "suggest", "--ids", "GOOG", "--among", "IEPA,XAMS", "--apply")
    assert (among["suggested"], among["left"], among["assigned"]) == ("IEPA", 53, True)
    # IEPA is stored now and looked at beside the shipped ones; it leaves more than a tenth of what XNYS does.
    (better,) = of(cli, "suggest", "--among", "XNYS,XCBF", "--apply")
    assert (better["calendar"], better["mismatches"], better["suggested"]) == ("IEPA", 53, "XNYS")
    assert better["assigned"] is True
    assert db.execute("SELECT calendar FROM assets ORDER BY id").fetchall() == [(None,), ("XNYS",)]
    assert of(cli, "suggest") == []
    assert "2 assets: no calendar fits far better" in cli("calendars", "suggest").err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--among", "XNYZ"], "unknown calendar 'XNYZ'"),
        (["--among", ","], "which calendars?"),
        (["--ids", "7"], "asset 7"),
        (["--ids", "GOOG"], "GOOG"),
    ],
)
def test_what_cannot_be_suggested_is_told(cli: Cli, arguments: list[str], words: str) -> None:
    done = cli("calendars", "suggest", *arguments)
    assert (done.code, words in done.err, done.err.count("\n")) == (2, True, 1), done.err
