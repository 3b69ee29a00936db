"""Weeks, months and years: worked examples, odd starts, holes, zones, the catalogue as data."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from bars_helpers import (
    FAMILIES,
    RELATIONS,
    Db,
    catalogue,
    differences,
    everything,
    expected,
    only,
    put,
    refresh,
    rows,
    shown,
    take_away,
)
from bars_oracle import Raw, at, raw_day

CALENDAR = FAMILIES[1:]


def run_of_days(first: str, last: str, without: str = "", weekdays: bool = False) -> list[Raw]:
    """A row every day but those left out (days of the first month, or dates)."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    out = {x if "-" in x else f"{first[:8]}{x}" for x in without.split()}
    days = [start + timedelta(i) for i in range((end - start).days + 1)]
    return [
        raw_day(d, 10 + d.day % 5, 20 + d.day % 4, 1 + d.day % 3, 11 + d.day % 6, 0.1 * d.day)
        for d in days
        if str(d) not in out and not (weekdays and d.weekday() > 4)
    ]


def table(db: Db, tf: str) -> dict[str, str]:
    """By day: bar, position, partial start and end, days left, missing, its parts, where, first, last."""
    (family,) = rows(db, "SELECT (string_to_array(family, '|'))[1] FROM dim_timeframe WHERE tf = %s", tf)[0]
    offset = "bar_anchor_offset" if "anchor" in family else "NULL::int"
    found = rows(
        db,
        f"""SELECT (time_close AT TIME ZONE 'UTC')::date::text, bar_seq, {offset}, pos_in_bar, count_days,
                is_partial_start, is_partial_end, count_days_remaining, count_missing_days,
                count_missing_days_start, count_missing_days_interior, count_missing_days_end,
                missing_days_where, first_missing_day, last_missing_day
            FROM {RELATIONS[family]} WHERE id = 1 AND tf = %s""",
        tf,
    )
    lines = {}
    for day, bar, plus, pos, count, ps, pe, *rest in found:
        assert pos == count
        shown_bar = str(bar) if plus is None else f"{bar} (+{plus})"
        cells = (shown_bar, pos, "tf"[not ps], "tf"[not pe], *("-" if v is None else v for v in rest))
        lines[day] = " | ".join(map(str, cells))
    return lines


GAPS = run_of_days("2024-01-01", "2024-01-31", "03 04 08 13 14 15 16 17 18 19 20 21 22")
STOCK = run_of_days("2024-03-20", "2024-04-02", "29", weekdays=True)
EXAMPLES: list[tuple[str, str, list[Raw], str]] = [
    (
        "an anchored first bar",
        "1W_CAL_ANCHOR_US",
        run_of_days("2010-07-13", "2010-07-19"),
        """2010-07-13 | 1 (+0) | 1 | t | t | 4 | 0 | 0 | 0 | 0 | - | - | -
           2010-07-14 | 1 (+0) | 2 | t | t | 3 | 0 | 0 | 0 | 0 | - | - | -
           2010-07-15 | 1 (+0) | 3 | t | t | 2 | 0 | 0 | 0 | 0 | - | - | -
           2010-07-16 | 1 (+0) | 4 | t | t | 1 | 0 | 0 | 0 | 0 | - | - | -
           2010-07-17 | 1 (+0) | 5 | t | f | 0 | 0 | 0 | 0 | 0 | - | - | -
           2010-07-18 | 2 (+7) | 1 | f | t | 6 | 0 | 0 | 0 | 0 | - | - | -
           2010-07-19 | 2 (+7) | 2 | f | t | 5 | 0 | 0 | 0 | 0 | - | - | -""",
    ),
    (
        "gaps and a week without rows",
        "1W_CAL_ISO",
        GAPS,
        """2024-01-02 | 1 | 2 | f | t | 5 | 0 | 0 | 0 | 0 | - | - | -
           2024-01-05 | 1 | 3 | f | t | 2 | 2 | 0 | 2 | 0 | interior | 2024-01-03 | 2024-01-04
           2024-01-07 | 1 | 5 | f | f | 0 | 2 | 0 | 2 | 0 | interior | 2024-01-03 | 2024-01-04
           2024-01-09 | 2 | 1 | f | t | 5 | 1 | 1 | 0 | 0 | start | 2024-01-08 | 2024-01-08
           2024-01-12 | 2 | 4 | f | f | 0 | 3 | 1 | 0 | 2 | start,end | 2024-01-08 | 2024-01-14
           2024-01-23 | 4 | 1 | f | t | 5 | 1 | 1 | 0 | 0 | start | 2024-01-22 | 2024-01-22
           2024-01-28 | 4 | 6 | f | f | 0 | 1 | 1 | 0 | 0 | start | 2024-01-22 | 2024-01-22
           2024-01-31 | 5 | 3 | f | t | 4 | 0 | 0 | 0 | 0 | - | - | -""",
    ),
    (
        "weeks of a stock",
        "1W_CAL_ISO",
        STOCK,
        """2024-03-25 | 1 | 1 | f | t | 6 | 0 | 0 | 0 | 0 | - | - | -
           2024-03-26 | 1 | 2 | f | t | 5 | 0 | 0 | 0 | 0 | - | - | -
           2024-03-27 | 1 | 3 | f | t | 4 | 0 | 0 | 0 | 0 | - | - | -
           2024-03-28 | 1 | 4 | f | f | 0 | 3 | 0 | 0 | 3 | end | 2024-03-29 | 2024-03-31
           2024-04-01 | 2 | 1 | f | t | 6 | 0 | 0 | 0 | 0 | - | - | -
           2024-04-02 | 2 | 2 | f | t | 5 | 0 | 0 | 0 | 0 | - | - | -""",
    ),
    (
        "a week not over yet",
        "1W_CAL_ISO",
        STOCK[:-2],
        "2024-03-28 | 1 | 4 | f | t | 3 | 0 | 0 | 0 | 0 | - | - | -",
    ),
    (
        "anchored weeks of a stock",
        "1W_CAL_ANCHOR_US",
        STOCK,
        """2024-03-20 | 1 (+0) | 1 | t | t | 3 | 0 | 0 | 0 | 0 | - | - | -
           2024-03-21 | 1 (+0) | 2 | t | t | 2 | 0 | 0 | 0 | 0 | - | - | -
           2024-03-22 | 1 (+0) | 3 | t | f | 0 | 1 | 0 | 0 | 1 | end | 2024-03-23 | 2024-03-23
           2024-03-25 | 2 (+7) | 1 | f | t | 5 | 1 | 1 | 0 | 0 | start | 2024-03-24 | 2024-03-24
           2024-03-26 | 2 (+7) | 2 | f | t | 4 | 1 | 1 | 0 | 0 | start | 2024-03-24 | 2024-03-24
           2024-03-27 | 2 (+7) | 3 | f | t | 3 | 1 | 1 | 0 | 0 | start | 2024-03-24 | 2024-03-24
           2024-03-28 | 2 (+7) | 4 | f | f | 0 | 3 | 1 | 0 | 2 | start,end | 2024-03-24 | 2024-03-30
           2024-04-01 | 3 (+14) | 1 | f | t | 5 | 1 | 1 | 0 | 0 | start | 2024-03-31 | 2024-03-31
           2024-04-02 | 3 (+14) | 2 | f | t | 4 | 1 | 1 | 0 | 0 | start | 2024-03-31 | 2024-03-31""",
    ),
    (
        "anchored months of a stock",
        "1M_CAL_ANCHOR",
        STOCK,
        """2024-03-20 | 1 (+0) | 1 | t | t | 11 | 0 | 0 | 0 | 0 | - | - | -
           2024-03-25 | 1 (+0) | 4 | t | t | 6 | 2 | 0 | 2 | 0 | interior | 2024-03-23 | 2024-03-24
           2024-03-28 | 1 (+0) | 7 | t | f | 0 | 5 | 0 | 2 | 3 | interior,end | 2024-03-23 | 2024-03-31
           2024-04-01 | 2 (+31) | 1 | f | t | 29 | 0 | 0 | 0 | 0 | - | - | -""",
    ),
    (
        "a leap year less a day",
        "1Y_CAL_ANCHOR",
        run_of_days("2015-12-31", "2016-12-31", "2016-12-30"),
        """2015-12-31 | 1 (+0) | 1 | t | f | 0 | 0 | 0 | 0 | 0 | - | - | -
           2016-01-01 | 2 (+365) | 1 | f | t | 365 | 0 | 0 | 0 | 0 | - | - | -
           2016-02-29 | 2 (+365) | 60 | f | t | 306 | 0 | 0 | 0 | 0 | - | - | -
           2016-12-29 | 2 (+365) | 364 | f | t | 2 | 0 | 0 | 0 | 0 | - | - | -
           2016-12-31 | 2 (+365) | 365 | f | f | 0 | 1 | 0 | 1 | 0 | interior | 2016-12-30 | 2016-12-30""",
    ),
]


@pytest.mark.parametrize(("tf", "raws", "wanted"), [e[1:] for e in EXAMPLES], ids=[e[0] for e in EXAMPLES])
@pytest.mark.parametrize("how", ["at once", "day by day"])
def test_worked_examples(db: Db, tf: str, raws: list[Raw], wanted: str, how: str) -> None:
    only(db, tf)
    if how == "day by day":
        put(db, raws[:-20] or raws[:1])
        refresh(db)
        for raw in raws[-20:]:
            put(db, [raw])
            refresh(db)
    put(db, raws)
    refresh(db)
    found = table(db, tf)
    lines = dict(line.strip().split(" | ", 1) for line in wanted.splitlines())
    assert {day: found[day] for day in lines} == lines
    if len(lines) > 8:
        assert len(found) == len(lines)


STARTS = {
    "29 February": ("2016-02-29", "2016-05-03"),
    "31 December": ("2014-12-31", "2015-02-03"),
    "week 53": ("2020-12-31", "2021-04-05"),
    "a US week's start": ("2012-01-01", "2012-04-01"),
    "the day before it": ("2011-12-31", "2012-03-01"),
    "an ISO week's start": ("2024-01-01", "2024-03-05"),
    "the day before that": ("2023-12-31", "2024-03-05"),
    "before 1970": ("1969-11-20", "1970-03-10"),
    "one day": ("2024-02-29", "2024-02-29"),
}
QUICK = (
    *(
        "2D",
        "1W_CAL_US",
        "3W_CAL_US",
        "1W_CAL_ISO",
        "2W_CAL_ISO",
        "1M_CAL",
        "2M_CAL",
        "12M_CAL",
        "1Y_CAL",
        "2Y_CAL",
    ),
    *("1W_CAL_ANCHOR_US", "10W_CAL_ANCHOR_US", "1W_CAL_ANCHOR_ISO", "4W_CAL_ANCHOR_ISO", "1M_CAL_ANCHOR"),
    *("3M_CAL_ANCHOR", "1Y_CAL_ANCHOR", "2Y_CAL_ANCHOR"),
)


def agree(db: Db, raws: list[Raw], zone: str = "America/New_York") -> None:
    """All relations show what the rules say."""
    for family in FAMILIES:
        assert differences(shown(db, family), expected(db, raws, family, zone)) == [], family


@pytest.mark.parametrize(("first", "last"), STARTS.values(), ids=STARTS.keys())
@pytest.mark.parametrize("weekdays", [False, True], ids=["all days", "no weekends"])
def test_odd_first_days(db: Db, first: str, last: str, weekdays: bool) -> None:
    only(db, *QUICK)
    raws = run_of_days(first, last, weekdays=weekdays and first != last)
    put(db, raws)
    refresh(db)
    agree(db, raws)
    # A day before the first one moves every window, or none.
    earlier = raw_day(raws[0].timestamp.date() - timedelta(1), 1, 2, 0.5, 1)
    put(db, [earlier])
    assert refresh(db)["cal_us"].action == "backfill"
    agree(db, [earlier, *raws])
    take_away(db, [earlier])
    refresh(db)
    agree(db, raws)


@pytest.mark.parametrize("length", [6, 8, 25, 75, 800])
def test_holes_longer_than_a_window(db: Db, length: int) -> None:
    only(db, *QUICK)
    before = run_of_days("2020-01-27", "2020-03-12")
    start = date(2020, 3, 13) + timedelta(length)
    after = run_of_days(str(start), str(start + timedelta(40)))
    put(db, before)
    refresh(db)
    put(db, after[:1])
    refresh(db)
    agree(db, [*before, after[0]])
    put(db, after)
    refresh(db)
    agree(db, before + after)
    filler = raw_day(date(2020, 3, 13) + timedelta(length // 2), 1, 2, 0.5, 1)
    put(db, [filler])
    refresh(db)
    agree(db, [*before, filler, *after])


def test_weeks_and_months_close_without_weekends(db: Db) -> None:
    only(db, "1W_CAL_US", "1W_CAL_ISO", "1M_CAL", "1M_CAL_ANCHOR")
    raws = run_of_days("2024-05-01", "2024-09-03", weekdays=True)
    put(db, raws[:60])
    refresh(db)
    for raw in raws[60:]:
        put(db, [raw])
        refresh(db)
    for tf, relation in (
        ("1W_CAL_US", "cal_us"),
        ("1W_CAL_ISO", "cal_iso"),
        ("1M_CAL", "cal_us"),
        ("1M_CAL_ANCHOR", "cal_anchor_iso"),
    ):
        closes = rows(
            db,
            f"""SELECT bar_seq, count(*) FILTER (WHERE NOT is_partial_end) FROM {RELATIONS[relation]}
                WHERE tf = %s GROUP BY bar_seq ORDER BY bar_seq""",
            tf,
        )
        assert [n for _, n in closes[:-1]] == [1] * (len(closes) - 1), tf
        # Tuesday, 3 September: neither its week nor its month is over.
        assert closes[-1][1] == 0
    agree(db, raws)


def test_deleting_the_rows_after_a_window_opens_its_bar_again(db: Db) -> None:
    only(db, "1W_CAL_ISO", "1M_CAL_ANCHOR")
    put(db, STOCK)
    refresh(db)
    assert table(db, "1W_CAL_ISO")["2024-03-28"].startswith("1 | 4 | f | f")
    take_away(db, STOCK[-2:])
    done = refresh(db)
    assert table(db, "1W_CAL_ISO")["2024-03-28"] == "1 | 4 | f | t | 3 | 0 | 0 | 0 | 0 | - | - | -"
    assert (done["cal_iso"].action, done["cal_iso"].bars_written, done["cal_iso"].bars_deleted) == (
        "revise",
        1,
        1,
    )


# Zones


def test_the_zone_is_kept_and_another_one_rebuilds_all_that_is_built(db: Db) -> None:
    only(db, *QUICK)
    raws = run_of_days("2024-01-30", "2024-05-02")
    put(db, raws)
    refresh(db, "cal_us", tz="asia/tokyo")
    refresh(db, "multi_tf")
    assert rows(db, "SELECT DISTINCT tz FROM bars_state") == [("Asia/Tokyo",)]
    assert rows(db, "SELECT DISTINCT tz FROM cmc_price_bars_multi_tf_cal_us_state") == [("Asia/Tokyo",)]
    # Without a zone it stays; the same zone is no news.
    assert {r.action for r in refresh(db, "cal_us").values()} == {"noop"}
    assert {r.action for r in refresh(db, "cal_us", tz="Asia/Tokyo").values()} == {"noop"}
    put(db, [raw_day("2024-05-03", 1, 2, 0.5, 1)])
    raws.append(raw_day("2024-05-03", 1, 2, 0.5, 1))
    done = refresh(db, "cal_us", tz="UTC")
    assert {f: r.action for f, r in done.items()} == {
        "1d": "append",
        "multi_tf": "rebuild",
        "cal_us": "rebuild",
    }
    assert rows(db, "SELECT DISTINCT tz FROM bars_state") == [("UTC",)]
    refresh(db)
    agree(db, raws, "UTC")


@pytest.mark.parametrize(
    "zone", ["America/New_York", "UTC", "Pacific/Honolulu", "Asia/Tokyo", "Asia/Kolkata"]
)
def test_zones_west_and_east_of_utc(db: Db, zone: str) -> None:
    only(db, *QUICK)
    raws = run_of_days("2024-02-27", "2024-04-03") + run_of_days("2024-10-20", "2024-11-12")
    put(db, raws)
    refresh(db, tz=zone)
    agree(db, raws, zone)


def test_changing_clocks_east_of_utc_give_one_day_two_rows(db: Db) -> None:
    raws = run_of_days("2024-10-20", "2024-10-30")
    put(db, raws)
    refresh(db)
    with pytest.raises(psycopg.Error) as caught:
        refresh(db, tz="Europe/London")
    assert caught.value.sqlstate == "TA010"
    message = str(caught.value.diag.message_primary)
    assert "2024-10-27" in message
    assert "2024-10-26 23:59:59.999" in message
    assert "2024-10-27 23:59:59.999" in message
    assert rows(db, "SELECT DISTINCT tz FROM bars_state") == [("America/New_York",)]
    # In spring a day is missing instead.
    put(db, run_of_days("2024-03-28", "2024-04-02"), 2)
    refresh(db, asset=2, tz="Europe/London")
    assert rows(
        db,
        """SELECT DISTINCT first_missing_day, last_missing_day FROM cmc_price_bars_multi_tf
           WHERE id = 2 AND tf = '5D' AND is_missing_days""",
    ) == [(date(2024, 3, 31), date(2024, 3, 31))]


@pytest.mark.parametrize("session", ["UTC", "Asia/Tokyo", "America/Los_Angeles"])
def test_the_session_takes_no_part(db: Db, session: str) -> None:
    only(db, *QUICK)
    db.execute(f"SET timezone TO '{session}'".encode())
    db.execute("SET datestyle TO 'SQL, DMY'")
    raws = run_of_days("2024-02-27", "2024-04-03")
    for given in (raws[:-3], raws):
        put(db, given)
        db.execute("SELECT count(*) FROM refresh_bars(1)")
    db.execute("RESET datestyle")
    agree(db, raws)


# The catalogue is data


def stored(db: Db) -> dict[str, list[Any]]:
    """Physical versions of the bars by timeframe."""
    found: dict[str, list[Any]] = {}
    for tf, *version in rows(db, "SELECT tf, bar_seq, xmin::text, ctid::text FROM bars ORDER BY tf, bar_seq"):
        found.setdefault(tf, []).append(tuple(version))
    return found


@pytest.mark.parametrize(
    ("tf", "family"),
    [
        ("5W_CAL_ISO", "cal_iso"),
        ("18M_CAL", "cal_us"),
        ("44D", "multi_tf"),
        ("4M_CAL_ANCHOR", "cal_anchor_us"),
    ],
)
def test_a_new_timeframe_is_built_alone(db: Db, tf: str, family: str) -> None:
    only(db, *QUICK)
    raws = run_of_days("2020-01-15", "2021-11-20")
    put(db, raws)
    refresh(db)
    before = stored(db)
    db.execute("INSERT INTO dim_timeframe (tf) VALUES (%s)", (tf,))
    done = refresh(db)
    assert done[family].action == "rebuild"
    assert {r.action for f, r in done.items() if f not in (family, "1d")} == {"noop"}
    after = stored(db)
    assert done[family].bars_written == len(after.pop(tf))
    assert after == before
    wanted = expected(db, raws, family, tfs=[tf])
    assert differences([r for r in shown(db, family) if r[1] == tf], wanted) == []
    assert {r.action for r in refresh(db).values()} == {"noop"}

    db.execute("DELETE FROM dim_timeframe WHERE tf = %s", (tf,))
    assert [r for r in shown(db, family) if r[1] == tf] == []
    assert rows(db, f"SELECT FROM {RELATIONS[family]}_state WHERE tf = %s", tf) == []
    done = refresh(db)
    assert (done[family].action, done[family].bars_deleted > 0) == ("revise", True)
    assert stored(db) == before
    assert {r.action for r in refresh(db).values()} == {"noop"}


def test_a_new_timeframe_and_new_days_at_once(db: Db) -> None:
    only(db, "2D", "1W_CAL_US", "1M_CAL")
    raws = run_of_days("2024-01-15", "2024-03-20")
    put(db, raws[:-2])
    refresh(db)
    db.execute("INSERT INTO dim_timeframe (tf) VALUES ('3D'), ('2M_CAL'), ('2W_CAL_US')")
    put(db, raws)
    assert refresh(db)["cal_us"].action == "rebuild"
    agree(db, raws)


def test_a_timeframe_that_is_not_canonical_waits_to_be_asked_for(db: Db) -> None:
    only(db, "2D", "3D", "1W_CAL_US")
    db.execute("UPDATE dim_timeframe SET is_canonical = false WHERE tf IN ('3D', '1W_CAL_US')")
    raws = run_of_days("2024-01-15", "2024-02-20")
    put(db, raws[:-3])
    refresh(db)
    assert set(stored(db)) == {"2D"}
    assert refresh(db, include_non_canonical=True)["multi_tf"].action == "rebuild"
    assert set(stored(db)) == {"2D", "3D", "1W_CAL_US"}
    # Once built it is kept current, until a full rebuild without it.
    put(db, raws)
    assert refresh(db)["multi_tf"].action == "append"
    agree(db, raws)
    refresh(db, full=True)
    assert set(stored(db)) == {"2D"}
    refresh(db, "multi_tf", tfs=["3D"])
    assert set(stored(db)) == {"2D", "3D"}


def test_a_timeframe_that_lost_its_rank_stays_current(db: Db) -> None:
    only(db, "2D", "3D", "1M_CAL")
    raws = run_of_days("2024-01-15", "2024-03-20")
    put(db, raws[:-9])
    refresh(db)
    db.execute("UPDATE dim_timeframe SET is_canonical = false WHERE tf IN ('3D', '1M_CAL')")
    assert {r.action for r in refresh(db).values()} == {"noop"}
    put(db, raws)
    refresh(db)
    agree(db, raws)
    done = refresh(db, full=True)
    assert (set(stored(db)), done["multi_tf"].bars_deleted > 0) == ({"2D"}, True)
    assert shown(db, "cal_us") == []


def test_without_timeframes_a_family_has_no_state(db: Db) -> None:
    only(db, "2D", "1W_CAL_US")
    put(db, run_of_days("2024-01-15", "2024-02-20"))
    done = refresh(db)
    assert (done["cal_us"].action, done["cal_iso"].action) == ("rebuild", "noop")
    only(db, "2D")
    done = refresh(db)
    assert (done["cal_us"].action, done["cal_us"].bars_deleted) == ("revise", 5)
    assert rows(db, "SELECT bar_group FROM bars_state") == [("multi_tf",)]
    assert {r.action for r in refresh(db).values()} == {"noop"}
    put(db, [raw_day("2024-02-21", 1, 2, 0.5, 1)])
    assert {f: r.action for f, r in refresh(db).items() if r.action != "noop"} == {
        "1d": "append",
        "multi_tf": "append",
    }


def test_some_timeframes_only(db: Db) -> None:
    only(db, *QUICK)
    raws = run_of_days("2024-01-15", "2024-04-20")
    put(db, raws[:-30])
    refresh(db)
    put(db, raws[:-20])
    assert refresh(db, "cal_us", tfs=["1W_CAL_US"])["cal_us"].action == "append"
    versions = stored(db)
    state = dict(rows(db, "SELECT tf, daily_max_seen FROM cmc_price_bars_multi_tf_cal_us_state"))
    assert state["1W_CAL_US"] == raws[-21].timestamp
    assert {state[tf] for tf in catalogue(db, "cal_us") if tf in state and tf != "1W_CAL_US"} == {
        raws[-31].timestamp
    }
    # What waits is taken up; what is current isn't touched.
    done = refresh(db)
    assert done["cal_us"].action in ("append", "revise")
    assert stored(db)["1W_CAL_US"] == versions["1W_CAL_US"]
    agree(db, raws[:-20])
    put(db, raws)
    refresh(db)
    agree(db, raws)


# Months and years are shared


def test_months_and_years_are_stored_once_and_read_through_both(db: Db) -> None:
    raws = run_of_days("2022-11-15", "2024-03-20")
    put(db, raws)
    done = refresh(db, "cal_us")
    assert done["cal_us"].action == "rebuild"
    months = [r for r in shown(db, "cal_us") if "W_" not in r[1]]
    assert {r[1] for r in months} >= {"1M_CAL", "1Y_CAL"}
    assert shown(db, "cal_iso") == months
    versions = stored(db)
    done = refresh(db, "cal_iso")
    assert (done["cal_iso"].action, done["cal_iso"].bars_written) == (
        "rebuild",
        len(rows(db, "SELECT FROM bars WHERE tf LIKE '%ISO'")),
    )
    assert {tf: v for tf, v in stored(db).items() if not tf.endswith("ISO")} == versions
    assert [r for r in shown(db, "cal_iso") if "W_" not in r[1]] == months
    assert {r.action for r in refresh(db, "cal_us").values()} == {"noop"}
    shared = "SELECT * FROM {}_state WHERE tf !~ 'W_'"
    us, iso = (sorted(rows(db, shared.format(RELATIONS[f]))) for f in ("cal_us", "cal_iso"))
    assert us == iso != []
    # One more day through one family leaves the other's weeks behind and its months current.
    put(db, [raw_day("2024-03-21", 1, 2, 0.5, 1)])
    assert refresh(db, "cal_iso")["cal_iso"].action == "append"
    done = refresh(db, "cal_us")["cal_us"]
    assert (done.action, done.bars_written) == ("append", 7)
    assert len(catalogue(db, "cal_us")) == len(catalogue(db, "cal_iso")) == 33


def test_a_young_asset_has_no_bars_of_periods_that_have_not_begun(db: Db) -> None:
    put(db, run_of_days("2024-02-02", "2024-02-20"))
    refresh(db)
    assert rows(db, "SELECT count(*) FROM cmc_price_bars_multi_tf_cal_us WHERE tf ~ '[MY]_CAL'") == [(0,)]
    assert rows(db, "SELECT count(*) FROM cmc_price_bars_multi_tf_cal_us_state WHERE tf ~ '[MY]_CAL'") == [
        (0,)
    ]
    assert {r.action for r in refresh(db).values()} == {"noop"}
    put(db, run_of_days("2024-02-21", "2024-03-01"))
    refresh(db)
    assert rows(
        db, "SELECT bar_seq, pos_in_bar FROM cmc_price_bars_multi_tf_cal_iso WHERE tf = '1M_CAL'"
    ) == [(1, 1)]


# Laws


def test_laws_of_bars(db: Db) -> None:
    only(db, *QUICK, "7D", "50D", "9M_CAL")
    put(db, run_of_days("2022-11-15", "2024-01-20", "2023-03-01 2023-03-02 2022-12-31 2023-01-01"))
    put(db, run_of_days("2023-05-15", "2024-01-20", weekdays=True), 2)
    for asset in (1, 2):
        refresh(db, asset=asset)
    offset = "bar_anchor_offset"
    for family in FAMILIES:
        relation = RELATIONS[family]
        columns = f"SELECT *, {offset if 'anchor' in family else 'NULL::int'} AS plus FROM {relation}"
        broken = f"""
            SELECT count(*) FROM (
                SELECT s.*, max(high) OVER w AS peak, min(low) OVER w AS trough,
                    max(count_missing_days) OVER w AS most_missing, first_value(open) OVER w AS first_open,
                    first_value(time_open) OVER w AS first_time_open,
                    lead(tf) OVER o IS NULL AS newest,
                    lead(time_open) OVER o AS next_open, lead(bar_seq) OVER o AS next_bar
                FROM ({columns}) AS s
                WINDOW w AS (PARTITION BY id, tf, bar_seq ORDER BY time_close),
                    o AS (PARTITION BY id, tf ORDER BY time_close)
            ) AS s
            WHERE NOT coalesce(time_open < time_close AND low <= open AND low <= close AND open <= high
                AND close <= high AND time_high <= time_close AND time_low <= time_close
                AND peak = high AND trough = low AND most_missing >= count_missing_days
                AND first_open = open AND first_time_open = time_open
                AND (next_bar IS NULL OR next_bar = bar_seq
                    OR next_open = time_close + interval '1 millisecond')
                AND "timestamp" = time_close AND pos_in_bar = count_days
                AND count_missing_days_start + count_missing_days_interior + count_missing_days_end
                    = count_missing_days
                AND least(count_days_remaining, count_missing_days_start, count_missing_days_interior,
                    count_missing_days_end) >= 0
                AND is_missing_days = (count_missing_days > 0)
                AND (missing_days_where IS NULL) = (count_missing_days = 0)
                AND (first_missing_day IS NULL) = (count_missing_days = 0)
                AND (last_missing_day IS NULL) = (count_missing_days = 0)
                AND is_partial_end = (count_days_remaining > 0)
                AND (next_bar IS NULL OR next_bar = bar_seq OR NOT is_partial_end)
                AND (plus IS NOT NULL) = {"true" if "anchor" in family else "false"}, false)"""
        assert rows(db, broken) == [(0,)], family
    # One snapshot a day from bar 1 on, each in the bar of its day.
    for family in FAMILIES:
        assert rows(
            db,
            f"""WITH days AS (
                    SELECT id, "timestamp", ("timestamp" AT TIME ZONE 'UTC')::date AS day, bar_seq AS row_no,
                        min(("timestamp" AT TIME ZONE 'UTC')::date) OVER (PARTITION BY id) AS first_day,
                        max(("timestamp" AT TIME ZONE 'UTC')::date) OVER (PARTITION BY id) AS last_day
                    FROM cmc_price_bars_1d
                ),
                windows AS (
                    SELECT d.id, t.tf, t.tf_days_nominal AS n, w.*
                    FROM (SELECT DISTINCT id, first_day, last_day FROM days) AS d
                    CROSS JOIN dim_timeframe AS t
                    CROSS JOIN LATERAL bar_windows(t.tf, d.first_day, d.last_day) AS w
                    WHERE '{family}' = ANY(string_to_array(t.family, '|')) AND t.tf <> '1D'
                ),
                due AS (
                    SELECT w.id, w.tf, w.bar_seq, d."timestamp", w.window_end - w.expected_start + 1 AS width,
                        w.expected_start > w.window_start AS partial_start
                    FROM windows AS w
                    INNER JOIN days AS d ON d.id = w.id AND CASE '{family}'
                        WHEN 'multi_tf' THEN (d.row_no - 1) / w.n + 1 = w.bar_seq
                        ELSE d.day BETWEEN w.window_start AND w.window_end END
                )
                SELECT count(*) FROM due AS d
                FULL JOIN {RELATIONS[family]} AS s USING (id, tf, bar_seq, "timestamp")
                WHERE NOT coalesce('{family}' = 'multi_tf' OR (d.partial_start = s.is_partial_start
                    AND s.count_days + s.count_missing_days + s.count_days_remaining = d.width), false)
                    OR s.tf IS NULL OR d.width IS NULL""",
        ) == [(0,)], family


def test_everything_is_the_same_for_another_asset_with_the_same_days(db: Db) -> None:
    raws = run_of_days("2023-11-15", "2024-03-20", "2024-01-01 2024-02-29")
    put(db, raws)
    refresh(db)
    for cut in range(10, len(raws), 17):
        put(db, raws[:cut], 2)
        refresh(db, asset=2)
    put(db, raws, 2)
    refresh(db, asset=2)
    assert everything(db, 1) == everything(db, 2)


def test_moments_of_a_bar_before_its_window(db: Db) -> None:
    """The first bar opens at the row before it, which may belong to no bar of the family."""
    only(db, "1M_CAL")
    put(db, run_of_days("2024-01-30", "2024-02-03", "2024-02-01"))
    refresh(db)
    assert rows(db, "SELECT DISTINCT time_open, open FROM cmc_price_bars_multi_tf_cal_us") == [
        (at("2024-02-01 00:00"), 12.0)
    ]
