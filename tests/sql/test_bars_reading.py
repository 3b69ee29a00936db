"""Reading: what a query opens is in proportion to what it asks for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from bars_helpers import Db, only, rows
from conftest import PARTITIONS

ASSETS, DAYS = 40, 400
TIMEFRAMES = ("2D", "30D", "1W_CAL_US", "1M_CAL", "1M_CAL_ANCHOR")
NOON = "2020-12-01 23:59:59.999+00"


def scans(plan: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Table and rows read, of every scan that was executed."""
    if "Relation Name" in plan and plan["Actual Loops"]:
        read = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        yield (
            plan["Relation Name"],
            int(plan["Actual Loops"] * (read + plan.get("Rows Removed by Index Recheck", 0))),
        )
    for child in plan.get("Plans", []):
        yield from scans(child)


def opened(db: Db, query: str, *values: object) -> dict[str, int]:
    """Rows read by table."""
    found: dict[str, int] = {}
    ((plan,),) = rows(db, "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + query, *values)
    for table, count in scans(plan[0]["Plan"]):
        name = re.sub(r"_p\d+of\d+$", "", table)
        found[name] = found.get(name, 0) + count
    return found


@pytest.fixture
def many(db: Db) -> Db:
    """Many assets of a good year, and statistics."""
    only(db, *TIMEFRAMES)
    db.execute(
        f"""INSERT INTO cmc_price_histories7 (
               id, "timestamp", timeopen, timeclose, timehigh, timelow, open, high, low, close,
               volume, marketcap)
           SELECT i, t.t, t.t - interval '1 hour', t.t, t.t, t.t,
               10 + k * 7 % 13, 30 + k * 11 % 17, 1 + k * 5 % 7, 11 + k * 3 % 11, k * 0.1,
               CASE WHEN k % 5 > 0 THEN k END
           FROM generate_series(1, {ASSETS}) AS i
           CROSS JOIN generate_series(0, {DAYS} - 1) AS k
           CROSS JOIN LATERAL (
               SELECT timestamptz '2020-01-01 23:59:59.999+00' + k * interval '24 hours' AS t) AS t
           WHERE (i + k) % 11 > 0 OR k = 335""".encode()
    )
    for asset in range(1, ASSETS + 1):
        db.execute("SELECT count(*) FROM refresh_bars(%s)", (asset,))
    db.execute("VACUUM ANALYZE")
    return db


@pytest.mark.skipif(bool(os.environ.get(PARTITIONS)), reason="partitions so small are scanned whole")
def test_a_day_of_many_assets_opens_one_block_each(many: Db) -> None:
    (newest,) = rows(many, 'SELECT max("timestamp") FROM cmc_price_bars_1d')[0]
    cases = (("", "2D"), ("", "30D"), ("_cal_us", "1W_CAL_US"), ("_cal_anchor_us", "1M_CAL_ANCHOR"))
    for family, tf in cases:
        relation = f"cmc_price_bars_multi_tf{family}"
        for stamp in (NOON, newest):
            query = f"""SELECT * FROM {relation} WHERE tf = '{tf}' AND "timestamp" = %s"""
            found = opened(many, query, stamp)
            # The day itself, and where its market cap is unknown the day that has it.
            assert found["cmc_price_bars_1d"] <= ASSETS * 2, tf
            # The bars of the block and some that follow it, and the first and the newest of all.
            assert found["bars"] <= ASSETS * (33 + 8 + 2), tf
            assert found["day_blocks"] <= ASSETS * 7, tf
            present = rows(many, 'SELECT count(*) FROM cmc_price_bars_1d WHERE "timestamp" = %s', stamp)
            assert [(len(rows(many, query, stamp)),)] == present


def test_a_series_opens_every_day_once(many: Db) -> None:
    for tf in ("2D", "30D"):
        days, bars = rows(
            many,
            """SELECT count(*), (SELECT count(*) FROM bars WHERE id = 7 AND tf = %s)
               FROM cmc_price_bars_1d WHERE id = 7""",
            tf,
        )[0]
        found = opened(many, f"SELECT * FROM cmc_price_bars_multi_tf WHERE id = 7 AND tf = '{tf}'")
        # Days, and the market caps before unknown ones.
        assert found["cmc_price_bars_1d"] <= 2 * days, tf
        # A bar is opened for each block it lies in, with a few that follow the newest of a block, and for its
        # days: all bars once more at most.
        assert found["bars"] <= 2 * (bars + 8 * 7 + 2), tf
        closed = opened(
            many, f"SELECT * FROM cmc_price_bars_multi_tf WHERE id = 7 AND tf = '{tf}' AND NOT is_partial_end"
        )
        assert closed["cmc_price_bars_1d"] <= 2 * days, tf
        assert closed["bars"] <= 2 * (bars + 8 * 7 + 2), tf


def test_all_ways_to_read_show_the_same(many: Db) -> None:
    for tf in TIMEFRAMES:
        ways(many, tf)


def ways(many: Db, tf: str) -> None:
    """One timeframe by function, by view and of many assets."""
    family = rows(many, "SELECT (string_to_array(family, '|'))[1] FROM dim_timeframe WHERE tf = %s", tf)[0][0]
    relation = "cmc_price_bars_multi_tf" + ("" if family == "multi_tf" else f"_{family}")
    ids = list(range(1, ASSETS + 1, 7))
    from_, to = "2020-11-20 00:00+00", "2020-11-26 00:00+00"
    few = "SELECT * FROM bar_snapshots(%s::int[], %s, %s, %s)"
    short = rows(many, few, ids, tf, from_, to)
    long = rows(many, few, ids, tf, from_, "2021-01-01 00:00+00")
    end = rows(many, "SELECT %s::timestamptz", to)[0][0]
    assert short == [r for r in long if r[15] < end] != []
    assert short == [r for i in ids for r in rows(many, few.replace("::int[]", "::int"), i, tf, from_, to)]
    shared = "id, bar_seq, time_close, time_high, time_low, open, high, low, close, volume, market_cap"
    view = rows(
        many,
        f"""SELECT {shared} FROM {relation} WHERE tf = %s AND id = ANY(%s)
            AND "timestamp" >= %s AND "timestamp" < %s ORDER BY id, "timestamp" """,
        *(tf, ids, from_, to),
    )
    assert view == [(r[0], r[3], r[6], r[7], r[8], *r[9:15]) for r in short]
