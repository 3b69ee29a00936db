"""Trading calendars out of files into their tables: the shipped ones, or a file in the same layout."""

from __future__ import annotations

import csv
import difflib
import gzip
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ta_lab2_sql.errors import WorkFailed, WrongUsage
from ta_lab2_sql.queries import query

if TYPE_CHECKING:
    import psycopg

SHIPPED = "calendars.csv.gz"
SHIPPED_SOURCE = "exchange_calendars 4.13.2"
COLUMNS = ("kind", "calendar", "tz", "weekmask", "first_day", "last_day", "is_session", "open", "close")
KINDS = ("calendar", "week", "day")
TOLD = {"t": True, "f": False, "": None}
CalendarRow = tuple[str, "str | None", "date | None", "date | None", "int | None"]
WeekRow = tuple[str, date, str, "str | None", "str | None"]
DayRow = tuple[str, date, "bool | None", "str | None", "str | None"]
# Assets whose days one statement holds against the calendars.
AT_ONCE = 200
NOBODY = "no calendar of that name is stored or shipped"


@dataclass(slots=True)
class CalendarFile:
    """The rows of a file: calendars (name, zone, first and last known day, rank), weeks (calendar, from day,
    mask, open, close) and days (calendar, day, whether it is a session, open, close)."""

    source: str
    calendars: list[CalendarRow] = field(default_factory=list)
    weeks: list[WeekRow] = field(default_factory=list)
    days: list[DayRow] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The calendars in it."""
        return [row[0] for row in self.calendars]

    def only(self, names: Iterable[str]) -> CalendarFile:
        """The same of some calendars."""
        wanted = set(names)
        return CalendarFile(
            self.source,
            [row for row in self.calendars if row[0] in wanted],
            [row for row in self.weeks if row[0] in wanted],
            [row for row in self.days if row[0] in wanted],
        )


def shipped() -> CalendarFile:
    """The calendars of the package."""
    data = files("ta_lab2_sql").joinpath(f"calendar_data/{SHIPPED}").read_bytes()
    return _parse(gzip.decompress(data).decode(), SHIPPED, SHIPPED_SOURCE)


def read(path: Path) -> CalendarFile:
    """The calendars of a file in the layout of the shipped one, compressed or not.

    Raises WorkFailed naming the line that can't be read.
    """
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig")
    except (gzip.BadGzipFile, EOFError, UnicodeDecodeError) as error:
        raise WorkFailed(f"can't be read as CSV in UTF-8 ({error})", str(path), "correct the file") from None
    return _parse(text, str(path), path.name)


def _parse(text: str, where: str, source: str) -> CalendarFile:
    lines = csv.DictReader(text.splitlines())
    missing = [name for name in COLUMNS if name not in (lines.fieldnames or ())]
    if missing:
        raise WorkFailed(
            f"the header lacks {', '.join(missing)}", where, f"the columns are {','.join(COLUMNS)}"
        )
    found = CalendarFile(source)
    told: set[tuple[str, str, str]] = set()
    for line in lines:
        try:
            _take(found, line)
            key = (line["kind"], line["calendar"], line["first_day"] if line["kind"] != "calendar" else "")
            if key in told:
                raise ValueError(f"{' '.join(filter(None, key))} stands there twice")
            told.add(key)
        except ValueError as error:
            raise WorkFailed(str(error), f"{where}, line {lines.line_num}", "correct the file") from None
    if not told:
        raise WorkFailed("it holds no calendar", where, "a line 'calendar', its weeks and its days make one")
    known = set(found.names)
    for name in dict.fromkeys(row[0] for row in (*found.weeks, *found.days)):
        if name not in known:
            raise WorkFailed(f"weeks or days of '{name}', which has no line 'calendar'", where, "add it")
    for name in sorted(known - {row[0] for row in found.weeks}):
        raise WorkFailed(f"calendar '{name}' has no line 'week'", where, f"add week,{name},,1111100,..")
    return found


def _take(found: CalendarFile, line: dict[str, Any]) -> None:
    """Add one line; ValueError says what is wrong with it."""
    kind, name = line["kind"], line["calendar"]
    if kind not in KINDS or not name:
        raise ValueError(f"kind '{kind}' of calendar '{name}'; kinds are {', '.join(KINDS)}")
    first = date.fromisoformat(line["first_day"]) if line["first_day"] else None
    opens, closes = line["open"] or None, line["close"] or None
    if kind == "calendar":
        last = date.fromisoformat(line["last_day"]) if line["last_day"] else None
        rank = int(line["rank"]) if line.get("rank") else None
        found.calendars.append((name, line["tz"] or None, first, last, rank))
        return
    if first is None:
        raise ValueError(f"a {kind} of calendar '{name}' without a day")
    if kind == "week":
        check_week(line["weekmask"])
        found.weeks.append((name, first, line["weekmask"], opens, closes))
        return
    if line["is_session"] not in TOLD:
        raise ValueError(f"is_session is '{line['is_session']}'; it is t, f or empty")
    found.days.append((name, first, TOLD[line["is_session"]], opens, closes))


def check_week(mask: str) -> None:
    """Refuse what is no weekmask with a ValueError."""
    if not re.fullmatch("[01]{7}", mask) or "1" not in mask:
        raise ValueError(f"'{mask}' is no week: seven of 0 and 1, Monday first, like 1111100")


def store(
    connection: psycopg.Connection[Any], found: CalendarFile, *, replace: bool = False
) -> list[dict[str, Any]]:
    """Make the calendars of a file what it says, in the caller's transaction, and apply them.

    Exceptions that a person made stay, unless `replace`. Returns a row per calendar: its known range, number
    of exceptions, those by hand, its version and the days that changed.
    """
    from psycopg.rows import dict_row

    names = found.names
    calendars = _columns(found.calendars, ("calendars", "zones", "first_days", "last_days", "ranks"))
    connection.execute(query("calendars/import_calendars"), {"source": found.source, **calendars})
    weeks = _columns(found.weeks, ("calendars", "from_days", "weekmasks", "opens", "closes"))
    connection.execute(query("calendars/import_fewer_weeks"), {"names": names, **weeks})
    connection.execute(query("calendars/import_weeks"), weeks)
    days = _columns(found.days, ("calendars", "days", "is_session", "opens", "closes"))
    asked = {"names": names, "replace": replace, **days}
    held = "SELECT 1 FROM calendar_exceptions AS e WHERE e.calendar = ANY(%s::text[]) LIMIT 1"
    if connection.execute(held, (names,)).fetchone():
        connection.execute(query("calendars/import_fewer_days"), asked)
    connection.execute(query("calendars/import_days"), asked)
    applied = apply(connection)
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query("calendars/imported"), {"names": names}).fetchall()
    return [{**row, "days changed": applied.get(row["calendar"], 0)} for row in rows]


def _columns(rows: Sequence[tuple[Any, ...]], names: Sequence[str]) -> dict[str, list[Any]]:
    """Rows as one list a column."""
    return {name: [row[number] for row in rows] for number, name in enumerate(names)}


def apply(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Apply what was edited; the number of days that changed of each calendar that did."""
    return {
        name: changed
        for name, _, changed in connection.execute("SELECT * FROM calendars_apply() ORDER BY calendar")
    }


def ensure(connection: psycopg.Connection[Any], names: Iterable[str], say: Callable[[str], None]) -> None:
    """Import the shipped calendars among `names` that aren't stored yet, and say so.

    In the caller's transaction. Raises WrongUsage for an unknown name, with the nearest.
    """
    wanted = list(dict.fromkeys(names))
    stored = {name for (name,) in connection.execute("SELECT calendar FROM calendars")}
    missing = [name for name in wanted if name not in stored]
    if not missing:
        return
    offered = shipped()
    for name in missing:
        if name not in offered.names:
            raise unknown(name, stored | set(offered.names))
    store(connection, offered.only(missing))
    for name in missing:
        say(f"imported calendar {name} ({offered.source})")


def suggest(
    connection: psycopg.Connection[Any], ids: Sequence[int], among: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """The calendar that fits assets far better than what is set: stored and shipped ones are looked at, or
    those of `among`.

    A row per asset with validated days: id, symbol, days, calendar and mismatches as it is now; suggested
    and its mismatches (left), None when nothing is that much better; ties, others that leave as many. The
    one suggested stands first by rank. Raises WrongUsage for an unknown name in `among`, with the nearest.
    """
    from psycopg.rows import dict_row

    stored = {name for (name,) in connection.execute("SELECT calendar FROM calendars")}
    offered = shipped()
    for name in among or ():
        if name not in stored and name not in offered.names:
            raise unknown(name, stored | set(offered.names))
    offered = offered.only(name for name in offered.names if name not in stored)
    asked: dict[str, Any] = {"among": None if among is None else list(among)}
    for rows, kind, columns in (
        (offered.calendars, "", ("names", "zones", "first_days", "last_days", "ranks")),
        (offered.weeks, "week_", ("of", "from_days", "masks", "opens", "closes")),
        (
            [row for row in offered.days if row[2] is not None],
            "day_",
            ("of", "days", "told", "opens", "closes"),
        ),
    ):
        asked |= {kind + name: values for name, values in _columns(rows, columns).items()}
    found = []
    with connection.cursor(row_factory=dict_row) as cursor:
        for begin in range(0, len(ids), AT_ONCE):
            asked["ids"] = list(ids[begin : begin + AT_ONCE])
            found += cursor.execute(query("calendars/suggest"), asked).fetchall()
    return found


def assign(connection: psycopg.Connection[Any], chosen: dict[int, str], say: Callable[[str], None]) -> None:
    """Put each asset on a calendar, in the caller's transaction, importing as `ensure` does."""
    ensure(connection, chosen.values(), say)
    for name in dict.fromkeys(chosen.values()):
        ids = [asset for asset, of in chosen.items() if of == name]
        connection.execute("SELECT set_assets(%s::int[], %s::jsonb)", (ids, json.dumps({"calendar": name})))


def ends(connection: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    """The calendars that know less than 31 days after the newest day of an asset that is on them.

    A row each: calendar, last_day (that it knows), newest (day of those assets), has_ended, assets, source.
    """
    from psycopg.rows import dict_row

    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query("calendars/ends"), {}).fetchall()


def told_end(row: dict[str, Any]) -> str:
    """A row of `ends` in words."""
    known = f"{row['calendar']} knows no day after {row['last_day']}"
    assets = f"{row['assets']} asset{'s' if row['assets'] > 1 else ''}"
    reach = f"{assets} on it, newest day {row['newest']}"
    return f"{known}, {reach}; {'from there on' if row['has_ended'] else 'then'} its week alone rules"


def unknown(name: str, names: Iterable[str]) -> WrongUsage:
    """The refusal of a name, with the nearest."""
    near = difflib.get_close_matches(name.upper(), sorted(names), n=3, cutoff=0.4)
    todo = f"did you mean {' or '.join(near)}?" if near else "ta-lab2 calendars lists those stored"
    return WrongUsage(f"unknown calendar '{name}'", NOBODY, todo)
