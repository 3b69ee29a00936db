"""Trading calendars in plain Python, written from the rules, and how tests put them into a database."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import psycopg

Db = psycopg.Connection[Any]
ONE_DAY = timedelta(1)


@dataclass(frozen=True)
class Calendar:
    """Weeks by their first day, and days that differ (None: as the week says)."""

    weeks: dict[date, str]
    exceptions: dict[date, bool | None] = field(default_factory=dict)

    def is_session(self, day: date) -> bool:
        """The exception's word, else the mask of the newest week that has begun, else of the first."""
        told = self.exceptions.get(day)
        if told is not None:
            return told
        begun = [d for d in self.weeks if d <= day]
        mask = self.weeks[max(begun) if begun else min(self.weeks)]
        return mask[day.weekday()] == "1"

    def sessions(self, first: date, last: date) -> list[date]:
        """All sessions from first to last."""
        days = (first + timedelta(i) for i in range((last - first).days + 1))
        return [day for day in days if self.is_session(day)]


def week(mask: str = "1111100", **exceptions: bool | None) -> Calendar:
    """A calendar of one week; exceptions as d2024_01_01=False."""
    return Calendar(
        {date(1970, 1, 1): mask},
        {date(*map(int, name[1:].split("_"))): told for name, told in exceptions.items()},
    )


@cache
def shipped() -> dict[str, Calendar]:
    """The calendars of the package, read without its code."""
    found: dict[str, Calendar] = {}
    data = files("ta_lab2_sql").joinpath("calendar_data/calendars.csv.gz").read_bytes()
    for row in csv.DictReader(gzip.decompress(data).decode().splitlines()):
        if row["kind"] == "calendar":
            found[row["calendar"]] = Calendar({})
        elif row["kind"] == "week":
            found[row["calendar"]].weeks[date.fromisoformat(row["first_day"])] = row["weekmask"]
        else:
            told = {"t": True, "f": False, "": None}[row["is_session"]]
            found[row["calendar"]].exceptions[date.fromisoformat(row["first_day"])] = told
    return found


def put_calendar(db: Db, name: str, calendar: Calendar, *, apply: bool = True) -> None:
    """Make a calendar what is given, by rows."""
    db.execute("INSERT INTO calendars (calendar) VALUES (%s) ON CONFLICT DO NOTHING", (name,))
    db.execute("DELETE FROM calendar_weeks WHERE calendar = %s", (name,))
    db.execute("DELETE FROM calendar_exceptions WHERE calendar = %s", (name,))
    cursor = db.cursor()
    cursor.executemany(
        "INSERT INTO calendar_weeks (calendar, from_day, weekmask) VALUES (%s, %s, %s)",
        [(name, day, mask) for day, mask in calendar.weeks.items()],
    )
    cursor.executemany(
        "INSERT INTO calendar_exceptions (calendar, day, is_session) VALUES (%s, %s, %s)",
        [(name, day, told) for day, told in calendar.exceptions.items()],
    )
    if apply:
        db.execute("SELECT calendars_apply(%s)", (name,))
