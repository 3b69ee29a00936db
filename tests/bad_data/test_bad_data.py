"""Bad days: each a reject with its reason or a clear error, and no other asset suffers."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from law.machine import RAW, Comparison, World, raw_row

Db = psycopg.Connection[Any]
Cli = Callable[..., Any]

REASONS = {
    *("timestamp_out_of_range", "null_time_open_time_close", "time_out_of_range", "null_open_close"),
    *("value_out_of_range", "time_open_gt_time_close", "timestamp_before_time_close"),
    "high_lt_low_after_repair",
    "local_day_far_from_timestamp",
}
FIRST = datetime(2020, 1, 1, 23, 59, 59, 999000, tzinfo=timezone.utc)

numbers = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True, allow_subnormal=True),
    st.sampled_from(
        [0.0, -0.0, -1.0, 1e300, 1e301, 1e-300, 1e-301, 5e-324, 1.7976931348623157e308, math.nan]
    ),
    st.floats(0.5, 100),
    st.none(),
)
# As text, because Python's years end at 9999 and PostgreSQL knows infinity.
times = st.one_of(
    st.none(),
    st.sampled_from(
        ["infinity", "-infinity", "4713-01-01 00:00 BC", "0001-01-01", "294276-01-01", "2199-12-31"]
    ),
    st.integers(-3, 60).map(lambda i: (FIRST + timedelta(days=i)).isoformat()),
    st.datetimes().map(lambda t: t.replace(tzinfo=timezone.utc).isoformat()),
)
keys = st.one_of(
    st.sampled_from(["infinity", "-infinity", "0001-01-01", "294276-01-01", "1799-12-31", "2200-01-01"]),
    st.integers(-5, 60).map(lambda i: (FIRST + timedelta(days=i)).isoformat()),
)
names = st.one_of(
    st.none(),
    st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=20),
    st.sampled_from(["'; DROP TABLE bars; --", '"', "%s {0} $1", "\\", "数字 😀", "a\nb"]),
)
# What the source says the day is: mostly nothing, or near what the stamps say.
local_days = st.one_of(
    st.none(),
    st.integers(-5, 60).map(lambda i: str((FIRST + timedelta(days=i)).date())),
    st.sampled_from(["infinity", "-infinity", "4713-01-01 BC", "5874897-12-31"]),
)
bad_row = st.tuples(names, times, times, times, times, keys, *[numbers] * 6, names, local_days)


# Which versions of the vectors of the healthy assets stand.
HEALTHY = "SELECT md5(string_agg(ctid || ' ' || xmin, ',' ORDER BY ctid)) FROM emas WHERE id IN (1, 2)"


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(bad_row, min_size=1, max_size=6, unique_by=lambda r: r[5]))
def test_whatever_stands_in_the_raw_table(world: World, rows: list[tuple[Any, ...]]) -> None:
    """Every row is a validated day or a reject with its reason, never lost; or a clear error tells which."""
    db = world.db
    healthy = world.column(HEALTHY)
    world.forget(3)
    columns = RAW.replace(", load_ts", "")
    db.cursor().executemany(
        f"INSERT INTO cmc_price_histories7 ({columns}) VALUES (3, {', '.join(['%s'] * 14)})"
        " ON CONFLICT DO NOTHING".encode(),
        rows,
    )
    count = world.column("SELECT count(*) FROM cmc_price_histories7 WHERE id = 3")
    error: psycopg.Error | None = None
    try:
        db.execute("SELECT count(*) FROM refresh_emas(3)")
    except psycopg.Error as caught:
        error = caught
    if error is not None:
        assert error.sqlstate in ("TA010", "TA011"), error
        assert "asset 3" in str(error)
        # Nothing half written.
        for table in ("cmc_price_bars_1d", "bars", "bars_state", "emas", "emas_state"):
            assert world.column(f"SELECT count(*) FROM {table} WHERE id = 3") == [0]
    else:
        days = world.column("SELECT count(*) FROM cmc_price_bars_1d WHERE id = 3")
        rejects = world.column("SELECT reason FROM cmc_price_bars_1d_rejects WHERE id = 3")
        assert days[0] + len(rejects) == count[0]
        assert set(rejects) <= REASONS
        assert world.column(
            """SELECT count(*) FROM cmc_price_bars_1d WHERE id = 3 AND (
               NOT (low <= least(open, close) AND high >= greatest(open, close))
               OR NOT greatest(abs(open), abs(high), abs(low), abs(close)) <= 1e300
               OR NOT ("timestamp" BETWEEN '1800-01-01' AND '2200-01-01'))"""
        ) == [0]
        # What was accepted can be read.
        db.execute("SELECT count(*) FROM cmc_ema_multi_tf_u WHERE id = 3")
        db.execute("SELECT count(*) FROM cmc_price_bars_multi_tf WHERE id = 3")
    assert world.column(HEALTHY) == healthy


@pytest.mark.parametrize(("period", "close"), [(2, 5.0), (3, 1e-290), (2, 1e300)])
def test_an_ema_that_underflows_is_named(world: World, period: int, close: float) -> None:
    """A price, then zeros: halved and halved again, until no double is small enough."""
    db = world.db
    start = date(2015, 1, 1)
    db.execute("INSERT INTO dim_period (period) VALUES (%s) ON CONFLICT DO NOTHING", (period,))
    db.execute(
        """INSERT INTO cmc_price_histories7 (id, timeopen, timeclose, "timestamp", open, high, low, close)
           SELECT 3, d.at, d.at + interval '23:59:59.999', d.at + interval '23:59:59.999', p.x, p.x, p.x, p.x
           FROM generate_series(0, 2499) AS i (i)
           CROSS JOIN LATERAL (SELECT (%s::date + i.i)::timestamp AT TIME ZONE 'UTC' AS at) AS d
           CROSS JOIN LATERAL (SELECT CASE WHEN i.i < 5 THEN %s::float8 ELSE 0 END AS x) AS p""",
        (start, close),
    )
    with pytest.raises(psycopg.Error) as told:
        db.execute("SELECT * FROM refresh_emas(3)")
    error = told.value
    assert error.sqlstate == "TA011"
    message = error.diag.message_primary or ""
    assert message.startswith("asset 3, timeframe "), message
    named = message.split(", ")[2].split(": ")[0]
    # A day after the prices, by its stamp.
    assert named.endswith(" 23:59:59.999Z")
    assert date(2015, 1, 5) < date.fromisoformat(named[:10]) < date(2021, 11, 4)
    tf = message.split("timeframe ")[1].split(",")[0]
    assert world.column("SELECT count(*) FROM dim_timeframe WHERE tf = %s", tf) == [1]
    for table in ("cmc_price_bars_1d", "bars", "bars_state", "emas", "emas_state"):
        assert world.column(f"SELECT count(*) FROM {table} WHERE id = 3") == [0]
    assert world.refresh_emas(1)[0].action == "noop"


HEADER = "date,open,high,low,close,volume"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2020-01-05,1,2,1,1," + "9" * 300, "300 characters"),
        ("2020-01-05,1,2,1,1e999,5", "too large"),
        ("2020-01-05,1,2,1,1e-999,5", "too small"),
        ("2020-13-05,1,2,1,1,5", "not a day"),
        ("2020-02-30,1,2,1,1,5", "not a day"),
        ("99999-01-01,1,2,1,1,5", "not a day"),
        ("2020-01-05,1,2,1,one,5", "not a number"),
        ("2020-01-05,1,2,1", "columns"),
        ("2020-01-05,1,2,1,1,5\0", "NUL"),
        ('2020-01-05,1,2,1,"1,5', "quote"),
    ],
)
def test_a_line_that_cannot_be_is_named(cli: Cli, db: Db, line: str, said: str) -> None:
    text = "\n".join([HEADER, "2020-01-03,1,2,1,1,5", "2020-01-04,1,2,1,1,5", line, ""])
    done = cli("load", "-", "--id", "1", stdin=text)
    assert done.code in (1, 2)
    assert said in done.err
    assert "line 4" in done.err
    assert done.err.count("\n") == 1
    assert db.execute("SELECT count(*) FROM cmc_price_histories7").fetchone() == (0,)


def test_one_bad_asset_does_not_stop_the_others(cli: Cli, db: Db) -> None:
    world = World(db, Comparison.of(db), 0)
    for asset in (1, 2, 3):
        world.append(asset, 30, 0, "copy", asset)
    # Two rows on one local day of New York.
    row = list(raw_row(2, FIRST.date(), random.Random(1), 0.0, named=False))
    for hour in (10, 11):
        row[6] = FIRST.replace(hour=hour)
        row[2] = row[3] = row[4] = row[5] = FIRST.replace(hour=9)
        db.execute(
            f"INSERT INTO cmc_price_histories7 ({RAW}) VALUES ({', '.join(['%s'] * 16)})".encode(), row
        )
    done = cli("refresh", "all", "--workers", "2")
    assert done.code == 1
    assert "TA010" in done.err
    assert "asset 2" in done.err + done.out
    world.check(1)
    world.check(3)
    assert db.execute("SELECT count(*) FROM bars WHERE id = 2").fetchone() == (0,)
    db.execute('DELETE FROM cmc_price_histories7 WHERE id = 2 AND extract(hour FROM "timestamp") IN (10, 11)')
    assert cli("refresh", "all").code == 0
    world.check(2)
