"""Raw days become validated days: repaired, rejected, numbered, kept current."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from bars_helpers import Db, put, refresh, rows, take_away
from bars_oracle import Day, Raw, accepted, at, end_of, raw_day, validate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAN, INF = float("nan"), float("inf")
YEAR = "2024-01-"


def examples() -> list[Raw]:
    """Seventeen days, one for each rule."""
    return [
        raw_day(YEAR + "01", 10, 12, 9, 11),
        raw_day(YEAR + "02", 11, 13, 10, 12, timehigh=None, timelow=None),
        raw_day(YEAR + "03", 12, 13, 10, 11, timehigh=None, timelow=None),
        raw_day(YEAR + "04", 11, 12, 10, 11, timehigh=None, timelow=None),
        raw_day(YEAR + "05", 11, 13, 5, 12, timelow=at("2024-01-06 03:00")),
        raw_day(YEAR + "06", 12, 99, 10, 11, timehigh=at("2024-01-05 20:00")),
        raw_day(YEAR + "07", 11, 11.5, 10.5, 12),
        raw_day(YEAR + "08", 11, 12, 11.2, 10.8),
        raw_day(YEAR + "09", 11, None, 10, 10.5),
        raw_day(YEAR + "10", 10.5, 11, 10, 10.8, volume=None, cap=NAN),
        raw_day(YEAR + "11", 10.8, 9, 12, 11),
        raw_day(YEAR + "12", NAN, 12, 10, 11),
        raw_day(YEAR + "13", 11, 12, 10, INF),
        raw_day(YEAR + "14", 11, 12, 10, 11.5, timeopen=None),
        raw_day(YEAR + "15", 11, 12, 10, 11.5, timeopen=at("2024-01-16 00:00")),
        raw_day(YEAR + "16", 11, 12, 10, 11.5, timestamp=at("2024-01-16 00:00")),
        raw_day(YEAR + "17", -1, 0.5, -3, -2),
    ]


def days(db: Db) -> list[Any]:
    """Day of the month, number, prices, hour of high and low, flags."""
    return rows(
        db,
        """SELECT extract(day FROM "timestamp")::int, bar_seq, open, high, low, close,
               to_char(time_high, 'HH24:MI'), to_char(time_low, 'HH24:MI'), repaired_timehigh,
               repaired_timelow
           FROM cmc_price_bars_1d WHERE id = 1 ORDER BY "timestamp" """,
    )


def rejects(db: Db) -> dict[int, str]:
    """Reason by day of the month."""
    return dict(rows(db, 'SELECT extract(day FROM "timestamp")::int, reason FROM cmc_price_bars_1d_rejects'))


@pytest.fixture(autouse=True)
def utc(db: Db) -> None:
    """Hours are shown in UTC."""
    db.execute("SET timezone TO 'UTC'")


ALL_REJECTS = {
    11: "high_lt_low_after_repair",
    12: "null_open_close",
    13: "value_out_of_range",
    14: "null_time_open_time_close",
    15: "time_open_gt_time_close",
    16: "timestamp_before_time_close",
}


def test_a_day_for_each_rule(db: Db) -> None:
    put(db, examples())
    done = refresh(db, "1d")["1d"]
    assert days(db) == [
        (1, 1, 10, 12, 9, 11, "12:00", "06:00", False, False),
        (2, 2, 11, 13, 10, 12, "23:59", "00:00", True, True),
        (3, 3, 12, 13, 10, 11, "00:00", "23:59", True, True),
        (4, 4, 11, 12, 10, 11, "23:59", "23:59", True, True),
        (5, 5, 11, 13, 11, 12, "12:00", "00:00", False, True),
        (6, 6, 12, 12, 10, 11, "00:00", "06:00", True, False),
        (7, 7, 11, 12, 10.5, 12, "23:59", "06:00", True, False),
        (8, 8, 11, 12, 10.8, 10.8, "12:00", "23:59", False, True),
        (9, 9, 11, 11, 10, 10.5, "00:00", "06:00", True, False),
        (10, 10, 10.5, 11, 10, 10.8, "12:00", "06:00", False, False),
        (17, 11, -1, 0.5, -3, -2, "12:00", "06:00", False, False),
    ]
    assert rejects(db) == ALL_REJECTS
    assert rows(db, "SELECT volume, market_cap FROM cmc_price_bars_1d WHERE bar_seq = 10") == [(None, None)]
    assert (done.action, done.bars_written, done.bars_deleted, done.days_read) == ("rebuild", 11, 0, 17)
    assert (done.rejected, done.repaired_timehigh, done.repaired_timelow) == (6, 6, 5)
    assert rows(db, "SELECT last_src_ts, last_upserted, last_rejected FROM cmc_price_bars_1d_state") == [
        (end_of("2024-01-17"), 11, 6)
    ]
    # A reject keeps what was loaded.
    assert rows(
        db, "SELECT open, high, low, close FROM cmc_price_bars_1d_rejects ORDER BY reason LIMIT 1"
    ) == [(10.8, 9.0, 12.0, 11.0)]


def test_a_corrected_day_enters_and_a_spoilt_one_leaves(db: Db) -> None:
    put(db, examples())
    refresh(db, "1d")
    put(db, [raw_day("2024-01-13", 11, 12, 10, 11.5)])
    done = refresh(db, "1d")["1d"]
    assert (done.action, done.dirty_from) == ("revise", end_of("2024-01-13"))
    assert (done.bars_written, done.bars_deleted, done.rejected) == (2, 0, 3)
    assert [(d, n) for d, n, *_ in days(db)][-2:] == [(13, 11), (17, 12)]
    assert sorted(rejects(db)) == [11, 12, 14, 15, 16]
    assert rows(db, "SELECT last_rejected FROM cmc_price_bars_1d_state") == [(3,)]

    before = rows(db, "SELECT xmin::text, ctid::text FROM cmc_price_bars_1d_state")
    done = refresh(db, "1d")["1d"]
    assert (done.action, done.dirty_from, done.bars_written, done.rejected) == ("noop", None, 0, 0)
    assert rows(db, "SELECT xmin::text, ctid::text FROM cmc_price_bars_1d_state") == before

    put(db, [raw_day("2024-01-02", None, 13, 10, 12, timehigh=None, timelow=None)])
    done = refresh(db, "1d")["1d"]
    assert (done.action, done.bars_written, done.bars_deleted) == ("revise", 10, 1)
    assert [(d, n) for d, n, *_ in days(db)][:2] == [(1, 1), (3, 2)]
    assert rejects(db)[2] == "null_open_close"


def test_a_bound_at_the_end_leaves_the_rest_recorded(db: Db) -> None:
    put(db, examples())
    refresh(db, "1d", time_max=at("2024-01-05"))
    assert [(d, n) for d, n, *_ in days(db)] == [(1, 1), (2, 2), (3, 3), (4, 4)]
    done = refresh(db, "1d")["1d"]
    assert (done.action, done.bars_written, done.rejected) == ("append", 7, 6)
    assert 13 <= done.days_read <= 17
    assert len(days(db)) == 11
    assert refresh(db, "1d")["1d"].action == "noop"


def test_a_bound_at_the_start_leaves_the_rest_recorded(db: Db) -> None:
    put(db, examples())
    refresh(db, "1d", time_min=at("2024-01-06"))
    assert [(d, n) for d, n, *_ in days(db)] == [(6, 1), (7, 2), (8, 3), (9, 4), (10, 5), (17, 6)]
    done = refresh(db, "1d")["1d"]
    assert (done.action, len(days(db))) == ("backfill", 11)
    assert [n for _, n, *_ in days(db)] == list(range(1, 12))
    assert refresh(db, "1d")["1d"].action == "noop"


def test_a_full_rebuild_of_what_is_right_writes_nothing(db: Db) -> None:
    put(db, examples())
    refresh(db, "1d")
    done = refresh(db, "1d", full=True)["1d"]
    assert (done.action, done.bars_written, done.bars_deleted, done.days_read) == ("rebuild", 0, 0, 17)


def test_rejects_can_be_left_out(db: Db) -> None:
    put(db, examples())
    done = refresh(db, "1d", keep_rejects=False)["1d"]
    assert (done.rejected, rejects(db)) == (6, {})
    assert refresh(db, "1d", keep_rejects=False)["1d"].action == "noop"
    refresh(db, "1d", full=True)
    assert rejects(db) == ALL_REJECTS
    # What no longer holds goes in any case.
    put(db, [raw_day("2024-01-13", 11, 12, 10, 11.5)])
    refresh(db, "1d", keep_rejects=False)
    assert sorted(rejects(db)) == [11, 12, 14, 15, 16]


def test_extreme_stamps_and_values_are_rejected_not_raised(db: Db) -> None:
    db.execute(
        """INSERT INTO cmc_price_histories7 (
               id, "timestamp", timeopen, timeclose, open, high, low, close, volume)
           SELECT 1, t, t, t, 1, 1, 1, 1, 1
           FROM unnest(ARRAY['-infinity', 'infinity', '1799-12-31 23:59:59.999+00', '2200-01-01 00:00+00',
               '1800-01-01 00:00+00', '2199-12-31 23:59:59.999+00']::timestamptz[]) AS t
           UNION ALL SELECT 1, '2020-01-01', '-infinity', '2020-01-01', 1, 1, 1, 1, 1
           UNION ALL SELECT 1, '2020-01-02', '2020-01-02', '2020-01-02', 1, 1, 1, 1, 1e301
           UNION ALL SELECT 1, '2020-01-03', '2020-01-03', '2020-01-03', 1, 1, 1e-301, 1, 1
           UNION ALL SELECT 1, '2020-01-04', '2020-01-04', '2020-01-04', 1, 1, 0, 1, 1e300"""
    )
    done = refresh(db, "1d")["1d"]
    assert (done.bars_written, done.rejected) == (3, 7)
    assert rows(db, "SELECT reason, count(*) FROM cmc_price_bars_1d_rejects GROUP BY 1 ORDER BY 1") == [
        ("time_out_of_range", 1),
        ("timestamp_out_of_range", 4),
        ("value_out_of_range", 2),
    ]
    assert refresh(db, "1d")["1d"].action == "noop"
    assert refresh(db)["multi_tf"].action == "rebuild"


def test_an_infinite_time_of_the_high_is_outside_the_day(db: Db) -> None:
    put(db, [raw_day("2024-01-01", 10, 12, 9, 11)])
    db.execute("UPDATE cmc_price_histories7 SET timehigh = 'infinity', timelow = '-infinity'")
    refresh(db, "1d")
    assert days(db) == [(1, 1, 10, 11, 10, 11, "23:59", "00:00", True, True)]


def test_a_change_of_names_alone_is_no_news_for_bars(db: Db) -> None:
    put(db, examples())
    refresh(db)
    db.execute("UPDATE cmc_price_histories7 SET name = 'other', source_file = 'elsewhere'")
    done = refresh(db)
    assert (done["1d"].action, done["1d"].bars_written) == ("revise", 11)
    assert {done[f].action for f in done if f != "1d"} == {"noop"}
    assert rows(db, "SELECT DISTINCT src_name, src_file FROM cmc_price_bars_1d") == [("other", "elsewhere")]


@pytest.mark.parametrize("how", ["insert", "update", "delete", "spoil"])
def test_the_look_back_sees_what_the_triggers_could_not(db: Db, how: str) -> None:
    raws = [
        raw_day(end_of("2024-01-01").date() + timedelta(i), 10 + i, 12 + i, 9 + i, 11 + i) for i in range(9)
    ]
    put(db, raws)
    refresh(db)
    db.execute("SET session_replication_role = 'replica'")
    if how == "insert":
        put(db, [raw_day("2024-01-10", 1, 2, 0, 1)])
    elif how == "update":
        put(db, [raw_day("2024-01-08", 1, 2, 0, 1)])
    elif how == "spoil":
        put(db, [raw_day("2024-01-08", NAN, 2, 0, 1)])
    else:
        take_away(db, [raws[7]])
    db.execute("SET session_replication_role = 'origin'")
    assert refresh(db, lookback_days=0)["1d"].action == "noop"
    # Two days back the eighth isn't looked at, strictly.
    assert refresh(db, lookback_days=1)["1d"].action == ("append" if how == "insert" else "noop")
    done = refresh(db)
    assert done["1d"].action == ("noop" if how == "insert" else "revise")
    left = rows(db, "SELECT \"timestamp\", close FROM cmc_price_histories7 WHERE open <> 'NaN' ORDER BY 1")
    assert rows(db, 'SELECT "timestamp", close FROM cmc_price_bars_1d ORDER BY 1') == left
    assert refresh(db, full=True)["multi_tf"].bars_written == 0


def test_without_raw_rows_nothing_stays(db: Db) -> None:
    put(db, examples())
    refresh(db)
    db.execute("TRUNCATE cmc_price_histories7")
    done = refresh(db)
    assert (done["1d"].action, done["1d"].dirty_from, done["1d"].bars_deleted) == ("revise", None, 11)
    for table in (
        "cmc_price_bars_1d",
        "cmc_price_bars_1d_rejects",
        "cmc_price_bars_1d_state",
        "bars",
        "bars_state",
    ):
        assert rows(db, f"SELECT count(*) FROM {table}") == [(0,)], table
    # Known is an asset as long as it has its row of assets.
    assert {done.action for done in refresh(db).values()} == {"noop"}
    db.execute("DELETE FROM assets")
    with pytest.raises(psycopg.Error) as caught:
        refresh(db)
    assert caught.value.sqlstate == "TA001"


prices = st.one_of(
    st.none(),
    st.sampled_from([0.0, -0.0, NAN, INF, -INF, 1e301, 1e-301, -1.0]),
    st.integers(1, 40).map(lambda i: i / 4),
)
hours = st.one_of(st.none(), st.integers(-3, 28))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    st.lists(
        st.tuples(
            prices, prices, prices, prices, prices, prices, hours, hours, hours, hours, st.integers(20, 26)
        ),
        min_size=1,
        max_size=12,
    )
)
def test_every_raw_day_is_accepted_or_rejected_as_the_rules_say(db: Db, given_days: list[Any]) -> None:
    raws = []
    for i, (o, h, lo, c, v, cap, start, end, high, low, stamp) in enumerate(given_days):
        midnight = at("2024-01-01") + timedelta(i)

        def hour(x: int | None, midnight: Any = midnight) -> Any:
            return None if x is None else midnight + timedelta(hours=x)

        raws.append(
            Raw(midnight + timedelta(hours=stamp), *map(hour, (start, end, high, low)), o, h, lo, c, v, cap)
        )
    raws = list({r.timestamp: r for r in raws}.values())
    db.execute("DELETE FROM cmc_price_histories7")
    put(db, raws)
    refresh(db, "1d")
    found = rows(
        db,
        """SELECT bar_seq, "timestamp", time_open, time_close, time_high, time_low, open::text,
               high::text, low::text, close::text, volume, market_cap, repaired_timehigh, repaired_timelow
           FROM cmc_price_bars_1d ORDER BY "timestamp" """,
    )
    wanted = [
        (
            *(n, d.timestamp, d.time_open, d.time_close, d.time_high, d.time_low),
            *(text(x) for x in (d.open, d.high, d.low, d.close)),
            *(d.volume, d.market_cap, d.repaired_timehigh, d.repaired_timelow),
        )
        for n, d in enumerate(accepted(raws), start=1)
    ]
    assert found == wanted
    verdicts = {r.timestamp: validate(r) for r in raws}
    assert dict(rows(db, 'SELECT "timestamp", reason FROM cmc_price_bars_1d_rejects')) == {
        t: v for t, v in verdicts.items() if not isinstance(v, Day)
    }


def text(x: float) -> str:
    """A number as the server writes it."""
    return "-0" if str(x) == "-0.0" else f"{x:g}"
