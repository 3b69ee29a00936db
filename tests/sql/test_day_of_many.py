"""One more day of many assets in one call leaves what a call for each of them leaves, and says the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from law.machine import STORED
from sql.series import close_of, load

from .planting import database

Db = psycopg.Connection[Any]

# When something was written, not what.
CLOCKS = ("ingested_at", "updated_at", "rejected_at", "last_run_ts", "load_ts")
# The new day: in the middle of a block, before one is kept, the first of one, and where all bars are young.
LENGTHS = {1: 40, 2: 61, 3: 64, 4: 125, 5: 128, 6: 230, 7: 1}


def add(db: Db, asset: int, first: int, count: int = 1) -> None:
    """Days of an asset, counted from 0."""
    load(
        db,
        asset,
        [(date(2020, 1, 1) + timedelta(i), close_of(i + asset)) for i in range(first, first + count)],
    )


def stored(db: Db, asset: int) -> dict[str, Any]:
    """Everything stored of an asset, in the form in which it is sent."""
    found = {}
    for table in STORED:
        columns = db.execute(
            """SELECT string_agg(format('r.%%I', attname), ', ' ORDER BY attnum) FROM pg_attribute
               WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attname <> ALL(%s)""",
            (table, [*CLOCKS, "changed_by"]),
        ).fetchone()
        assert columns is not None
        rows = f"SELECT record_send(ROW({columns[0]})) AS x FROM {table} AS r WHERE r.id = %s"
        query = f"SELECT array_agg(s.x ORDER BY s.x) FROM ({rows}) AS s"
        found[table] = db.execute(query.encode(), (asset,)).fetchone()
    return found


def together(db: Db, assets: list[int]) -> list[tuple[Any, ...]]:
    """What the call says, without the time that it took."""
    return [row[:-1] for row in db.execute("SELECT * FROM refresh_day_of_many(%s)", (assets,))]


def one_by_one(db: Db, asset: int, emas: bool = True) -> list[tuple[Any, ...]]:
    """The same of calls for an asset."""
    bars = db.execute(
        """SELECT id, 'bars', family, action, dirty_from, bars_written, bars_deleted, days_read, rejected,
               repaired_timehigh, repaired_timelow, NULL FROM refresh_bars(%s)""",
        (asset,),
    ).fetchall()
    if not emas:
        return bars
    vectors = db.execute(
        """SELECT id, 'emas', variant, action, dirty_from, vectors_written, 0, 0, 0, 0, 0, series
           FROM refresh_emas(%s)""",
        (asset,),
    ).fetchall()
    return bars + vectors


@pytest.fixture
def many(db: Db) -> Db:
    """Assets that are up to date, and a new day of each that nobody has taken up."""
    db.execute("DELETE FROM dim_timeframe WHERE tf NOT IN ('1D', '2D', '7D', '64D') AND tf !~ '^[13][WM]_'")
    db.execute("DELETE FROM dim_period WHERE period NOT IN (2, 6, 21)")
    for asset, length in LENGTHS.items():
        add(db, asset, 0, length)
        one_by_one(db, asset)
    # Periods that go live, bars that close and begin, unknown values.
    for asset, length in LENGTHS.items():
        add(db, asset, length)
    db.execute("UPDATE cmc_price_histories7 SET volume = NULL, marketcap = 5 WHERE id IN (1, 3)")
    for asset in (1, 3):
        one_by_one(db, asset)
        add(db, asset, LENGTHS[asset] + 1)
    return db


def test_a_list_leaves_what_calls_leave(many: Db) -> None:
    assets = list(LENGTHS)
    with many.transaction(force_rollback=True):
        said = together(many, assets)
        left = {asset: stored(many, asset) for asset in assets}
    assert {row[0] for row in said} == set(assets)
    for asset in assets:
        assert [row for row in said if row[0] == asset] == one_by_one(many, asset)
        assert left[asset] == stored(many, asset)
    # Nothing is new now, for either.
    together(many, assets)
    assert many.execute("SELECT FROM refresh_plan()").fetchall() == []
    assert together(many, assets) == []


# Weekdays without some holidays in the middle of weeks and at ends of months; every day but Sundays.
CALENDARS = """
INSERT INTO calendars VALUES ('WEEKDAYS'), ('SIX');
INSERT INTO calendar_weeks VALUES ('WEEKDAYS', '2019-01-01', '1111100'), ('SIX', '2019-01-01', '1111110');
INSERT INTO calendar_exceptions (calendar, day, is_session) VALUES
    ('WEEKDAYS', '2020-01-31', false), ('WEEKDAYS', '2020-03-31', false), ('WEEKDAYS', '2020-04-01', false),
    ('WEEKDAYS', '2020-04-17', false), ('WEEKDAYS', '2020-05-06', false), ('SIX', '2020-04-30', false)
"""
SESSIONS: dict[str | None, Callable[[date], bool]] = {
    "WEEKDAYS": lambda day: (
        day.weekday() < 5
        and day.isoformat() not in ("2020-01-31", "2020-03-31", "2020-04-01", "2020-04-17", "2020-05-06")
    ),
    "SIX": lambda day: day.weekday() < 6 and day.isoformat() != "2020-04-30",
    None: lambda day: True,
}
# For each asset its calendar, its zone, how many rows it has, and how many sessions are left out before each
# of the days that follow: none, some, more than a month. Rows 62, 64 and 128 are of interest to blocks.
LATER: dict[int, tuple[str | None, str, int, tuple[int, ...]]] = {
    1: ("WEEKDAYS", "America/New_York", 61, (0, 1, 0, 4, 0)),
    2: ("WEEKDAYS", "America/New_York", 62, (1, 3, 0, 1, 23)),
    3: ("WEEKDAYS", "Europe/London", 40, (0, 5, 1, 0, 2)),
    4: (None, "UTC", 61, (0, 9, 3, 0, 0)),
    5: (None, "Asia/Tokyo", 62, (8, 7, 0, 40, 2)),
    6: ("SIX", "UTC", 3, (1, 0, 30, 12, 0)),
    7: ("SIX", "America/Chicago", 126, (0, 2, 0, 1, 5)),
    8: (None, "UTC", 63, (6, 0, 0, 0, 370)),
}


def sessions_from(first: date, calendar: str | None) -> Iterator[date]:
    """The sessions of a calendar, without end."""
    is_session = SESSIONS[calendar]
    return (day for day in (first + timedelta(i) for i in range(900)) if is_session(day))


def test_days_on_calendars_and_after_gaps(db: Db) -> None:
    db.execute("DELETE FROM dim_timeframe WHERE tf NOT IN ('1D', '2D', '7D') AND tf !~ '^[13][WMY]_'")
    db.execute("DELETE FROM dim_period WHERE period NOT IN (1, 2, 6)")
    db.execute(CALENDARS)
    coming: dict[int, Iterator[date]] = {}
    for asset, (calendar, zone, rows, _) in LATER.items():
        coming[asset] = sessions_from(date(2020, 1, 6 + asset), calendar)
        db.execute("INSERT INTO assets (id, tz, calendar) VALUES (%s, %s, %s)", (asset, zone, calendar))
        load(db, asset, [(next(coming[asset]), close_of(i + asset)) for i in range(rows)])
        one_by_one(db, asset)
    for step in range(5):
        for asset, (_, _, rows, gaps) in LATER.items():
            for _ in range(gaps[step]):
                next(coming[asset])
            load(db, asset, [(next(coming[asset]), close_of(rows + step + asset))])
        with db.transaction(force_rollback=True):
            said = together(db, list(LATER))
            left = {asset: stored(db, asset) for asset in LATER}
        assert {row[0] for row in said} == set(LATER)
        for asset in LATER:
            assert [row for row in said if row[0] == asset] == one_by_one(db, asset), (step, asset)
            for table, rows_of in stored(db, asset).items():
                assert left[asset][table] == rows_of, (step, asset, table)
    # Bars closed late, and so did some whose last day is kept for a block.
    found = db.execute("SELECT count(DISTINCT id) FROM bars WHERE missing_end > 0").fetchone()
    assert found == (len(LATER),)


def test_a_call_for_an_asset_alone_leaves_the_same(many: Db) -> None:
    """refresh_emas takes one more day at once; after refresh_bars it goes its other way."""
    for asset in LENGTHS:
        with many.transaction(force_rollback=True):
            said = many.execute("SELECT * FROM refresh_emas(%s)", (asset,)).fetchall()
            left = stored(many, asset)
        with many.transaction(force_rollback=True):
            one_by_one(many, asset, emas=False)
            after = many.execute("SELECT * FROM refresh_emas(%s)", (asset,)).fetchall()
            assert [row[:-1] for row in said] == [row[:-1] for row in after]
            assert left == stored(many, asset)


def test_bars_alone(many: Db) -> None:
    assets = list(LENGTHS)
    with many.transaction(force_rollback=True):
        said = many.execute("SELECT * FROM refresh_day_of_many(%s, p_stage => 'bars')", (assets,)).fetchall()
        left = {asset: stored(many, asset) for asset in assets}
    for asset in assets:
        assert [row[:-1] for row in said if row[0] == asset] == one_by_one(many, asset, emas=False)
        assert left[asset] == stored(many, asset)


# What an asset may need besides its new day, or instead of it.
NEW = """id = 4 AND "timestamp" > '2020-05-05'"""
OLD = """id = 4 AND "timestamp" < '2020-01-05'"""
MARK = "INSERT INTO marks (id, version, output, {1}_from) VALUES (4, 1000, '{0}', '2020-03-01')"
GROUP = "WHERE id = 4 AND {}_group = 'cal_us'"
# Up to date on a calendar before the new day comes back.
ON_A_CALENDAR = f"""
CREATE TEMPORARY TABLE coming AS SELECT * FROM cmc_price_histories7 WHERE {NEW};
DELETE FROM cmc_price_histories7 WHERE {NEW};
INSERT INTO calendars VALUES ('X');
INSERT INTO calendar_weeks VALUES ('X', '2019-01-01', '1111111');
INSERT INTO calendar_exceptions (calendar, day, is_session) VALUES ('X', '{{}}', false);
UPDATE assets SET calendar = 'X' WHERE id = 4;
SELECT FROM refresh_emas(4);
INSERT INTO cmc_price_histories7 SELECT * FROM coming;
DROP TABLE coming;
"""
NEEDS: dict[str, str | None] = {
    "a second day": None,
    "a bad day": f"UPDATE cmc_price_histories7 SET close = NULL WHERE {NEW}",
    "no day": f"DELETE FROM cmc_price_histories7 WHERE {NEW}",
    "a revision": f"UPDATE cmc_price_histories7 SET close = 1, low = 1 WHERE {OLD}",
    "a deletion": f"DELETE FROM cmc_price_histories7 WHERE {OLD}",
    "a change behind the triggers": """SET session_replication_role = replica;
        UPDATE cmc_price_histories7 SET close = 1, low = 1
        WHERE id = 4 AND "timestamp" BETWEEN '2020-05-03' AND '2020-05-05';
        RESET session_replication_role""",
    "two days on one day": f"""SET session_replication_role = replica;
        UPDATE cmc_price_histories7 SET local_day = '2020-05-04' WHERE {NEW};
        RESET session_replication_role""",
    "another zone": "UPDATE assets SET tz = 'UTC' WHERE id = 4",
    "a calendar": """INSERT INTO calendars VALUES ('X');
        INSERT INTO calendar_weeks VALUES ('X', '2019-01-01', '1111111');
        UPDATE assets SET calendar = 'X' WHERE id = 4""",
    "a row on no session": ON_A_CALENDAR.format("2020-05-05"),
    "an edited calendar": ON_A_CALENDAR.format("2021-05-05")
    + """
        INSERT INTO calendar_exceptions (calendar, day, is_session) VALUES ('X', '2020-02-03', false)""",
    "a calendar edited for later": ON_A_CALENDAR.format("2021-05-05")
    + """
        INSERT INTO calendar_exceptions (calendar, day, is_session) VALUES ('X', '2030-02-03', false)""",
    "bars of one timeframe behind": "SELECT FROM refresh_bars(4, p_tfs => '{2D}')",
    "bars that wait for the EMAs": "SELECT FROM refresh_bars(4)",
    "days that wait for the bars": "SELECT FROM refresh_bars(4, '1d')",
    "EMAs of one timeframe behind": "SELECT FROM refresh_emas(4, p_tfs => '{2D}')",
    "a mark that concerns its bars": MARK.format("1d", "volume"),
    "a mark of its bars": MARK.format("cal_us", "closing"),
    "no state of its bars": f"DELETE FROM bars_state {GROUP.format('bar')}",
    "no state of its EMAs": f"DELETE FROM emas_state {GROUP.format('ema')}",
    "rejects left out": """UPDATE cmc_price_bars_1d_state SET rejects_left_out_from = '2020-01-03'
        WHERE id = 4""",
}
OF_ALL = {
    "a new period": "INSERT INTO dim_period VALUES (9)",
    "a period less": "DELETE FROM dim_period WHERE period = 6",
    "a timeframe less": "DELETE FROM dim_timeframe WHERE tf = '7D'",
}


@pytest.fixture(scope="module")
def two(postgresql_server: Any) -> Iterator[Db]:
    """Two assets with a new day each; tests undo what they do."""
    with database(postgresql_server, "days") as db:
        db.execute("DELETE FROM dim_timeframe WHERE tf NOT IN ('1D', '2D', '7D') AND tf !~ '^1[WM]_'")
        db.execute("DELETE FROM dim_period WHERE period NOT IN (2, 6)")
        for asset in (4, 5):
            add(db, asset, 0, 125)
            one_by_one(db, asset)
            add(db, asset, 125)
        yield db


@pytest.mark.parametrize("need", [*NEEDS, *OF_ALL])
def test_what_needs_more_is_left_to_its_own_call(two: Db, need: str) -> None:
    with two.transaction(force_rollback=True):
        what = NEEDS.get(need) or OF_ALL.get(need)
        if what is None:
            add(two, 4, 126)
        else:
            two.execute(what.encode())
        before = stored(two, 4)
        done = {row[0] for row in together(two, [5, 4])}
        assert done == (set() if need in OF_ALL else {5})
        assert stored(two, 4) == before


def test_an_asset_on_a_calendar_is_taken_with_others(two: Db) -> None:
    with two.transaction(force_rollback=True):
        two.execute(ON_A_CALENDAR.format("2021-05-05").encode())
        assert {row[0] for row in together(two, [5, 4])} == {4, 5}


def test_data_that_disagree_undo_the_whole_list(two: Db) -> None:
    for damage in (
        "UPDATE emas SET day_space = '{}' WHERE id = 4 AND tf = '7D'",
        "DELETE FROM emas WHERE id = 4 AND tf = '1M_CAL'",
        "DELETE FROM bars WHERE id = 4 AND tf = '7D'",
    ):
        with two.transaction(force_rollback=True):
            two.execute(damage.encode())
            with pytest.raises(psycopg.DatabaseError) as error, two.transaction():
                together(two, [4, 5])
            assert error.value.sqlstate == "TA030"
            with pytest.raises(psycopg.DatabaseError) as error, two.transaction():
                one_by_one(two, 4)
            assert error.value.sqlstate == "TA030"
            assert {row[3] for row in one_by_one(two, 5)} == {"append"}


def test_lists_in_any_order_do_not_lock_each_other_out(many: Db, db_url: str) -> None:
    said: list[list[Any]] = []

    def call(assets: list[int]) -> None:
        with psycopg.connect(db_url, autocommit=True) as own:
            said.append(together(own, assets))

    assets = list(LENGTHS)
    threads = [threading.Thread(target=call, args=(order,)) for order in (assets, assets[::-1], assets)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Each asset in one of them; what another held was left out.
    assert sorted(asset for rows in said for asset in {row[0] for row in rows}) == assets


def test_an_asset_that_another_refresh_holds_is_left_to_its_own_call(two: Db) -> None:
    with two.transaction(force_rollback=True), psycopg.connect(two.info.dsn) as other:
        other.execute("SELECT FROM cmc_price_bars_1d_state WHERE id = 4 FOR UPDATE")
        assert {row[0] for row in together(two, [4, 5])} == {5}
