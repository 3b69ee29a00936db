"""Calendars as rows: what is a session, how edits are taken up, what bad input gets."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from bars_oracle import units
from calendar_helpers import Calendar, Db, put_calendar, shipped, week
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

CALENDAR_TIMEFRAMES = (
    *("1W_CAL_US", "3W_CAL_ISO", "1M_CAL", "6M_CAL", "1Y_CAL"),
    *("2W_CAL_ANCHOR_US", "1W_CAL_ANCHOR_ISO", "3M_CAL_ANCHOR", "1Y_CAL_ANCHOR"),
)
one_database = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
days = st.dates(date(1995, 1, 1), date(1996, 12, 31))
masks = st.text("01", min_size=7, max_size=7).filter(lambda mask: "1" in mask)
calendars = st.builds(
    Calendar,
    st.dictionaries(days, masks, min_size=1, max_size=4),
    st.dictionaries(days, st.sampled_from((True, False, None)), max_size=40),
)


def rows(db: Db, query: str, *values: object) -> list[Any]:
    """All rows of a query."""
    return db.execute(query.encode(), values).fetchall()


def sessions(db: Db, name: str, first: date, last: date) -> list[date]:
    """The days of sessions()."""
    return [row[0] for row in rows(db, "SELECT day FROM sessions(%s, %s, %s)", name, first, last)]


def except_day(db: Db, day: date, told: bool) -> None:
    """Insert an exception."""
    db.execute(
        "INSERT INTO calendar_exceptions (calendar, day, is_session) VALUES ('C', %s, %s)", (day, told)
    )


@one_database
@given(calendar=calendars, first=days, length=st.integers(0, 400))
def test_sessions_and_their_running_number_are_those_of_the_rows(
    db: Db, calendar: Calendar, first: date, length: int
) -> None:
    last = first + timedelta(length)
    with db.transaction(force_rollback=True):
        put_calendar(db, "C", calendar)
        wanted = calendar.sessions(first, last)
        assert sessions(db, "C", first, last) == wanted
        assert rows(db, "SELECT sessions_between(calendar_clock('C'), %s, %s)", first, last) == [
            (len(wanted),)
        ]
        assert rows(db, "SELECT is_session('C', %s)", last) == [(calendar.is_session(last),)]


@settings(one_database, max_examples=8, phases=[Phase.generate])
@given(before=calendars, after=calendars, again=calendars)
def test_a_version_keeps_exactly_the_days_that_changed(
    db: Db, before: Calendar, after: Calendar, again: Calendar
) -> None:
    with db.transaction(force_rollback=True):
        put_calendar(db, "C", before)
        assert rows(db, "SELECT version FROM calendars_applied") == [(1,)]
        versions = 1
        for old, new in ((before, after), (after, again)):
            put_calendar(db, "C", new, apply=False)
            told = rows(db, "SELECT * FROM calendars_apply()")
            # Both ends of the years that count, and a range in which all weeks and exceptions lie.
            ranges = (
                (date(1700, 1, 1), date(1700, 1, 20)),
                (date(1994, 12, 1), date(1997, 1, 31)),
                (date(2299, 12, 20), date(2299, 12, 31)),
            )
            changed = {
                d
                for first, last in ranges
                for d in set(old.sessions(first, last)) ^ set(new.sessions(first, last))
            }
            versions += bool(told)
            kept = rows(db, "SELECT days FROM calendar_changes WHERE version = %s", versions) if told else []
            found = kept[0][0] if kept else []
            assert found == sorted(found)
            assert {d for d in found if any(a <= d <= b for a, b in ranges)} == changed
            assert told == ([("C", versions, len(found))] if found else [])
            assert rows(db, "SELECT * FROM calendars_apply()") == []


def test_an_edit_counts_once_it_is_applied(db: Db) -> None:
    put_calendar(db, "C", week())
    friday = date(2024, 3, 29)
    except_day(db, friday, False)
    assert rows(db, "SELECT is_session('C', %s)", friday) == [(True,)]
    assert rows(db, "SELECT * FROM calendars_apply()") == [("C", 2, 1)]
    assert rows(db, "SELECT is_session('C', %s)", friday) == [(False,)]
    # A row toggled there and back is no change; nor is what no session depends on.
    db.execute("UPDATE calendar_exceptions SET is_session = true")
    db.execute("UPDATE calendar_exceptions SET is_session = false, note = 'Good Friday', close = '13:00'")
    db.execute("UPDATE calendars SET tz = 'Asia/Tokyo', first_day = '2024-01-01', last_day = '2024-02-01'")
    db.execute("UPDATE calendar_weeks SET open = '09:00'")
    assert rows(db, "SELECT * FROM calendars_apply()") == []
    # Said twice in another way: an exception that says what its week says.
    except_day(db, date(2024, 3, 28), True)
    db.execute("INSERT INTO calendar_weeks VALUES ('C', '2020-01-01', '1111100')")
    assert rows(db, "SELECT * FROM calendars_apply()") == []
    assert rows(db, "SELECT version FROM calendars_applied") == [(2,)]


def test_a_version_never_means_two_things(db: Db) -> None:
    """A calendar that is deleted and made anew with other days goes on counting versions."""
    put_calendar(db, "C", week())
    db.execute("DELETE FROM calendars")
    assert rows(db, "SELECT * FROM calendars_apply()") == []
    assert rows(db, "SELECT * FROM calendar_weeks") == []
    put_calendar(db, "C", week("1111101"))
    assert rows(db, "SELECT version FROM calendars_applied") == [(2,)]


def test_hours_are_those_of_the_exception_else_of_the_week(db: Db) -> None:
    put_calendar(db, "C", week())
    db.execute("UPDATE calendar_weeks SET open = '09:30', close = '16:00'")
    db.execute(
        """INSERT INTO calendar_weeks (calendar, from_day, weekmask, open)
           VALUES ('C', '2024-11-29', '1111100', '09:00')"""
    )
    db.execute(
        """INSERT INTO calendar_exceptions (calendar, day, is_session, close)
           VALUES ('C', '2024-11-28', false, NULL), ('C', '2024-11-27', NULL, '13:00')"""
    )
    db.execute("SELECT calendars_apply()")
    assert rows(db, "SELECT * FROM sessions('C', '2024-11-26', '2024-12-01')") == [
        (date(2024, 11, 26), "09:30", "16:00"),
        (date(2024, 11, 27), "09:30", "13:00"),
        (date(2024, 11, 29), "09:00", None),
    ]
    assert rows(db, "SELECT open FROM sessions('C', '1960-01-01', '1960-01-01')") == [("09:30",)]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("INSERT INTO calendar_weeks VALUES ('C', '2024-01-01', '111110')", "weekmask_is_seven_of_0_and_1"),
        ("INSERT INTO calendar_weeks VALUES ('C', '2024-01-01', '0000000')", "weekmask_is_seven_of_0_and_1"),
        ("INSERT INTO calendar_weeks VALUES ('C', '2024-01-01', '11111-1')", "weekmask_is_seven_of_0_and_1"),
        ("INSERT INTO calendar_weeks VALUES ('C', 'infinity', '1111100')", "from_day_is_a_day"),
        ("INSERT INTO calendar_weeks VALUES ('X', '2024-01-01', '1111100')", "is not present"),
        ("INSERT INTO calendar_exceptions VALUES ('C', '-infinity', true)", "day_is_a_day"),
        (
            "INSERT INTO calendar_exceptions VALUES ('C', '2024-01-01', true), ('C', '2024-01-01', false)",
            "already exists",
        ),
        ("INSERT INTO calendars VALUES ('none')", "calendar_name"),
        ("INSERT INTO calendars VALUES ('a b')", "calendar_name"),
        ("INSERT INTO calendars VALUES ('C')", "already exists"),
        ("UPDATE calendars SET first_day = '2024-01-02', last_day = '2024-01-01'", "days_known_are_a_range"),
    ],
)
def test_rows_that_are_no_calendar_are_refused(db: Db, statement: str, words: str) -> None:
    put_calendar(db, "C", week())
    with pytest.raises(psycopg.IntegrityError, match=words):
        db.execute(statement.encode())
    assert rows(db, "SELECT * FROM calendars_apply()") == []


@pytest.mark.parametrize(
    ("query", "state", "words"),
    [
        ("SELECT * FROM sessions('XNYZ', '2024-01-01', '2024-01-02')", "TA002", "The nearest are: XNYS"),
        ("SELECT is_session('xnys', '2024-01-01')", "TA002", "The nearest are: XNYS"),
        ("SELECT * FROM sessions('XNYS', '2024-01-02', '2024-01-01')", "TA004", "Exchange them"),
        ("SELECT * FROM sessions('XNYS', '1699-12-31', '2024-01-01')", "TA004", "outside 1700-01-01"),
        ("SELECT * FROM sessions('XNYS', '2024-01-01', 'infinity')", "TA004", "outside 1700-01-01"),
        ("SELECT is_session('XNYS', '2300-01-01')", "TA004", "outside 1700-01-01"),
        ("SELECT * FROM sessions('EMPTY', '2024-01-01', '2024-01-02')", "TA020", "EMPTY has no week"),
        ("SELECT calendars_apply()", "TA020", "EMPTY has no week"),
    ],
)
def test_wrong_questions_are_refused(db: Db, query: str, state: str, words: str) -> None:
    put_calendar(db, "XNYS", week())
    db.execute("INSERT INTO calendars (calendar) VALUES ('EMPTY')")
    db.execute("INSERT INTO calendar_weeks VALUES ('XNYS', '2000-01-01', '1111110')")
    with pytest.raises(psycopg.Error, match=words) as refused:
        db.execute(query.encode())
    assert refused.value.sqlstate == state
    assert rows(db, "SELECT calendar, version FROM calendars_applied") == [("XNYS", 1)]
    assert rows(db, "SELECT * FROM sessions(NULL, '2024-01-01', '2024-01-02')") == []
    assert rows(db, "SELECT is_session('XNYS', NULL)") == [(None,)]


def test_a_calendar_that_was_never_applied_counts_as_its_rows_say(db: Db) -> None:
    put_calendar(db, "C", week("0000011"), apply=False)
    assert sessions(db, "C", date(2024, 1, 1), date(2024, 1, 7)) == [date(2024, 1, 6), date(2024, 1, 7)]
    assert rows(db, "SELECT * FROM calendars_applied") == []


def test_two_sessions_that_apply_at_once_make_one_version(db: Db, db_url: str) -> None:
    put_calendar(db, "C", week())
    except_day(db, date(2024, 1, 1), False)
    with psycopg.connect(db_url) as first, psycopg.connect(db_url, autocommit=True) as second:
        assert rows(first, "SELECT * FROM calendars_apply()") == [("C", 2, 1)]
        second.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            second.execute("SELECT * FROM calendars_apply()")
        first.commit()
        assert rows(second, "SELECT * FROM calendars_apply()") == []
    assert rows(db, "SELECT version FROM calendar_changes") == [(2,)]


def first_window(db: Db, tf: str, first: str) -> str:
    """Bar 1 of an asset of XNYS that begins on a day."""
    (found,) = rows(
        db,
        """SELECT window_start || ' .. ' || window_end FROM bar_windows(%s, %s, '2024-12-31', NULL, 'XNYS')
           WHERE bar_seq = 1""",
        *(tf, first),
    )[0]
    return str(found)


@pytest.mark.parametrize(
    ("first", "tf", "wanted"),
    [
        # 1 January 2024 is a holiday: nothing of the week, month or year lies before the 2nd.
        ("2024-01-02", "1W_CAL_US", "2023-12-31 .. 2024-01-06"),
        ("2024-01-02", "1W_CAL_ISO", "2024-01-01 .. 2024-01-07"),
        ("2024-01-02", "1M_CAL", "2024-01-01 .. 2024-01-31"),
        ("2024-01-02", "1Y_CAL", "2024-01-01 .. 2024-12-31"),
        ("2024-01-03", "1W_CAL_US", "2024-01-07 .. 2024-01-13"),
        ("2024-01-03", "1M_CAL", "2024-02-01 .. 2024-02-29"),
        ("2000-01-03", "1Y_CAL", "2000-01-01 .. 2000-12-31"),
        ("2000-01-03", "5Y_CAL", "2000-01-01 .. 2004-12-31"),
        ("2024-01-02", "1M_CAL_ANCHOR", "2024-01-01 .. 2024-01-31"),
    ],
)
def test_bar_1_begins_with_the_unit_that_misses_no_session(db: Db, first: str, tf: str, wanted: str) -> None:
    put_calendar(db, "XNYS", shipped()["XNYS"])
    assert first_window(db, tf, first) == wanted


def test_bar_1_begins_no_earlier_than_the_unit_of_the_first_day(db: Db) -> None:
    """The week before has no session at all, and still isn't bar 1."""
    put_calendar(db, "XTKS", shipped()["XTKS"])
    found = rows(db, "SELECT * FROM bar_windows('1W_CAL_ISO', '2019-05-07', '2019-05-20', NULL, 'XTKS')")
    assert found[0][:3] == (1, date(2019, 5, 6), date(2019, 5, 12))
    found = rows(db, "SELECT * FROM bar_windows('1W_CAL_ISO', '2019-05-07', '2019-05-20')")
    assert found[0][:3] == (1, date(2019, 5, 13), date(2019, 5, 19))


@one_database
@given(calendar=calendars, first=days, length=st.integers(0, 300), tf=st.sampled_from(CALENDAR_TIMEFRAMES))
def test_windows_of_a_calendar(db: Db, calendar: Calendar, first: date, length: int, tf: str) -> None:
    last = first + timedelta(length)
    n, nominal, anchored, unit_of, first_day_of = units(tf)
    unit = unit_of(first)
    if anchored:
        unit -= unit % n
    elif calendar.sessions(first_day_of(unit), first - timedelta(1)):
        unit += 1
    wanted = []
    while first_day_of(unit + n * len(wanted)) <= last:
        start = first_day_of(unit + n * len(wanted))
        end = first_day_of(unit + n * (len(wanted) + 1)) - timedelta(1)
        offset = (start - first_day_of(unit)).days if anchored else None
        wanted.append((len(wanted) + 1, start, end, nominal, max(start, first), offset))
    with db.transaction(force_rollback=True):
        put_calendar(db, "C", calendar)
        assert rows(db, "SELECT * FROM bar_windows(%s, %s, %s, NULL, 'C')", tf, first, last) == wanted
        before = [day for day in calendar.sessions(date(1990, 1, 1), first) if day < first]
        assert rows(db, "SELECT last_session_before(calendar_clock('C'), %s)", first) == [(before[-1],)]


def test_a_long_closing_is_searched_in_halves(db: Db) -> None:
    closed = {date(1914, 7, 31) + timedelta(i): False for i in range(2000)}
    put_calendar(db, "C", Calendar({date(1970, 1, 1): "1111100"}, dict(closed)))
    assert rows(db, "SELECT last_session_before(calendar_clock('C'), '1920-01-20')") == [(date(1914, 7, 30),)]
    assert rows(db, "SELECT last_session_before(NULL, '1920-01-20')") == [(date(1920, 1, 19),)]
    with pytest.raises(psycopg.Error, match="The nearest are: C"):
        db.execute("SELECT * FROM bar_windows('5D', '2024-01-01', '2024-01-09', NULL, 'c')")
