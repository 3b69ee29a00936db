"""Assets that are set aside before a plan have nothing to do, whatever there may be to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from sql.series import close_of, load

from .planting import UNSEEN, database

Db = psycopg.Connection[Any]

# Asset 4 is the one that gets something to do; 5 has nothing, 6 is on a calendar, 7 has bad days only.
DAYS = 70
CALENDAR = """
INSERT INTO calendars VALUES ('X'), ('Y');
INSERT INTO calendar_weeks VALUES ('X', '2019-01-01', '1111111'), ('Y', '2019-01-01', '1111111');
INSERT INTO assets (id, calendar) VALUES (6, 'X') ON CONFLICT (id) DO UPDATE SET calendar = 'X';
"""
ONE = "WHERE id = 4"
LAST = f"""{ONE} AND "timestamp" = (SELECT max(k."timestamp") FROM cmc_price_histories7 AS k {ONE})"""
MARK = "INSERT INTO marks (id, version, output, {1}_from) VALUES (4, 1000, '{0}', '2020-03-01')"
LATER = """
INSERT INTO cmc_price_histories7 (id, timeopen, timeclose, "timestamp", open, high, low, close)
SELECT id, timeopen + i, timeclose + i, "timestamp" + i, open, high, low, {}
FROM cmc_price_histories7 CROSS JOIN CAST('{} days' AS interval) AS x (i)
"""
WORK = {
    "a new day": LATER.format("close", 1) + LAST,
    "a bad day": LATER.format("NULL", 1) + LAST,
    "an earlier day": LATER.format("close", -DAYS) + LAST,
    "a day that was changed": f"""UPDATE cmc_price_histories7 SET close = 1, low = 1
        {ONE} AND "timestamp" < '2020-01-05'""",
    "a day that was taken away": f"DELETE FROM cmc_price_histories7 {LAST}",
    "all days taken away": f"DELETE FROM cmc_price_histories7 {ONE}",
    "a new day that nobody noted": UNSEEN + LATER.format("close", 1) + LAST,
    "a bad day that nobody noted": UNSEEN + LATER.format("NULL", 1) + LAST,
    "a change that nobody noted": f"{UNSEEN} UPDATE cmc_price_histories7 SET close = 1, low = 1 {LAST}",
    "a loss that nobody noted": f"{UNSEEN} DELETE FROM cmc_price_histories7 {LAST}",
    "a validated day that was changed": f"UPDATE cmc_price_bars_1d SET close = 1 {LAST}",
    "a validated day that was lost": f"DELETE FROM cmc_price_bars_1d {LAST}",
    "a reject without its day": f"""INSERT INTO cmc_price_bars_1d_rejects (id, "timestamp", reason)
        SELECT 4, max("timestamp") + interval '1 h', 'x' FROM cmc_price_bars_1d {ONE}""",
    "days that were never examined": f"DELETE FROM cmc_price_bars_1d_state {ONE}",
    "no newest day that was examined": f"UPDATE cmc_price_bars_1d_state SET last_src_ts = NULL {ONE}",
    "days that wait for the bars": LATER.format("close", 1) + LAST + "; SELECT FROM refresh_bars(4, '1d')",
    "bars that wait for the EMAs": LATER.format("close", 1) + LAST + "; SELECT FROM refresh_bars(4)",
    "one family of bars done": LATER.format("close", 1) + LAST + "; SELECT FROM refresh_bars(4, 'cal_us')",
    "one timeframe's bars done": LATER.format("close", 1)
    + LAST
    + "; SELECT FROM refresh_emas(4); "
    + LATER.format("close", 1)
    + LAST
    + "; SELECT FROM refresh_bars(4, p_tfs => '{2D}')",
    "bars left behind": LATER.format("close", 1) + LAST + "; SELECT FROM refresh_bars(4, p_tfs => '{2D}');"
    " SELECT FROM refresh_emas(4, 'cal_us')",
    "EMAs left behind": LATER.format("close", 1) + LAST + "; SELECT FROM refresh_emas(4, p_tfs => '{2D}')",
    "a mark of its days": MARK.format("1d", "volume"),
    "a mark of its days' closes": MARK.format("1d", "close"),
    "a mark of its bars": MARK.format("cal_us", "closing"),
    "bars never built": f"DELETE FROM bars_state {ONE} AND bar_group = 'cal_us'",
    "no bars built": f"DELETE FROM bars_state {ONE}",
    "EMAs never built": f"DELETE FROM emas_state {ONE} AND ema_group = 'cal_us'",
    "no EMAs built": f"DELETE FROM emas_state {ONE}",
    "bars of fewer days": f"UPDATE bars_state SET n_rows = n_rows - 1 {ONE} AND bar_group = 'cal_us'",
    "bars of other days": f"UPDATE bars_state SET first_ts = first_ts - interval '1 s' {ONE}",
    "bars up to another day": f"UPDATE bars_state SET last_ts = last_ts - interval '1 s' {ONE}",
    "EMAs of fewer days": f"UPDATE emas_state SET n_rows = n_rows - 1 {ONE} AND ema_group = 'multi_tf'",
    "EMAs of other days": f"UPDATE emas_state SET first_ts = first_ts - interval '1 s' {ONE}",
    "EMAs up to another day": f"UPDATE emas_state SET last_ts = last_ts - interval '1 s' {ONE}",
    "bars of fewer timeframes": f"""UPDATE bars_state SET tfs = trim_array(tfs, 1)
        {ONE} AND bar_group = 'multi_tf'""",
    "EMAs of fewer timeframes": f"""UPDATE emas_state SET tfs = trim_array(tfs, 1)
        {ONE} AND ema_group = 'multi_tf_v2'""",
    "EMAs of other periods": f"UPDATE emas_state SET periods = '{{2}}' {ONE} AND ema_group = 'cal'",
    "another zone": f"UPDATE assets SET tz = 'UTC' {ONE}",
    "a calendar": f"UPDATE assets SET calendar = 'X' {ONE}",
    "days on their own after a gap": LATER.format("close", 3) + LAST,
}
OF_CALENDARS = {
    "another calendar": "UPDATE assets SET calendar = 'Y' WHERE id = 6",
    "no calendar any more": "UPDATE assets SET calendar = NULL WHERE id = 6",
    "a calendar that was edited": "INSERT INTO calendar_exceptions VALUES ('X', '2020-02-02', false)",
    "another week": "UPDATE calendar_weeks SET weekmask = '1111100' WHERE calendar = 'X'",
}
OF_ALL = {
    "a new timeframe": "INSERT INTO dim_timeframe (tf) VALUES ('3D')",
    "a new timeframe of a week": "INSERT INTO dim_timeframe (tf) VALUES ('2W_CAL_US')",
    "a timeframe less": "DELETE FROM dim_timeframe WHERE tf = '7D'",
    "a family's last timeframe less": "DELETE FROM dim_timeframe WHERE tf = '1W_CAL_US'",
    "a new period": "INSERT INTO dim_period VALUES (9)",
    "a period less": "DELETE FROM dim_period WHERE period = 6",
}


@pytest.fixture(scope="module")
def some(postgresql_server: Any) -> Iterator[Db]:
    """Four assets that are up to date; tests undo what they do."""
    with database(postgresql_server, "settled") as db:
        db.execute("DELETE FROM dim_timeframe WHERE tf NOT IN ('1D', '2D', '7D') AND tf !~ '^1[WM]_'")
        db.execute("DELETE FROM dim_period WHERE period NOT IN (2, 6)")
        for asset in (4, 5, 6, 7):
            load(db, asset, [(date(2020, 1, 1) + timedelta(i), close_of(i + asset)) for i in range(DAYS)])
        db.execute(CALENDAR.encode())
        db.execute("UPDATE cmc_price_histories7 SET close = NULL WHERE id = 7")
        db.execute("SELECT calendars_apply()")
        for asset in (4, 5, 6, 7):
            db.execute("SELECT FROM refresh_emas(%s)", (asset,))
        yield db


def planned(db: Db, ids: list[int] | None) -> list[tuple[Any, ...]]:
    return db.execute("SELECT * FROM refresh_plan(%s)", (ids,)).fetchall()


def settled(db: Db, **options: Any) -> set[int]:
    given = {"families": None, "variants": None, "lookback_days": 3, "keep_rejects": True, **options}
    rows = db.execute(
        """SELECT * FROM settled_assets(
               NULL, %(families)s, %(variants)s, NULL, %(lookback_days)s, %(keep_rejects)s)""",
        given,
    )
    return {asset for (asset,) in rows}


def test_what_has_nothing_new_is_set_aside(some: Db) -> None:
    assert settled(some) == {4, 5, 6}
    assert planned(some, None) == []


@pytest.mark.parametrize("work", [*WORK, *OF_CALENDARS, *OF_ALL])
def test_whatever_there_is_to_do_is_seen(some: Db, work: str) -> None:
    with some.transaction(force_rollback=True):
        some.execute((WORK.get(work) or OF_CALENDARS.get(work) or OF_ALL[work]).encode())
        some.execute("SET LOCAL session_replication_role = origin")
        some.execute("SELECT calendars_apply()")
        busy = {4, 5, 6} if work in OF_ALL else {4} if work in WORK else {6}
        assert settled(some) == {4, 5, 6} - busy
        alone = [row for asset in (4, 5, 6, 7) for row in planned(some, [asset])]
        assert {row[0] for row in alone} == busy
        assert planned(some, None) == alone


def test_what_is_not_asked_for_keeps_nothing_busy(some: Db) -> None:
    with some.transaction(force_rollback=True):
        some.execute(f"DELETE FROM emas_state {ONE}".encode())
        assert settled(some, variants=[]) == {4, 5, 6}
        some.execute(f"DELETE FROM bars_state {ONE} AND bar_group = 'cal_us'".encode())
        assert settled(some, families=["multi_tf"], variants=[]) == {4, 5, 6}
        assert settled(some, families=["cal_us"], variants=[]) == {5, 6}


def test_timeframes_that_are_not_canonical_stay_current(some: Db) -> None:
    with some.transaction(force_rollback=True):
        some.execute("UPDATE dim_timeframe SET is_canonical = false WHERE tf = '7D'")
        assert settled(some) == {4, 5, 6}
        assert planned(some, None) == []


def test_the_look_back_can_be_switched_off(some: Db) -> None:
    with some.transaction(force_rollback=True):
        some.execute(WORK["a change that nobody noted"].encode())
        assert settled(some) == {5, 6}
        assert settled(some, lookback_days=0) == {4, 5, 6}
