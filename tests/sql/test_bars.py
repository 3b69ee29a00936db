"""N-day bars: worked examples, what a refresh writes and reports, range reads."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from bars_helpers import Db, differences, expected, only, put, refresh, rows, shown, take_away
from bars_oracle import COLUMNS, Raw, at, end_of, raw_day

MARCH = "2024-03-"


def gap_and_tie() -> list[Raw]:
    """Seven days with two gaps, a tie of highs, unknown volume and market cap."""

    def day(
        d: str, o: float, h: float, lo: float, c: float, v: Any, cap: Any, high: str | None, low: str
    ) -> Raw:
        times = {"timehigh": high and at(f"{MARCH}{d} {high}"), "timelow": at(f"{MARCH}{d} {low}")}
        return raw_day(MARCH + d, o, h, lo, c, v, cap, **times)

    return [
        day("07", 100, 105, 95, 102, 0.1, 1.0e9, "14:00", "03:00"),
        day("08", 102, 110, 98, 103, 0.2, 1.1e9, "15:00", "04:00"),
        day("11", 103, 110, 96, 104, 0.3, None, "09:00", "05:00"),
        day("12", 104, 115, 100, 105, None, None, None, "06:00"),
        day("13", 105, 112, 99, 106, 7, 1.4e9, "12:00", "06:00"),
        day("16", 106, 108, 99, 107, 8, 1.5e9, "10:00", "01:00"),
        day("17", 107, 109, 101, 108, 9, 1.6e9, "11:00", "02:00"),
    ]


def read(db: Db, tf: str, columns: str) -> list[Any]:
    """Columns of a timeframe's snapshots in time order."""
    return rows(
        db,
        f"SELECT {columns} FROM cmc_price_bars_multi_tf WHERE id = 1 AND tf = %s ORDER BY time_close",
        tf,
    )


HOUR = "to_char({} AT TIME ZONE 'UTC', 'MM-DD HH24:MI')"
DAY = "to_char(time_close AT TIME ZONE 'UTC', 'MM-DD')"
PRICES = "open, high, low, close, volume, market_cap"


def test_three_days_with_gaps_a_tie_and_unknown_values(db: Db) -> None:
    put(db, gap_and_tie())
    refresh(db)
    times = ", ".join(HOUR.format(c) for c in ("time_open", "time_high", "time_low"))
    assert read(db, "3D", f"bar_seq, {DAY}, {times}, {PRICES}") == [
        (1, "03-07", "03-07 00:00", "03-07 14:00", "03-07 03:00", 100, 105, 95, 102, 0.1, 1.0e9),
        (
            1,
            "03-08",
            "03-07 00:00",
            "03-08 15:00",
            "03-07 03:00",
            100,
            110,
            95,
            103,
            0.30000000000000004,
            1.1e9,
        ),
        (
            1,
            "03-11",
            "03-07 00:00",
            "03-08 15:00",
            "03-07 03:00",
            100,
            110,
            95,
            104,
            0.6000000000000001,
            1.1e9,
        ),
        (2, "03-12", "03-12 00:00", "03-12 23:59", "03-12 06:00", 104, 115, 100, 105, None, None),
        (2, "03-13", "03-12 00:00", "03-12 23:59", "03-13 06:00", 104, 115, 99, 106, 7, 1.4e9),
        (2, "03-16", "03-12 00:00", "03-12 23:59", "03-13 06:00", 104, 115, 99, 107, 15, 1.5e9),
        (3, "03-17", "03-17 00:00", "03-17 11:00", "03-17 02:00", 107, 109, 101, 108, 9, 1.6e9),
    ]
    counts = """pos_in_bar, count_days, count_days_remaining, is_partial_end, count_missing_days,
                missing_days_where, first_missing_day, last_missing_day"""
    none = (0, None, None, None)
    assert read(db, "3D", f"{DAY}, {counts}") == [
        ("03-07", 1, 1, 2, True, *none),
        ("03-08", 2, 2, 1, True, *none),
        ("03-11", 3, 3, 0, False, 2, "interior", date(2024, 3, 9), date(2024, 3, 10)),
        ("03-12", 1, 1, 2, True, *none),
        ("03-13", 2, 2, 1, True, *none),
        ("03-16", 3, 3, 0, False, 2, "interior", date(2024, 3, 14), date(2024, 3, 15)),
        ("03-17", 1, 1, 2, True, *none),
    ]
    assert rows(
        db,
        """SELECT DISTINCT count_missing_days_start, count_missing_days_end, is_partial_start, tf_days,
               count_missing_days_interior = count_missing_days, is_missing_days = (count_missing_days > 0),
               time_close = "timestamp", last_ts_half_open - time_close
           FROM cmc_price_bars_multi_tf WHERE tf = '3D'""",
    ) == [(0, 0, False, 3, True, True, True, timedelta(milliseconds=1))]


def test_a_gap_between_bars_counts_for_neither(db: Db) -> None:
    put(db, gap_and_tie())
    refresh(db)
    opens = HOUR.format("time_open")
    assert read(
        db, "2D", f"bar_seq, {DAY}, {opens}, {PRICES}, pos_in_bar, is_partial_end, count_missing_days"
    ) == [
        (1, "03-07", "03-07 00:00", 100, 105, 95, 102, 0.1, 1.0e9, 1, True, 0),
        (1, "03-08", "03-07 00:00", 100, 110, 95, 103, 0.30000000000000004, 1.1e9, 2, False, 0),
        (2, "03-11", "03-09 00:00", 103, 110, 96, 104, 0.3, None, 1, True, 0),
        (2, "03-12", "03-09 00:00", 103, 115, 96, 105, 0.3, None, 2, False, 0),
        (3, "03-13", "03-13 00:00", 105, 112, 99, 106, 7, 1.4e9, 1, True, 0),
        (3, "03-16", "03-13 00:00", 105, 112, 99, 107, 15, 1.5e9, 2, False, 2),
        (4, "03-17", "03-17 00:00", 107, 109, 101, 108, 9, 1.6e9, 1, True, 0),
    ]
    assert read(
        db, "7D", "open, high, low, close, volume, count_missing_days, first_missing_day, last_missing_day"
    )[-1] == (100, 115, 95, 108, 24.6, 4, date(2024, 3, 9), date(2024, 3, 15))
    assert read(db, "10D", "bar_seq, pos_in_bar, count_days_remaining, is_partial_end")[-1] == (1, 7, 3, True)
    first, last = end_of("2024-03-07"), end_of("2024-03-17")
    assert rows(
        db,
        """SELECT tf, daily_min_seen, daily_max_seen, last_bar_seq, last_time_close
           FROM cmc_price_bars_multi_tf_state WHERE tf = ANY('{2D,3D,7D,10D}')
           ORDER BY last_bar_seq DESC, tf""",
    ) == [(tf, first, last, n, last) for tf, n in (("2D", 4), ("3D", 3), ("10D", 1), ("7D", 1))]


def test_a_stock_without_weekends_or_times(db: Db) -> None:
    raws = []
    for i, d in enumerate((2, 3, 4, 5, 8, 9, 10, 11, 12, 16, 17)):
        close = at(f"2024-01-{d:02} 21:00")
        raws.append(
            Raw(
                close,
                at(f"2024-01-{d:02} 14:30"),
                close,
                None,
                None,
                50 + i,
                52 + i,
                49 + i,
                51 + i,
                100,
                None,
            )
        )
    put(db, raws)
    done = refresh(db)["1d"]
    assert (done.rejected, done.repaired_timehigh, done.repaired_timelow) == (0, 11, 11)
    found = read(
        db,
        "5D",
        f"""bar_seq, {DAY}, to_char(time_open AT TIME ZONE 'UTC', 'MM-DD HH24:MI:SS.MS'),
            {HOUR.format("time_high")}, {HOUR.format("time_low")}, open, high, low, close, volume, pos_in_bar,
            is_partial_end, count_missing_days,
            first_missing_day::text, last_missing_day::text""",
    )
    wanted = [
        "1 01-02 01-01,21:00:00.001 01-02,21:00 01-02,14:30 50 52 49 51 100 1 t 0 - -",
        "1 01-05 01-01,21:00:00.001 01-05,21:00 01-02,14:30 50 55 49 54 400 4 t 0 - -",
        "1 01-08 01-01,21:00:00.001 01-08,21:00 01-02,14:30 50 56 49 55 500 5 f 2 2024-01-06 2024-01-07",
        "2 01-16 01-08,21:00:00.001 01-16,21:00 01-09,14:30 55 61 54 60 500 5 f 3 2024-01-13 2024-01-15",
        "3 01-17 01-16,21:00:00.001 01-17,21:00 01-17,14:30 60 62 59 61 100 1 t 0 - -",
    ]

    def line(row: tuple[Any, ...]) -> str:
        return " ".join(
            "-"
            if v is None
            else "tf"[not v]
            if isinstance(v, bool)
            else f"{v:g}"
            if isinstance(v, float)
            else str(v)
            for v in (x.replace(" ", ",") if isinstance(x, str) else x for x in row)
        )

    lines = [line(r) for r in found]
    assert [lines[i] for i in (0, 3, 4, 9, 10)] == wanted


# What one change writes, with a missing day after each of ten days: action, then written and deleted
# of the days, of 2D and of 3D.
def ten() -> list[Raw]:
    first = date(2024, 1, 1)
    return [raw_day(first + timedelta(2 * i), 10 + i, 12 + i, 9 + i, 11 + i) for i in range(10)]


def revise(i: int) -> list[Raw]:
    old = ten()[i - 1]
    return [raw_day(old.timestamp.date(), old.open, old.high, old.low, 30 + i)]


CHANGES: list[tuple[str, list[Raw], list[Raw], str, tuple[int, ...]]] = [
    ("one more day", [raw_day("2024-01-21", 1, 2, 0, 1)], [], "append", (1, 0, 1, 0, 1, 0)),
    (
        "three more days",
        [raw_day(f"2024-01-{d}", 1, 2, 0, 1) for d in (21, 23, 25)],
        [],
        "append",
        (3, 0, 2, 0, 2, 0),
    ),
    ("close of row 5", revise(5), [], "revise", (1, 0, 1, 0, 1, 0)),
    ("close of the last row", revise(10), [], "revise", (1, 0, 1, 0, 1, 0)),
    ("a day between 4 and 5", [raw_day("2024-01-08", 1, 2, 0, 1)], [], "revise", (7, 0, 4, 0, 3, 0)),
    ("a day before the first", [raw_day("2023-12-30", 1, 2, 0, 1)], [], "backfill", (11, 0, 6, 0, 4, 0)),
    ("row 1 deleted", [], ten()[:1], "backfill", (9, 1, 5, 0, 3, 1)),
    ("row 6 deleted", [], ten()[5:6], "revise", (4, 1, 3, 0, 2, 1)),
    ("row 6 spoilt", [raw_day("2024-01-11", None, 2, 0, 1)], [], "revise", (4, 1, 3, 0, 2, 1)),
    ("the last row deleted", [], ten()[9:], "revise", (0, 1, 1, 0, 0, 1)),
    ("the last two deleted", [], ten()[8:], "revise", (0, 2, 0, 1, 1, 1)),
    ("all deleted", [], ten(), "revise", (0, 10, 0, 5, 0, 4)),
    ("the same loaded again", ten()[4:5], [], "noop", (0, 0, 0, 0, 0, 0)),
]


@pytest.mark.parametrize(
    ("given", "gone", "action", "counts"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES]
)
def test_what_a_change_writes(
    db: Db, given: list[Raw], gone: list[Raw], action: str, counts: tuple[int, ...]
) -> None:
    only(db, "2D", "3D")
    for asset in (1, 2):
        put(db, ten(), asset)
        refresh(db, "multi_tf", asset, tfs=[f"{asset + 1}D"])
    for asset in (1, 2):
        put(db, given, asset)
        take_away(db, gone, asset)
        done = refresh(db, "multi_tf", asset, tfs=[f"{asset + 1}D"])
        assert [done[f].action for f in ("1d", "multi_tf")] == [action, action]
        assert (done["1d"].bars_written, done["1d"].bars_deleted) == counts[:2]
        assert (done["multi_tf"].bars_written, done["multi_tf"].bars_deleted) == counts[
            2 * asset : 2 * asset + 2
        ]
    if action == "noop":
        assert rows(db, "SELECT count(*) FROM raw_changes") == [(0,)]
    if action != "noop" and not (gone and len(gone) == 10):
        first = min(r.timestamp for r in (*given, *gone))
        # The first of the days left when the first one went.
        assert done["1d"].dirty_from == first or gone == ten()[:1]


def test_changes_are_reported_together_with_the_days(db: Db) -> None:
    only(db, "2D", "3D")
    put(db, ten())
    done = refresh(db, "multi_tf")
    assert list(done) == ["1d", "multi_tf"]
    assert (done["multi_tf"].action, done["multi_tf"].bars_written) == ("rebuild", 9)
    put(db, [raw_day("2024-01-21", 1, 2, 0, 1)])
    done = refresh(db, "multi_tf")
    assert (done["multi_tf"].action, done["multi_tf"].bars_written, done["multi_tf"].bars_deleted) == (
        "append",
        2,
        0,
    )
    assert done["multi_tf"].dirty_from == end_of("2024-01-21")


def test_a_noop_writes_nothing(db: Db) -> None:
    put(db, ten())
    refresh(db)
    tables = (
        "cmc_price_bars_1d",
        "cmc_price_bars_1d_state",
        "bars",
        "bars_state",
        "raw_changes",
        "bars_pending",
    )
    before = {t: rows(db, f"SELECT xmin::text, ctid::text FROM {t} ORDER BY 2") for t in tables}
    done = refresh(db)
    assert {(r.action, r.dirty_from, r.bars_written, r.bars_deleted) for r in done.values()} == {
        ("noop", None, 0, 0)
    }
    assert {t: rows(db, f"SELECT xmin::text, ctid::text FROM {t} ORDER BY 2") for t in tables} == before


LOCAL_DAYS = [
    ("2024-03-09 23:59:59.999", "2024-03-09"),
    ("2024-03-10 23:59:59.999", "2024-03-10"),
    ("2024-11-02 23:59:59.999", "2024-11-02"),
    ("2024-11-03 23:59:59.999", "2024-11-03"),
    ("2024-02-29 23:59:59.999", "2024-02-29"),
    ("2024-03-10 00:00", "2024-03-09"),
    ("2024-03-11 00:00", "2024-03-10"),
    ("2024-03-09 04:30", "2024-03-08"),
    ("2024-03-10 04:30", "2024-03-09"),
    ("2024-03-11 04:30", "2024-03-11"),
    ("2024-11-03 04:30", "2024-11-03"),
    ("2024-11-04 04:30", "2024-11-03"),
    ("2024-01-05 21:00", "2024-01-05"),
    ("2024-07-05 20:00", "2024-07-05"),
]


@pytest.mark.parametrize(("stamp", "day"), LOCAL_DAYS)
def test_the_local_day_of_a_stamp(db: Db, stamp: str, day: str) -> None:
    # A row two days later makes the day before it visible as the first missing one.
    only(db, "2D")
    when = at(stamp)
    put(db, [Raw(t, t, t, t, t, 1, 1, 1, 1) for t in (when, when + timedelta(days=3))])
    refresh(db)
    (missing,) = rows(db, "SELECT first_missing_day FROM bars")[0]
    assert missing - timedelta(1) == date.fromisoformat(day)


@pytest.mark.parametrize("session", ["UTC", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("day", ["2024-03-10", "2024-11-03"])
def test_the_first_bar_opens_24_hours_before_whatever_the_clocks_do(db: Db, session: str, day: str) -> None:
    db.execute(f"SET timezone TO '{session}'".encode())
    put(db, [raw_day(day, 1, 2, 0, 1)])
    refresh(db)
    assert rows(db, "SELECT DISTINCT time_open FROM cmc_price_bars_multi_tf") == [(at(f"{day} 00:00"),)]
    assert rows(db, "SELECT time_open FROM bar_snapshots(1, '1D')") == [(at(f"{day} 00:00"),)]


def stamps(*texts: str) -> list[Raw]:
    return [Raw(t, t, t, t, t, 1, 1, 1, 1) for t in map(at, texts)]


def test_two_rows_on_one_local_day_are_named(db: Db) -> None:
    put(db, stamps("2024-11-01 04:30", "2024-11-02 04:30", "2024-11-03 04:30"))
    refresh(db)
    before = rows(db, "SELECT * FROM bars ORDER BY tf, bar_seq")
    put(db, stamps("2024-11-04 04:30"))
    for family in ("all", "multi_tf", "cal_us", "cal_anchor_iso"):
        with pytest.raises(psycopg.Error) as caught:
            refresh(db, family)
        assert caught.value.sqlstate == "TA010"
        message = str(caught.value.diag.message_primary)
        for part in (
            "asset 1",
            "2024-11-03",
            "America/New_York",
            "2024-11-03 04:30:00",
            "2024-11-04 04:30:00",
        ):
            assert part in message
        assert "--tz" in str(caught.value.diag.message_hint)
    assert rows(db, "SELECT * FROM bars ORDER BY tf, bar_seq") == before
    # The days know no zone; the last good bars stay.
    assert refresh(db, "1d")["1d"].action == "append"
    with pytest.raises(psycopg.Error) as caught:
        refresh(db)
    assert caught.value.sqlstate == "TA010"
    assert rows(db, "SELECT * FROM bars ORDER BY tf, bar_seq") == before
    done = refresh(db, tz="utc")
    assert {r.action for f, r in done.items() if f != "1d"} == {"rebuild"}
    assert rows(db, "SELECT max(last_row) FROM bars") == [(4,)]


def test_a_full_build_meets_two_rows_on_one_local_day_too(db: Db) -> None:
    put(db, stamps("2024-11-03 04:30", "2024-11-04 04:30"))
    with pytest.raises(psycopg.Error) as caught:
        refresh(db, full=True)
    assert caught.value.sqlstate == "TA010"
    assert rows(db, "SELECT count(*) FROM bars") == [(0,)]
    take_away(db, stamps("2024-11-03 04:30"))
    assert refresh(db)["multi_tf"].action == "rebuild"


def test_rejects_share_a_day_without_harm(db: Db) -> None:
    put(db, stamps("2024-11-03 04:30"))
    bad = Raw(at("2024-11-04 04:30"), None, None, None, None, 1, 1, 1, 1)
    put(db, [bad])
    assert refresh(db)["1d"].rejected == 1


@pytest.mark.parametrize(
    ("tf", "first", "last"),
    [
        ("3D", 0, 40),
        ("3D", 7, 8),
        ("3D", 5, 13),
        ("1D", 3, 9),
        ("7D", 39, 40),
        ("1M_CAL", 3, 30),
        ("1W_CAL_ANCHOR_US", 9, 22),
    ],
)
def test_a_range_shows_the_same_rows(db: Db, tf: str, first: int, last: int) -> None:
    start = date(2024, 1, 25)
    raws = [
        raw_day(start + timedelta(i + i // 9), 10 + i % 7, 20 + i % 5, 1 + i % 3, 11 + i % 4, 0.1 * i)
        for i in range(40)
    ]
    put(db, raws)
    refresh(db)
    whole = rows(db, "SELECT * FROM bar_snapshots(1, %s)", tf)
    begin, end = raws[first].timestamp, (raws[last].timestamp if last < 40 else None)
    part = rows(db, "SELECT * FROM bar_snapshots(1, %s, %s, %s)", tf, begin, end)
    stamp = COLUMNS.index("time_close")
    assert part == [r for r in whole if r[stamp] >= begin and (end is None or r[stamp] < end)]
    assert len(part) == last - first or tf == "1M_CAL"
    assert rows(db, "SELECT * FROM bar_snapshots(ARRAY[1, 1, 7], %s, %s, %s)", tf, begin, end) == part
    assert [d.name for d in db.execute("SELECT * FROM bar_snapshots(1, '2D')").description or []] == COLUMNS


def test_one_day_bars_are_the_validated_days(db: Db) -> None:
    raws = gap_and_tie()
    put(db, raws)
    refresh(db)
    found = rows(db, "SELECT * FROM bar_snapshots(1, '1D')")
    assert (
        differences(
            [tuple(v.hex() if isinstance(v, float) else v for v in r) for r in found],
            expected(db, raws, "multi_tf", tfs=["1D"]),
        )
        == []
    )


ERRORS: list[tuple[str, dict[str, Any], str, str]] = [
    ("SELECT * FROM refresh_bars(9)", {}, "TA001", "9"),
    ("SELECT * FROM refresh_bars(NULL)", {}, "TA001", "NULL"),
    ("SELECT * FROM refresh_bars(1, 'cal')", {}, "TA002", "cal"),
    ("SELECT * FROM refresh_bars(1, NULL)", {}, "TA002", "NULL"),
    ("SELECT * FROM refresh_bars(1, 'all', p_tfs => '{8D}')", {}, "TA002", "8D"),
    ("SELECT * FROM refresh_bars(1, 'cal_us', p_tfs => '{7D}')", {}, "TA002", "7D"),
    ("SELECT * FROM refresh_bars(1, 'cal_us', p_tfs => '{1W_CAL_ISO}')", {}, "TA002", "1W_CAL_ISO"),
    ("SELECT * FROM refresh_bars(1, '1d', p_tfs => '{2D}')", {}, "TA002", "2D"),
    ("SELECT * FROM refresh_bars(1, 'all', p_tfs => '{}')", {}, "TA004", "empty"),
    ("SELECT * FROM refresh_bars(1, p_lookback_days => -1)", {}, "TA004", "-1"),
    ("SELECT * FROM refresh_bars(1, p_tz => '-05')", {}, "TA004", "-05"),
    ("SELECT * FROM refresh_bars(1, p_tz => 'America/NewYork')", {}, "TA004", "NewYork"),
    (
        "SELECT * FROM refresh_bars(1, p_time_min => '2024-01-02', p_time_max => '2024-01-02')",
        {},
        "TA004",
        "2024",
    ),
    ("SELECT * FROM refresh_bars(1, 'multi_tf', p_time_min => '2024-01-02')", {}, "TA004", "multi_tf"),
    ("SELECT * FROM bar_snapshots(1, '8D')", {}, "TA002", "8D"),
    ("SELECT * FROM bar_snapshots(1, NULL)", {}, "TA002", "NULL"),
    ("SELECT * FROM bar_snapshots(9, '7D')", {}, "TA001", "9"),
    ("SELECT * FROM bar_snapshots(1, '7D', '2024-01-02', '2024-01-01')", {}, "TA004", "2024"),
    ("SELECT * FROM bar_snapshots('{1}'::int[], '8D')", {}, "TA002", "8D"),
]


@pytest.mark.parametrize(("query", "sqlstate", "names"), [(e[0], *e[2:]) for e in ERRORS])
def test_errors_name_what_is_wrong(db: Db, query: str, sqlstate: str, names: str) -> None:
    put(db, ten()[:1])
    with pytest.raises(psycopg.Error) as caught:
        rows(db, query)
    assert caught.value.sqlstate == sqlstate
    assert names in str(caught.value.diag.message_primary)
    assert caught.value.diag.message_detail
    assert caught.value.diag.message_hint
    assert rows(db, "SELECT count(*) FROM cmc_price_bars_1d") == [(0,)]


def test_a_catalogue_without_its_day_is_refused(db: Db) -> None:
    put(db, ten())
    for statement in (
        "UPDATE dim_timeframe SET is_canonical = false WHERE tf = '1D'",
        "DELETE FROM dim_timeframe WHERE tf = '1D'",
    ):
        db.execute(statement.encode())
        with pytest.raises(psycopg.Error) as caught:
            refresh(db)
        assert caught.value.sqlstate == "TA020"


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM bars_state WHERE bar_group = 'multi_tf'",
        "UPDATE bars_state SET n_rows = n_rows + 1 WHERE bar_group = 'cal_us'",
        "UPDATE bars_state SET last_ts = last_ts - interval '1 day'",
        "UPDATE bars_state SET first_ts = first_ts - interval '1 day'",
        "DELETE FROM cmc_price_bars_1d WHERE bar_seq = 10",
    ],
)
def test_state_and_bars_that_disagree_are_refused_until_built_again(db: Db, damage: str) -> None:
    only(db, "2D", "3D", "1W_CAL_US", "1M_CAL")
    put(db, ten())
    refresh(db)
    wanted = {f: shown(db, f) for f in ("multi_tf", "cal_us")}
    db.execute(damage.encode())
    with pytest.raises(psycopg.Error) as caught:
        refresh(db, upstream=False, family="multi_tf" if "multi_tf" in damage else "cal_us")
    assert caught.value.sqlstate == "TA030"
    assert "p_full => true" in str(caught.value.diag.message_hint)
    refresh(db, full=True)
    assert {f: shown(db, f) for f in ("multi_tf", "cal_us")} == wanted
    assert {r.action for r in refresh(db).values()} == {"noop"}


def test_a_missing_bar_is_refused_when_a_day_is_appended(db: Db) -> None:
    only(db, "3D")
    put(db, ten())
    refresh(db)
    db.execute("DELETE FROM bars WHERE last_row = 10")
    put(db, [raw_day("2024-01-21", 1, 2, 0, 1)])
    with pytest.raises(psycopg.Error) as caught:
        refresh(db)
    assert caught.value.sqlstate == "TA030"
    refresh(db, full=True)
    assert rows(db, "SELECT count(*) FROM bars") == [(4,)]


def test_without_upstream_bars_stay_with_the_days_that_stand(db: Db) -> None:
    put(db, ten())
    refresh(db)
    put(db, [raw_day("2024-01-21", 1, 2, 0, 1)])
    done = refresh(db, "multi_tf", upstream=False)
    assert {f: r.action for f, r in done.items()} == {"multi_tf": "noop"}
    assert refresh(db, "multi_tf")["multi_tf"].action == "append"


def test_the_newest_bars_of_all(db: Db) -> None:
    raws = gap_and_tie()
    put(db, raws)
    refresh(db)
    newest = {r[1]: r for f in ("multi_tf", "cal_anchor_us") for r in expected(db, raws, f)}
    newest["1D"] = expected(db, raws, "multi_tf", tfs=["1D"])[-1]
    left_out = ("id", "bar_anchor_offset", "timestamp", "last_ts_half_open", "pos_in_bar", "is_partial_start")
    shared = [c for c in COLUMNS if c not in left_out and "missing" not in c] + ["count_missing_days"]
    found = rows(db, f"SELECT {', '.join(shared)} FROM bars_latest WHERE tf = ANY(%s)", list(newest))
    assert len(found) == len(newest)
    for row in found:
        wanted = newest[row[0]]
        assert tuple(v.hex() if isinstance(v, float) else v for v in row) == tuple(
            wanted[COLUMNS.index(c)] for c in shared
        )


def test_a_summary_for_people(db: Db) -> None:
    put(db, gap_and_tie())
    refresh(db)
    (row,) = rows(
        db,
        """SELECT n_snapshots, n_bars, n_closed, first_time_open, last_time_close,
               round(snapshots_per_bar::numeric, 3)::text, count_days_min, count_days_max,
               count_days_remaining_min, count_days_remaining_max, tf_days_min, tf_days_max
           FROM bars_summary('{1}') WHERE family = 'multi_tf' AND tf = '3D'""",
    )
    assert row == (7, 3, 2, at("2024-03-07 00:00"), end_of("2024-03-17"), "2.333", 1, 3, 0, 2, 3, 3)
    shared = rows(db, "SELECT family FROM bars_summary() WHERE tf = '1Y_CAL_ANCHOR'")
    assert shared == [("cal_anchor_us",), ("cal_anchor_iso",)]
