"""Which calendar fits the days of an asset: counted as if every day were looked at."""

from __future__ import annotations

import gzip
from datetime import date, timedelta
from typing import Any

import pytest
from calendar_helpers import Calendar, Db, put_calendar
from calendar_helpers import shipped as shipped_here
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from loading import PRICES

from ta_lab2_sql import calendars

near = st.dates(date(2019, 1, 1), date(2020, 6, 30))
masks = st.text("01", min_size=7, max_size=7).filter(lambda mask: "1" in mask)
some_calendars = st.builds(
    Calendar,
    st.dictionaries(near, masks, min_size=1, max_size=3),
    st.dictionaries(near, st.sampled_from((True, False, None)), max_size=20),
)
MISMATCHES = "SELECT mismatches_of({}, d.days, days_by_weekday(d.days)) FROM (SELECT %s::date[]) AS d (days)"


def days_of(name: str) -> list[date]:
    """The days of a file of the fixtures, by their UTC dates."""
    lines = gzip.decompress((PRICES / name).read_bytes()).decode("utf-8-sig").splitlines()
    stamps = (line.split(";")[0].strip('"') for line in lines[1:])
    return sorted(date.fromisoformat(stamp[:10]) for stamp in stamps)


def fits(db: Db, days: list[date]) -> list[tuple[int, str]]:
    """Mismatches of all stored calendars with days, least first."""
    found = db.execute(
        f"SELECT ({MISMATCHES.format('a.clock')}), a.calendar FROM calendars_applied AS a".encode(), (days,)
    )
    return sorted((row[0], row[1]) for row in found)


def without(db: Db, days: list[date]) -> Any:
    """Mismatches when every day is a session."""
    row = db.execute(MISMATCHES.format("NULL::session_clock").encode(), (days,)).fetchone()
    return row[0] if row else None


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, phases=[Phase.generate]
)
@given(calendar=some_calendars, days=st.sets(near, min_size=1, max_size=60))
def test_mismatches_are_sessions_without_a_row_and_rows_on_none(
    db: Db, calendar: Calendar, days: set[date]
) -> None:
    with db.transaction(force_rollback=True):
        put_calendar(db, "C", calendar)
        wanted = set(calendar.sessions(min(days), max(days))) ^ days
        assert fits(db, sorted(days)) == [(len(wanted), "C")]
        assert without(db, sorted(days)) == (max(days) - min(days)).days + 1 - len(days)


def test_which_calendar_real_assets_are_on(db: Db) -> None:
    calendars.store(db, calendars.shipped())
    goog = days_of("GOOG_900001.csv.gz")
    assert (len(goog), without(db, goog)) == (2148, 969)
    assert fits(db, goog)[:4] == [(0, "XCBF"), (0, "XNYS"), (53, "IEPA"), (54, "CMES")]
    assert (76, "XAMS") in fits(db, goog)
    moved = [dict(map(reversed, fits(db, [d + timedelta(by) for d in goog])))["XNYS"] for by in (-1, 1)]
    assert sorted(moved) == [926, 927]
    # Few rows tell little: one session sets them apart.
    assert [n for n, _ in fits(db, goog[:60])][:3] == [0, 0, 1]
    for name, now, next_best in (("SOL_5426.csv.gz", 8, 334), ("BTC_1.csv.gz", 0, 1644)):
        days = days_of(name)
        assert without(db, days) == now
        assert fits(db, days)[0] == (now, "24/7")
        assert fits(db, days)[1][0] == next_best
    tokyo = shipped_here()["XTKS"].sessions(date(2019, 1, 1), date(2020, 12, 31))
    late = [day + timedelta(1) for day in tokyo]
    assert (len(late), dict(map(reversed, fits(db, late)))["XTKS"]) == (483, 219)
    assert dict(map(reversed, fits(db, tokyo)))["XTKS"] == 0


@pytest.mark.parametrize(
    ("rows", "now", "other", "is_better"),
    [(60, 11, 1, True), (59, 11, 1, False), (60, 10, 0, False), (60, 11, 2, False), (60, 20, 2, True)],
)
def test_only_what_fits_far_better_is_worth_a_word(
    db: Db, rows: int, now: int, other: int, is_better: bool
) -> None:
    assert db.execute("SELECT fits_better(%s, %s, %s)", (rows, now, other)).fetchone() == (is_better,)
