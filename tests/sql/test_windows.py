"""Timeframes, their windows and the catalogues."""

from __future__ import annotations

import csv
import math
import re
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FIXTURES = Path(__file__).parents[1] / "fixtures"
PERIODS = [6, 9, 10, 12, 14, 17, 20, 21, 26, 30, 50, 52, 77, 100, 200, 252, 365]
USER_ADDED = ["5M_CAL", "4M_CAL_ANCHOR", "5Y_CAL_ANCHOR", "20Y_CAL_ANCHOR", "52W_CAL_US", "13W_CAL_ANCHOR_US"]
SEEDED = [row["tf"] for row in csv.DictReader((FIXTURES / "dim_timeframe.csv").open(encoding="utf-8"))]
CALENDAR = [tf for tf in SEEDED if not tf.endswith("D")]

Db = psycopg.Connection[Any]
Window = tuple[int, date, date, int, date, int | None]

# The database is read only by these properties, so one serves all examples.
one_database = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
days = st.dates(date(1700, 1, 1), date(2299, 12, 31))


def rows(db: Db, query: str, *values: object) -> list[Any]:
    """All rows of a query."""
    return db.execute(query.encode(), values).fetchall()


def windows(db: Db, tf: str, first: date, last: date, start: date | None = None) -> list[Window]:
    """The windows of a timeframe."""
    return cast(list[Window], rows(db, "SELECT * FROM bar_windows(%s, %s, %s, %s)", tf, first, last, start))


def parts(tf: str) -> tuple[int, str, bool]:
    """Count, unit and whether anchored, read from the name."""
    found = re.match(r"(\d+)([DWMY])", tf)
    assert found
    return int(found[1]), found[2], "ANCHOR" in tf


def examples() -> list[tuple[date, date, list[str]]]:
    """The worked examples."""
    found = []
    first = last = date.min
    for line in (FIXTURES / "windows.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        if "|" in line:
            found.append((first, last, line.split(" | ")))
        else:
            first, last = (date.fromisoformat(text) for text in line.split())
    return found


def test_worked_examples(db: Db) -> None:
    for tf in USER_ADDED:
        db.execute("INSERT INTO dim_timeframe (tf) VALUES (%s)", (tf,))
    cases = examples()
    assert len(cases) == 85
    for first, last, (tf, one, two, newest, widths) in cases:
        found = windows(db, tf, first, last)
        shown = [f"{w[1]} .. {w[2]}" for w in found]
        assert shown[0] == one, tf
        assert (shown[1] if len(shown) > 1 else "-") == two, tf
        picked = found[:1]
        if newest != "the same":
            assert f"{found[-1][0]}: {shown[-1]}" == newest, tf
            picked = [*found[:2], found[-1]]
        else:
            assert len(found) == 1, tf
        assert " ".join(str((w[2] - w[1]).days + 1) for w in picked) == widths, tf


@one_database
@given(tf=st.sampled_from(CALENDAR), first=days, last=days, day=days)
def test_windows_tile_the_line(db: Db, tf: str, first: date, last: date, day: date) -> None:
    first, last = min(first, last), max(first, last)
    found = windows(db, tf, first, last)
    count, unit, anchored = parts(tf)
    nominal = count * {"W": 7, "M": 30, "Y": 365}[unit]
    assert [w[0] for w in found] == list(range(1, len(found) + 1))
    for before, after in pairwise(found):
        assert after[1] == before[2] + timedelta(1)
    for _, start, end, tf_days, expected, offset in found:
        assert tf_days == nominal
        assert expected == max(start, first)
        assert offset == ((start - found[0][1]).days if anchored else None)
        if unit == "W":
            assert (end - start).days + 1 == 7 * count
            assert start.weekday() == (6 if tf.endswith("US") else 0)
        else:
            assert start.day == 1
            assert (end + timedelta(1)).day == 1
            months = 12 * (end.year - start.year) + end.month - start.month + 1
            assert months == count * (12 if unit == "Y" else 1)
            assert unit == "M" or start.month == 1
            if anchored:
                assert (start.year if unit == "Y" else start.month - 1) % count == 0
    if found:
        assert found[-1][1] <= last <= found[-1][2]
        assert found[0][1] <= first <= found[0][2] if anchored else first <= found[0][1]
    else:
        assert not anchored
    assert windows(db, tf, first, last, day) == [w for w in found if w[2] >= day]


@one_database
@given(tf=st.sampled_from(CALENDAR), first=days)
def test_a_full_period_begins_with_the_first_whole_unit(db: Db, tf: str, first: date) -> None:
    _, unit, anchored = parts(tf)
    (start,) = rows(
        db,
        "SELECT unit_first_day(timeframe_kind(%s), timeframe_first_unit(%s, %s))",
        tf,
        tf,
        first,
    )[0]
    if not anchored:
        assert 0 <= (start - first).days < {"W": 7, "M": 31, "Y": 366}[unit]


@one_database
@given(kind=st.sampled_from("UIMY"), day=st.dates(date(2, 1, 1), date(9000, 1, 1)))
def test_units_count_in_one_row_before_1970_too(db: Db, kind: str, day: date) -> None:
    unit, start, after = rows(
        db,
        """SELECT u, unit_first_day(%s, u), unit_first_day(%s, u + 1)
           FROM calendar_unit(%s, %s) AS u""",
        *(kind, kind, kind, day),
    )[0]
    assert start <= day < after
    if kind in "UI":
        assert unit == (day - date(1970, 1, 4 if kind == "U" else 5)).days // 7
    elif kind == "M":
        assert unit == 12 * day.year + day.month - 1
    else:
        assert unit == day.year


def test_months_never_drift(db: Db) -> None:
    found = windows(db, "1M_CAL", date(1850, 1, 1), date(2249, 12, 31))
    assert len(found) == 4800
    assert all((w[1].year, w[1].month) == (1850 + i // 12, i % 12 + 1) for i, w in enumerate(found))


def test_days_run_from_the_first(db: Db) -> None:
    assert windows(db, "3D", date(2024, 1, 1), date(2024, 1, 8), date(2024, 1, 4)) == [
        (2, date(2024, 1, 4), date(2024, 1, 6), 3, date(2024, 1, 4), None),
        (3, date(2024, 1, 7), date(2024, 1, 9), 3, date(2024, 1, 7), None),
    ]


def test_no_windows(db: Db) -> None:
    day = date(2024, 1, 2)
    for values in ((None, day, day), ("1D", None, day), ("1D", day, None), ("1Y_CAL", day, day)):
        assert rows(db, "SELECT * FROM bar_windows(%s, %s::date, %s::date)", *values) == []


@pytest.mark.parametrize(
    ("tf", "first", "last", "code"),
    [
        ("1Q_CAL", "2020-01-01", "2020-01-02", "TA002"),
        ("1w_cal_us", "2020-01-01", "2020-01-02", "TA002"),
        ("1M_CAL", "2020-01-03", "2020-01-02", "TA004"),
        ("1M_CAL", "1699-12-31", "2020-01-02", "TA004"),
        ("1M_CAL", "2020-01-03", "2300-01-01", "TA004"),
        ("1M_CAL", "-infinity", "2020-01-01", "TA004"),
        ("1M_CAL", "2020-01-03", "infinity", "TA004"),
    ],
)
def test_windows_refused(db: Db, tf: str, first: str, last: str, code: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        rows(db, "SELECT * FROM bar_windows(%s, %s, %s)", tf, first, last)
    assert caught.value.sqlstate == code
    assert caught.value.diag.message_hint


def test_the_seeded_catalogue(db: Db) -> None:
    with (FIXTURES / "dim_timeframe.csv").open(encoding="utf-8") as file:
        expected = list(csv.DictReader(file))
    columns = ", ".join(expected[0])
    found = rows(db, f"SELECT {columns} FROM dim_timeframe")
    texts = [
        ["" if v is None else str(v).lower() if isinstance(v, bool) else str(v) for v in row] for row in found
    ]
    assert sorted(texts) == sorted(list(row.values()) for row in expected)
    assert [p for (p,) in rows(db, "SELECT period FROM dim_period ORDER BY period")] == PERIODS
    assert rows(db, "SELECT DISTINCT label = period || '-period' FROM dim_period") == [(True,)]


@pytest.mark.parametrize(
    ("tf", "constraint"),
    [
        *(
            (tf, "timeframe_name_follows_the_grammar")
            for tf in ("1W_CAL", "1w_cal_us", "01W_CAL_US", "1Q_CAL", "3M", "foo", "", "0D", "1D\n", "D")
        ),
        *(
            (tf, "timeframe_is_at_most_100000_days")
            for tf in (
                "300Y_CAL",
                "100001D",
                "123456789012D",
                "12345678W_CAL_US",
                "1234567890123Y_CAL_ANCHOR",
            )
        ),
        ("9M_CAL_ANCHOR", "anchored_months_divide_the_year"),
        ("5M_CAL_ANCHOR", "anchored_months_divide_the_year"),
    ],
)
def test_timeframes_refused(db: Db, tf: str, constraint: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation) as caught:
        db.execute("INSERT INTO dim_timeframe (tf) VALUES (%s)", (tf,))
    assert caught.value.diag.constraint_name == constraint


def test_a_derived_column_cant_be_given(db: Db) -> None:
    with pytest.raises(psycopg.errors.GeneratedAlways):
        db.execute("INSERT INTO dim_timeframe (tf, tf_qty) VALUES ('365D', 1)")


@pytest.mark.parametrize("period", [0, -1, 100001])
def test_periods_refused(db: Db, period: int) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        db.execute("INSERT INTO dim_period (period) VALUES (%s)", (period,))


def test_bounds_of_the_longest_timeframes(db: Db) -> None:
    names = ["100000D", "14285W_CAL_US", "3333M_CAL", "273Y_CAL", "273Y_CAL_ANCHOR"]
    found = rows(
        db,
        """SELECT timeframe_nominal_days(t), timeframe_least_days(t), timeframe_most_days(t)
           FROM unnest(%s::text[]) AS t""",
        names,
    )
    assert found[0] == (100000, 100000, 100000)
    assert found[1] == (99995, 99995, 99995)
    assert found[3][0] == 99645
    widths = [(date(y + 273, 1, 1) - date(y, 1, 1)).days for y in range(2000, 2400)]
    assert found[3][1:] == (min(widths), max(widths))
    assert found[4][1:] == (1, max(widths))


def test_alphas_of_both_catalogues(db: Db) -> None:
    assert rows(db, "SELECT count(*), sync_ema_alpha() FROM ema_alpha") == [(158 * 17, 0)]
    for days_, period, bar, day, equiv, half in rows(
        db, "SELECT tf_days, period, alpha_bar, alpha_day, alpha_equiv, half_life_bars FROM ema_alpha"
    ):
        assert bar == 2.0 / (period + 1.0)
        assert day == 2.0 / (period * days_ + 1.0)
        assert abs(equiv - (1.0 - math.pow(1.0 - bar, 1.0 / days_))) <= 2.3e-16
        assert math.isclose(half, math.log(0.5) / math.log(1.0 - bar), rel_tol=1e-12)


def test_new_rows_have_their_alphas_at_once(db: Db) -> None:
    db.execute("INSERT INTO dim_timeframe (tf) VALUES ('365D')")
    db.execute("INSERT INTO dim_period (period) VALUES (1), (100000)")
    assert rows(db, "SELECT count(*) FROM ema_alpha") == [(159 * 19,)]
    assert rows(
        db,
        """SELECT alpha_bar, alpha_day, alpha_equiv, half_life_bars, half_life_days, half_life_days_equiv
           FROM ema_alpha WHERE tf = '1D' AND period = 1""",
    ) == [(1.0, 1.0, 1.0, 0.0, 0.0, 0.0)]
    db.execute("DELETE FROM dim_timeframe WHERE tf = '365D'")
    assert rows(db, "SELECT count(*) FROM ema_alpha") == [(158 * 19,)]
    with pytest.raises(psycopg.errors.CheckViolation):
        db.execute("UPDATE ema_alpha SET alpha_bar = 0.3 WHERE tf = '1D' AND period = 6")


def test_zones(db: Db) -> None:
    given = ["america/new_york", "utc", "EUROPE/London", "asia/Tokyo", None]
    found = [z for (z,) in rows(db, "SELECT resolve_tz(z) FROM unnest(%s::text[]) AS z", given)]
    assert found == ["America/New_York", "UTC", "Europe/London", "Asia/Tokyo", None]


@pytest.mark.parametrize("zone", ["-05", "UTC+5", "", "America/NewYork", "<+05>-5", "now"])
def test_zones_refused(db: Db, zone: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        rows(db, "SELECT resolve_tz(%s)", zone)
    assert caught.value.sqlstate == "TA004"
    if zone == "America/NewYork":
        assert "America/New_York" in str(caught.value.diag.message_hint)


def test_every_zone_that_the_server_names_may_be_stored(db: Db) -> None:
    spelled = "SELECT name FROM pg_timezone_names UNION SELECT lower(name) FROM pg_timezone_names"
    assert rows(db, f"SELECT name FROM ({spelled}) AS z WHERE NOT is_zone(z.name)") == []
    db.execute("INSERT INTO assets (id, tz) VALUES (1, NULL), (2, 'Asia/Tokyo')")
    db.execute("INSERT INTO calendars (calendar, tz) VALUES ('A', NULL), ('B', 'europe/berlin')")


def test_what_is_no_zone_is_not_stored(db: Db) -> None:
    """However it is written; the server names the zone, or the constraint and the row."""
    db.execute("INSERT INTO assets (id) VALUES (1)")
    db.execute("INSERT INTO calendars (calendar) VALUES ('A')")
    for table in ("assets", "calendars"):
        for zone in ("Mars/X", "", "-05", "UTC+5", "America/New_York5", "<+05>-5", "now"):
            with pytest.raises((psycopg.errors.CheckViolation, psycopg.errors.InvalidParameterValue)) as no:
                db.execute(f"UPDATE {table} SET tz = %s".encode(), (zone,))
            assert zone in str(no.value)
        assert rows(db, f"SELECT tz FROM {table}") == [(None,)]


def notes(db: Db) -> list[tuple[int, str]]:
    """Take the notes: asset and earliest day."""
    found = rows(db, "SELECT id, min(dirty_from)::date::text FROM raw_changes GROUP BY id ORDER BY id")
    db.execute("DELETE FROM raw_changes")
    return found


def test_raw_changes_are_noted(db: Db) -> None:
    db.execute("SET timezone TO 'UTC'")
    db.execute(
        """INSERT INTO cmc_price_histories7 (id, "timestamp", close)
           VALUES (1, '2020-01-02', 1), (1, '2020-01-03', 2), (2, '2020-01-05', 0)"""
    )
    assert notes(db) == [(1, "2020-01-02"), (2, "2020-01-05")]
    db.execute("UPDATE cmc_price_histories7 SET load_ts = '2000-01-01'")
    assert notes(db) == []
    db.execute("UPDATE cmc_price_histories7 SET close = '-0' WHERE id = 2")
    assert notes(db) == [(2, "2020-01-05")]
    db.execute("UPDATE cmc_price_histories7 SET \"timestamp\" = '2020-02-01' WHERE close = 1")
    assert notes(db) == [(1, "2020-01-02")]
    db.execute("UPDATE cmc_price_histories7 SET id = 3 WHERE id = 1")
    assert notes(db) == [(1, "2020-01-03"), (3, "2020-01-03")]
    with db.transaction():
        db.execute("DELETE FROM cmc_price_histories7 WHERE close = 1")
        db.execute("DELETE FROM cmc_price_histories7")
        assert rows(db, "SELECT count(*) FROM raw_changes") == [(2,)]
    assert notes(db) == [(2, "2020-01-05"), (3, "2020-01-03")]
    db.execute(
        "INSERT INTO cmc_price_bars_1d_state (id, tz, last_run_ts) SELECT a.id, 'UTC', now() "
        "FROM unnest('{1,9}'::int[]) AS a (id)"
    )
    db.execute("TRUNCATE cmc_price_histories7")
    assert notes(db) == [(1, "-infinity"), (9, "-infinity")]
