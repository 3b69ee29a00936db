"""Bars of assets on a trading calendar, after changes of days and of calendars in any order."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest
from bars_helpers import (
    FAMILIES,
    Db,
    accepted,
    copy_raw,
    differences,
    expected,
    only,
    put,
    refresh,
    rows,
    shown,
    take_away,
)
from bars_oracle import COLUMNS, Raw, bits, raw_day, snapshots
from calendar_helpers import Calendar, put_calendar, shipped, week

from .series import close_of, load
from .series import days_of as days_of_series

TIMEFRAMES = (
    *("2D", "5D", "30D", "1W_CAL_US", "1W_CAL_ISO", "2W_CAL_ISO", "1M_CAL", "3M_CAL", "1Y_CAL"),
    *("1W_CAL_ANCHOR_US", "1W_CAL_ANCHOR_ISO", "3W_CAL_ANCHOR_US", "1M_CAL_ANCHOR", "3M_CAL_ANCHOR"),
)
SHAPE = (
    *("tf", "bar_seq", "time_open", "time_close", "high", "low", "volume", "pos_in_bar", "is_partial_end"),
    *("count_days_remaining", "count_missing_days_start", "count_missing_days_interior"),
    *("count_missing_days_end", "first_missing_day", "last_missing_day"),
)
PLACES = [COLUMNS.index(name) for name in SHAPE]


def stored(db: Db, asset: int = 1) -> list[tuple[Any, ...]]:
    """What bars hold, in the columns of SHAPE."""
    found = rows(
        db,
        """SELECT tf, bar_seq, time_open, time_close, high, low, volume, last_row - first_row + 1,
               NOT is_closed, days_remaining, missing_start, missing_interior, missing_end,
               first_missing_day, last_missing_day
           FROM bars WHERE id = %s ORDER BY tf, bar_seq""",
        asset,
    )
    return [bits(row) for row in found]


def wanted(
    raws: list[Raw], calendar: Calendar | None, tfs: tuple[str, ...] = TIMEFRAMES
) -> list[tuple[Any, ...]]:
    """The newest snapshot of each bar."""
    found = {}
    for tf in tfs:
        for row in snapshots(accepted(raws), tf, calendar=calendar):
            found[row[1], row[3]] = bits(tuple(row[place] for place in PLACES))
    return sorted(found.values(), key=lambda row: (row[0], row[1]))


def difference(found: list[Any], expected: list[Any]) -> list[str]:
    """The first rows that differ, short."""
    a, b = {row[:2]: row for row in found}, {row[:2]: row for row in expected}
    lines = []
    for key in sorted(a.keys() | b.keys()):
        if a.get(key) != b.get(key):
            x, y = a.get(key), b.get(key)
            columns = (
                [] if x is None or y is None else [n for n, p, q in zip(SHAPE, x, y, strict=True) if p != q]
            )
            lines.append(f"{key} {columns}: {x} instead of {y}")
    return lines[:6]


def assign(db: Db, calendar: str | None, asset: int = 1) -> None:
    """Put an asset on a calendar."""
    db.execute(
        """INSERT INTO assets (id, calendar) VALUES (%s, %s)
           ON CONFLICT (id) DO UPDATE SET calendar = excluded.calendar""",
        (asset, calendar),
    )


def days_of(
    calendar: Calendar, first: date, last: date, chance: random.Random, extra: float, lacking: float
) -> list[Raw]:
    """Rows on most sessions and on some other days."""
    every = (first + timedelta(i) for i in range((last - first).days + 1))
    return [
        raw_day(day, 10 + day.day % 5, 20 + day.day % 4, 1 + day.day % 3, 11 + day.day % 6, 0.1 * day.day)
        for day in every
        if (chance.random() >= lacking if calendar.is_session(day) else chance.random() < extra)
    ]


def some_calendar(chance: random.Random, first: date) -> Calendar:
    """Weeks and exceptions around a day."""
    mask = chance.choice(["1111100", "1111100", "1111101", "1111001", "0000011", "1010100", "1111111"])
    weeks = {date(1970, 1, 1): mask}
    if chance.random() < 0.4:
        weeks[first + timedelta(chance.randrange(80))] = chance.choice(["1111100", "1111110", "0111110"])
    exceptions = {
        first + timedelta(chance.randrange(-20, 130)): chance.choice([True, False, False, None])
        for _ in range(chance.randrange(12))
    }
    closing = first + timedelta(chance.randrange(-10, 90))
    exceptions |= {closing + timedelta(i): False for i in range(chance.choice([0, 0, 3, 11]))}
    return Calendar(weeks, exceptions)


@pytest.mark.parametrize("seed", range(2))
def test_single_days_of_a_calendar_write_only_the_bars_that_hold_them(db: Db, seed: int) -> None:
    """With a row on the day, without one, at the edges of bars and of the asset; there and back again."""
    chance = random.Random(seed)
    only(db, *TIMEFRAMES)
    first = date(2020, 1, 1) + timedelta(seed)
    calendar = some_calendar(chance, first)
    raws = days_of(calendar, first, first + timedelta(100), chance, 0.1, 0.15)
    put_calendar(db, "A", calendar)
    assign(db, "A")
    put(db, raws)
    refresh(db, "all")
    for _ in range(25):
        before = {row[:2]: row for row in rows(db, "SELECT tf, bar_seq, xmin::text FROM bars")}
        bars = {row[:2]: row for row in stored(db)}
        days = chance.sample(range(-6, 108), chance.choice([1, 1, 1, 1, 2]))
        for day in [*days, days[0]] if chance.random() < 0.1 else days:
            told = first + timedelta(day)
            calendar = Calendar(calendar.weeks, {**calendar.exceptions, told: not calendar.is_session(told)})
            put_calendar(db, "A", calendar, apply=True)
        result = refresh(db, "all")
        expect = wanted(raws, calendar)
        assert difference(stored(db), expect) == [], (days, result)
        others = {row[:2] for row in expect if row != bars.get(row[:2])}
        written = {
            row[:2]
            for row in rows(db, "SELECT tf, bar_seq, xmin::text FROM bars")
            if row != before.get(row[:2])
        }
        assert written == others, days
        assert sum(row.bars_written for name, row in result.items() if name != "1d") == len(others)


@pytest.mark.parametrize("seed", range(6))
def test_any_sequence_of_changes_leads_to_the_same_bars(db: Db, seed: int) -> None:
    """Days appended, put in and taken out; the calendar edited, exchanged and taken away."""
    chance = random.Random(seed)
    only(db, *TIMEFRAMES)
    first = date(2020, 1, 1) + timedelta(chance.randrange(40))
    named: dict[str | None, Calendar | None] = {None: None}
    for name in ("A", "B"):
        named[name] = some_calendar(chance, first)
        put_calendar(db, name, named[name] or week())
    now: str | None = chance.choice(["A", "B", None])
    assign(db, now)
    raws: list[Raw] = []
    last = first
    for _ in range(30):
        what = chance.choice(
            ["append", "one", "one", "one", "place", "remove", "edit", "edit", "week", "assign"]
        )
        calendar = named[now] or week("1111111")
        if what == "append" or not raws:
            until = last + timedelta(chance.randrange(1, 30))
            new = days_of(calendar, last, until, chance, 0.1, 0.08)
            put(db, new)
            raws, last = [*raws, *new], until + timedelta(1)
        elif what == "one":
            last = last + timedelta(chance.choice([0, 0, 0, 1, 2]))
            new = [raw_day(last, 10, 21, 2, 12, 0.7)]
            put(db, new)
            raws, last = [*raws, *new], last + timedelta(1)
        elif what == "place":
            day = first + timedelta(chance.randrange(-8, (last - first).days))
            if not any(raw.timestamp.date() == day for raw in raws):
                new = [raw_day(day, 10, 22, 3, 12, 0.4)]
                put(db, new)
                raws = [*raws, *new]
        elif what == "remove":
            gone = chance.sample(raws, min(len(raws) - 1, chance.choice([1, 1, 3])))
            take_away(db, gone)
            raws = [raw for raw in raws if raw not in gone]
        elif what == "edit" and now is not None:
            day = first + timedelta(chance.randrange(-20, (last - first).days + 20))
            told = chance.choice([True, False, None])
            named[now] = Calendar(calendar.weeks, {**calendar.exceptions, day: told})
            put_calendar(db, now, named[now] or week(), apply=chance.random() < 0.5)
        elif what == "week" and now is not None and chance.random() < 0.4:
            named[now] = Calendar(
                {date(1970, 1, 1): chance.choice(["1111100", "1111110"])}, calendar.exceptions
            )
            put_calendar(db, now, named[now] or week(), apply=False)
        elif what == "assign" and chance.random() < 0.5:
            now = chance.choice(["A", "B", None])
            assign(db, now)
        if chance.random() < 0.75:
            result = refresh(db, "all")
            assert difference(stored(db), wanted(raws, named[now])) == [], (what, result)
            for family in FAMILIES:
                expect = expected(db, raws, family, calendar=named[now])
                assert differences(shown(db, family), expect) == [], (what, family)
            again = refresh(db, "all")
            assert {row.action for row in again.values()} == {"noop"}, what


def weekdays(first: str, last: str, without: str = "", more: str = "") -> list[Raw]:
    """Rows from Monday to Friday but those left out, and some more."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    every = [start + timedelta(i) for i in range((end - start).days + 1)]
    days = [d for d in every if d.weekday() < 5 and str(d) not in without.split()]
    return [raw_day(d, 10, 20, 1, 11) for d in sorted(days + [date.fromisoformat(x) for x in more.split()])]


def shape(db: Db, tf: str, day: str) -> str:
    """A snapshot in short: bar (offset), position, partial start and end, left, missing and where."""
    found = rows(
        db,
        """SELECT bar_seq || coalesce('+' || bar_anchor_offset, ''), count_days,
               left(is_partial_start::text, 1) || left(is_partial_end::text, 1), count_days_remaining,
               count_missing_days, concat_ws(' ', count_missing_days_start, count_missing_days_interior,
               count_missing_days_end), missing_days_where, to_char(first_missing_day, 'MM-DD'),
               to_char(last_missing_day, 'MM-DD'), is_missing_days
           FROM bar_snapshots(1, %s) WHERE (time_close AT TIME ZONE 'UTC')::date = %s""",
        *(tf, day),
    )
    ((bar, pos, flags, left, missing, parts, where, first, last, is_missing),) = found
    assert is_missing == (missing > 0) == (where is not None) == (first is not None)
    return f"{bar} {pos} {flags} {left} {missing}" + (f" ({parts}) {where} {first} {last}" if missing else "")


def check(db: Db, calendar: str, raws: list[Raw], wanted: str) -> None:
    """Rows of an asset on a calendar, and snapshots: timeframe, day and their shape, a line each.

    The calendar is a shipped one, the mask of a week, or `week`; '': none.
    """
    if calendar:
        mask = calendar if set(calendar) <= {"0", "1"} else "1111100"
        put_calendar(db, calendar, shipped().get(calendar) or week(mask))
    assign(db, calendar or None)
    take_away(db, [r for r in raws if False])
    db.execute("DELETE FROM cmc_price_histories7")
    put(db, raws)
    refresh(db)
    for line in wanted.strip().splitlines():
        tf, day, told = line.strip().split(" ", 2)
        assert shape(db, tf, day) == told, f"{tf} {day}"


def test_good_friday(db: Db) -> None:
    only(db, *TIMEFRAMES)
    raws = weekdays("2024-03-20", "2024-03-28")
    check(
        db, "XNYS", raws,
        """1W_CAL_ISO 2024-03-27 1 3 ft 1 0
           1W_CAL_ISO 2024-03-28 1 4 ff 0 0
           1M_CAL_ANCHOR 2024-03-28 1+0 7 tf 0 0""",
    )  # fmt: skip
    check(
        db, "XNYS", [*raws, *weekdays("2024-04-01", "2024-04-01")],
        """1W_CAL_ISO 2024-03-28 1 4 ff 0 0
           1W_CAL_ANCHOR_US 2024-03-22 1+0 3 tf 0 0
           1W_CAL_ANCHOR_US 2024-03-25 2+7 1 ft 3 0
           1M_CAL_ANCHOR 2024-03-25 1+0 4 tt 3 0
           1M_CAL_ANCHOR 2024-04-01 2+31 1 ft 21 0""",
    )  # fmt: skip


def test_first_whole_units(db: Db) -> None:
    only(db, *TIMEFRAMES, "5Y_CAL")
    raws = weekdays("2024-01-02", "2024-02-02", "2024-01-15")
    check(
        db, "XNYS", raws,
        """1W_CAL_US 2024-01-02 1 1 ft 3 0
           1M_CAL 2024-01-31 1 21 ff 0 0
           1Y_CAL 2024-01-02 1 1 ft 251 0
           1M_CAL_ANCHOR 2024-01-02 1+0 1 ft 20 0
           1M_CAL_ANCHOR 2024-01-31 1+0 21 ff 0 0""",
    )  # fmt: skip
    put_calendar(db, "XTKS", shipped()["XTKS"])
    for first, tf, calendar, begins in (
        ("2024-01-02", "1W_CAL_US", "XNYS", "2023-12-31"),
        ("2024-01-02", "1W_CAL_US", None, "2024-01-07"),
        ("2024-01-02", "1W_CAL_ISO", "XNYS", "2024-01-01"),
        ("2024-01-02", "1W_CAL_ISO", None, "2024-01-08"),
        ("2024-01-02", "1M_CAL", "XNYS", "2024-01-01"),
        ("2024-01-02", "1M_CAL", None, "2024-02-01"),
        ("2024-01-02", "1Y_CAL", "XNYS", "2024-01-01"),
        ("2024-01-02", "1Y_CAL", None, "2025-01-01"),
        *(
            (first, tf, calendar, begins)
            for first, tf, begins in (
                ("2024-01-03", "1W_CAL_US", "2024-01-07"),
                ("2024-01-03", "1M_CAL", "2024-02-01"),
                ("2024-01-03", "1Y_CAL", "2025-01-01"),
            )
            for calendar in (None, "XNYS")
        ),
        ("2000-01-03", "1Y_CAL", "XNYS", "2000-01-01"),
        ("2000-01-03", "1Y_CAL", None, "2001-01-01"),
        ("2000-01-03", "5Y_CAL", "XNYS", "2000-01-01"),
        ("2000-01-03", "5Y_CAL", None, "2001-01-01"),
        # After a golden week: the week of the first row, not the empty one before it.
        ("2019-05-07", "1W_CAL_ISO", "XTKS", "2019-05-06"),
        ("2019-05-07", "1W_CAL_ISO", None, "2019-05-13"),
    ):
        found = rows(
            db,
            """SELECT window_start FROM bar_windows(%s, %s, %s::date + 4000, NULL, %s)
               ORDER BY bar_seq LIMIT 1""",
            *(tf, first, first, calendar),
        )
        assert found == [(date.fromisoformat(begins),)], (first, tf, calendar)


def test_an_extra_saturday_moves_the_close(db: Db) -> None:
    only(db, *TIMEFRAMES)
    raws = weekdays("2024-01-15", "2024-01-19")
    check(db, "week", raws, "1W_CAL_ISO 2024-01-19 1 5 ff 0 0")
    put(db, weekdays("2024-01-20", "2024-01-20", more="2024-01-20"))
    assert {row.action for row in refresh(db).values()} == {"append"}
    assert shape(db, "1W_CAL_ISO", "2024-01-19") == "1 5 ft 0 0"
    assert shape(db, "1W_CAL_ISO", "2024-01-20") == "1 6 ff 0 0"
    put(db, weekdays("2024-01-22", "2024-01-22"))
    refresh(db)
    assert shape(db, "1W_CAL_ISO", "2024-01-20") == "1 6 ff 0 0"


def test_bars_of_rows_count_sessions_as_missing(db: Db) -> None:
    only(db, *TIMEFRAMES)
    raws = weekdays("2024-01-11", "2024-01-22", "2024-01-15 2024-01-18")
    check(
        db, "XNYS", raws,
        """5D 2024-01-16 1 3 ft 2 0
           5D 2024-01-19 1 5 ff 0 1 (0 1 0) interior 01-18 01-18
           5D 2024-01-22 2 1 ft 4 0""",
    )  # fmt: skip
    # Without a calendar the weekend and the holiday lack, too.
    check(
        db, "", raws,
        """5D 2024-01-16 1 3 ft 2 3 (0 3 0) interior 01-13 01-15
           5D 2024-01-19 1 5 ff 0 4 (0 4 0) interior 01-13 01-18
           5D 2024-01-22 2 1 ft 4 0""",
    )  # fmt: skip
    raws = weekdays("2024-01-11", "2024-01-22", "2024-01-15 2024-01-18", "2024-01-13")
    check(db, "XNYS", raws, "5D 2024-01-17 1 5 ff 0 0\n5D 2024-01-22 2 2 ft 3 0")


def test_windows_without_rows_or_without_sessions(db: Db) -> None:
    only(db, *TIMEFRAMES)
    raws = [raw_day(day, 10, 20, 1, 11) for day in ("2024-01-08", "2024-01-20", "2024-01-22")]
    check(
        db, "week", raws,
        """1W_CAL_ISO 2024-01-08 1 1 ff 0 4 (0 0 4) end 01-09 01-12
           1W_CAL_ISO 2024-01-20 2 1 ff 0 5 (5 0 0) start 01-15 01-19
           1W_CAL_ISO 2024-01-22 3 1 ft 4 0""",
    )  # fmt: skip
    golden = weekdays("2019-04-22", "2019-04-26") + weekdays("2019-05-07", "2019-05-07")
    check(db, "XTKS", golden, "1W_CAL_ISO 2019-04-26 1 5 ff 0 0\n1W_CAL_ISO 2019-05-07 3 1 ft 3 0")
    check(
        db, "XTKS", [*golden, raw_day("2019-04-30", 10, 20, 1, 11)],
        """1W_CAL_ISO 2019-04-26 1 5 ff 0 0
           1W_CAL_ISO 2019-04-30 2 1 ff 0 0
           1W_CAL_ISO 2019-05-07 3 1 ft 3 0""",
    )  # fmt: skip


def test_september_2001(db: Db) -> None:
    """Four days that nobody knew of before: neither missing nor to come, also on the 10th."""
    only(db, *TIMEFRAMES)
    raws = weekdays("2001-09-04", "2001-09-10")
    check(db, "XNYS", raws, "1W_CAL_ISO 2001-09-10 2 1 ff 0 0\n1M_CAL_ANCHOR 2001-09-10 1+0 5 ft 10 0")
    check(
        db, "XNYS", [*raws, *weekdays("2001-09-17", "2001-09-17")],
        "1M_CAL_ANCHOR 2001-09-17 1+0 6 ft 9 0\n1W_CAL_ISO 2001-09-10 2 1 ff 0 0",
    )  # fmt: skip
    check(
        db, "week", [*raws, *weekdays("2001-09-17", "2001-09-17")],
        "1W_CAL_ISO 2001-09-10 1 1 ff 0 4 (0 0 4) end 09-11 09-14",
    )  # fmt: skip


def test_weeks_of_sunday_to_thursday_and_of_currencies(db: Db) -> None:
    only(db, *TIMEFRAMES)
    days = [date(2024, 1, 7) + timedelta(i) for i in range(8)]
    sundays = [raw_day(d, 10, 20, 1, 11) for d in days if d.weekday() not in (4, 5)]
    check(
        db, "XSAU", sundays,
        """1W_CAL_US 2024-01-07 1 1 ft 4 0
           1W_CAL_US 2024-01-11 1 5 ff 0 0
           1W_CAL_ISO 2024-01-11 1 4 ft 1 0
           1W_CAL_ISO 2024-01-14 1 5 ff 0 0""",
    )  # fmt: skip
    currency = [raw_day(d, 10, 20, 1, 11) for d in days if d.weekday() != 5]
    check(
        db, "1111101", currency,
        """1W_CAL_US 2024-01-07 1 1 ft 5 0
           1W_CAL_US 2024-01-11 1 5 ft 1 0
           1W_CAL_US 2024-01-12 1 6 ff 0 0
           1W_CAL_ISO 2024-01-12 1 5 ft 1 0
           1W_CAL_ISO 2024-01-14 1 6 ff 0 0""",
    )  # fmt: skip


def test_half_days_are_sessions_like_others(db: Db) -> None:
    only(db, *TIMEFRAMES)
    raws = weekdays("2024-07-01", "2024-07-05", "2024-07-04")
    check(db, "XNYS", raws, "1W_CAL_ISO 2024-07-03 1 3 ft 1 0\n1W_CAL_ISO 2024-07-05 1 4 ff 0 0")
    raws = weekdays("2024-11-25", "2024-11-29", "2024-11-28 2024-11-29") + weekdays(
        "2024-12-02", "2024-12-24"
    )
    check(
        db, "XNYS", raws,
        """1W_CAL_ISO 2024-11-27 1 3 ff 0 1 (0 0 1) end 11-29 11-29
           1W_CAL_ISO 2024-12-23 5 1 ft 3 0
           1W_CAL_ISO 2024-12-24 5 2 ft 2 0""",
    )  # fmt: skip


def test_a_first_row_on_no_session(db: Db) -> None:
    only(db, *TIMEFRAMES)
    raws = weekdays("2024-01-01", "2024-01-31", "2024-01-15")
    check(
        db, "XNYS", raws,
        """1M_CAL_ANCHOR 2024-01-01 1+0 1 ft 21 0
           1M_CAL_ANCHOR 2024-01-02 1+0 2 ft 20 0
           1M_CAL_ANCHOR 2024-01-31 1+0 22 ff 0 0
           1M_CAL 2024-01-31 1 22 ff 0 0""",
    )  # fmt: skip
    raws = [raw_day("2024-01-06", 10, 20, 1, 11), *weekdays("2024-01-08", "2024-01-08")]
    check(
        db, "XNYS", raws,
        "1W_CAL_ANCHOR_ISO 2024-01-06 1+0 1 tf 0 0\n1W_CAL_ISO 2024-01-08 1 1 ft 4 0",
    )  # fmt: skip


def test_a_calendar_that_is_extended_touches_only_its_bars(db: Db) -> None:
    only(db, *TIMEFRAMES)
    known = shipped()["XNYS"]
    later = {date(2024, 12, 25), date(2025, 1, 1), date(2025, 1, 9)}
    until = {d: told for d, told in known.exceptions.items() if d <= date(2024, 12, 24)}
    put_calendar(db, "XNYS", Calendar(known.weeks, until))
    assign(db, "XNYS")
    sessions = known.sessions(date(2024, 10, 1), date(2025, 1, 10))
    raws = [raw_day(day, 10, 20, 1, 11) for day in sessions if day not in later]
    put(db, raws)
    refresh(db)
    assert shape(db, "1W_CAL_ISO", "2024-12-24").split()[3:5] == ["3", "0"]
    assert shape(db, "1W_CAL_ISO", "2024-12-27").split()[3:] == [
        "0",
        "1",
        "(0",
        "1",
        "0)",
        "interior",
        "12-25",
        "12-25",
    ]
    before = {row[:2]: row for row in stored(db)}
    places = dict(rows(db, "SELECT tf || bar_seq, xmin::text FROM bars"))
    for day in later:
        db.execute(
            "INSERT INTO calendar_exceptions (calendar, day, is_session) VALUES ('XNYS', %s, false)", (day,)
        )
    result = refresh(db)
    assert {row.family: row.action for row in result.values()} == {
        "1d": "noop",
        **dict.fromkeys(FAMILIES, "revise"),
    }
    assert shape(db, "1W_CAL_ISO", "2024-12-24").split()[3:] == ["2", "0"]
    assert shape(db, "1W_CAL_ISO", "2024-12-27").split()[3:] == ["0", "0"]
    assert shape(db, "1W_CAL_ISO", "2024-12-31").split()[3:] == ["2", "0"]
    after = {row[:2]: row for row in stored(db)}
    written = {
        key for key, place in rows(db, "SELECT tf || bar_seq, xmin::text FROM bars") if places[key] != place
    }
    assert written == {f"{tf}{bar}" for (tf, bar), row in after.items() if before[tf, bar] != row}
    touched = {"5D": {13, 14}, "1W_CAL_ISO": {12, 13, 14}, "1M_CAL": {3, 4}, "3M_CAL_ANCHOR": {1, 2}}
    for tf, bars in touched.items():
        assert {
            int(key.removeprefix(tf)) for key in written if key.startswith(tf) and key[len(tf) :].isdigit()
        } <= bars
    assert sum(row.bars_written for row in result.values()) == len(written)
    assert {row.action for row in refresh(db).values()} == {"noop"}
    # A day that lies in no window of the asset is no work.
    db.execute(
        "INSERT INTO calendar_exceptions (calendar, day, is_session) VALUES ('XNYS', '2031-01-09', false)"
    )
    state = rows(db, "SELECT xmin::text FROM bars_state")
    assert {row.action for row in refresh(db).values()} == {"noop"}
    assert rows(db, "SELECT xmin::text FROM bars_state") == state


def emas(db: Db, asset: int) -> list[str]:
    """All rows of all EMA relations."""
    found = rows(
        db,
        "SELECT (to_jsonb(u) - 'id')::text FROM cmc_ema_multi_tf_u AS u WHERE id = %s ORDER BY 1",
        asset,
    )
    return [text for (text,) in found]


def ema(db: Db, day: str) -> tuple[Any, ...]:
    """roll, ema, ema_bar, d1_bar of cal_iso, 1W_CAL_ISO, period 6."""
    ((roll, value, bar, step),) = rows(
        db,
        """SELECT roll, ema, ema_bar, d1_bar FROM cmc_ema_multi_tf_cal_iso
           WHERE id = 1 AND tf = '1W_CAL_ISO' AND period = 6 AND (ts AT TIME ZONE 'UTC')::date = %s""",
        day,
    )
    return roll, value, bar, step


def test_emas_of_a_stock_are_canonical_on_its_last_session(db: Db) -> None:
    """Series W of the worked examples, on a calendar of weekdays."""
    only(db, "1W_CAL_ISO")
    put_calendar(db, "week", week())
    assign(db, None)
    days = days_of_series("W79")
    load(db, 1, [(day, close_of(i)) for i, day in enumerate(days[:78])])
    refresh_emas(db)
    assert ema(db, "2020-02-28") == (True, 153.9751608769589, 155.95025533934975, None)
    assign(db, "week")
    refresh_emas(db)
    closed = (False, 153.9751608769589, 154.20673156181553, 2.157307375273774)
    assert ema(db, "2020-02-28") == closed
    load(db, 1, [(days[78], close_of(78))])
    refresh_emas(db)
    assert ema(db, "2020-02-28") == closed
    assert ema(db, "2020-03-02") == (True, 153.97166502221665, 154.19246497754506, None)
    db.execute("DELETE FROM cmc_price_histories7 WHERE timestamp > '2020-03-01'")
    load(db, 1, [(date(2020, 2, 29), close_of(78))])
    refresh_emas(db)
    assert ema(db, "2020-02-28") == (True, 153.9751608769589, 155.95025533934975, None)
    assert ema(db, "2020-02-29") == (False, 153.97166502221665, 152.5781601332441, 0.5287359467023407)


@pytest.mark.parametrize("seed", range(3))
def test_emas_of_any_sequence_are_those_of_a_build_from_nothing(db: Db, seed: int) -> None:
    chance = random.Random(100 + seed)
    only(db, "2D", "1W_CAL_ISO", "1W_CAL_US", "1M_CAL", "2W_CAL_ANCHOR_ISO", "1M_CAL_ANCHOR")
    db.execute("DELETE FROM dim_period WHERE period > 9")
    db.execute("INSERT INTO dim_period (period) VALUES (1), (2)")
    first = date(2020, 1, 1) + timedelta(chance.randrange(9))
    calendar = some_calendar(chance, first)
    put_calendar(db, "A", calendar)
    assign(db, "A")
    last = first
    for step in range(26):
        what = chance.choice(["one", "one", "one", "extra", "append", "edit", "assign", "place"])
        if what == "assign" and chance.random() < 0.4:
            assign(db, chance.choice(["A", None]))
        elif what == "edit":
            day = first + timedelta(chance.randrange(-9, (last - first).days + 9))
            calendar = Calendar(
                calendar.weeks, {**calendar.exceptions, day: chance.choice([True, False, None])}
            )
            put_calendar(db, "A", calendar, apply=False)
        elif what == "place" and step > 3:
            day = first + timedelta(chance.randrange(0, (last - first).days))
            put(db, [raw_day(day, 10, 30, 1, 10 + chance.random(), 1.0)])
        else:
            until = last + timedelta({"one": 0, "extra": 0, "append": 12}.get(what, 0))
            days = [last + timedelta(i) for i in range((until - last).days + 1)]
            new = [
                d
                for d in days
                if what == "extra" or chance.random() < (0.95 if calendar.is_session(d) else 0.1)
            ]
            put(db, [raw_day(d, 10, 30, 1, 10 + chance.random(), 1.0) for d in new])
            last = until + timedelta(1)
        if chance.random() < 0.3:
            # Bars by themselves: what moved is told to the EMAs.
            db.execute("SELECT FROM refresh_bars(1)")
        if chance.random() < 0.8:
            refresh_emas(db)
            db.execute("DELETE FROM cmc_price_histories7 WHERE id = 2")
            copy_raw(db, 1, 2)
            db.execute("INSERT INTO assets (id) VALUES (2) ON CONFLICT DO NOTHING")
            db.execute("UPDATE assets SET calendar = (SELECT calendar FROM assets WHERE id = 1) WHERE id = 2")
            db.execute("SELECT * FROM refresh_bars(2, p_full => true)")
            db.execute("SELECT * FROM refresh_emas(2, p_full => true)")
            assert emas(db, 1) == emas(db, 2), (what, step)
            assert {action for (action,) in refresh_emas(db)} == {"noop"}


def test_emas_follow_a_first_bar_that_moved_while_bars_were_refreshed_alone(db: Db) -> None:
    """The Monday before the first row is a session, then it isn't: the first week counts now."""
    only(db, "1W_CAL_ISO", "1M_CAL")
    db.execute("DELETE FROM dim_period WHERE period > 6")
    first = date(2020, 1, 7)
    calendar = Calendar({date(2000, 1, 3): "1111100"}, {})
    put_calendar(db, "A", calendar)
    for asset in (1, 2):
        load(db, asset, [(first + timedelta(i), close_of(i)) for i in range(90) if i % 7 < 4])
        db.execute("INSERT INTO assets (id) VALUES (%s) ON CONFLICT DO NOTHING", (asset,))
        db.execute("UPDATE assets SET calendar = 'A' WHERE id = %s", (asset,))
    refresh_emas(db)
    before = emas(db, 1)
    put_calendar(db, "A", Calendar(calendar.weeks, {date(2020, 1, 6): False}), apply=False)
    db.execute("SELECT FROM refresh_bars(1)")
    # Nothing of the bars of before is shown beside bars of now.
    assert not [row for row in emas(db, 1) if row not in before]
    assert "revise" in {action for (action,) in refresh_emas(db)}
    refresh_emas(db, 2)
    assert emas(db, 1) == emas(db, 2) != before


def refresh_emas(db: Db, asset: int = 1) -> list[Any]:
    """Bars and EMAs of an asset."""
    return rows(db, "SELECT action FROM refresh_emas(%s)", asset)
