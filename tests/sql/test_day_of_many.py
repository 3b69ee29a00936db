"""One more day of many assets in one call leaves what a call for each of them leaves, and says the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
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


def one_by_one(db: Db, asset: int) -> list[tuple[Any, ...]]:
    """The same of calls for an asset."""
    bars = db.execute(
        """SELECT id, 'bars', family, action, dirty_from, bars_written, bars_deleted, days_read, rejected,
               repaired_timehigh, repaired_timelow, NULL FROM refresh_bars(%s)""",
        (asset,),
    ).fetchall()
    emas = db.execute(
        """SELECT id, 'emas', variant, action, dirty_from, vectors_written, 0, 0, 0, 0, 0, series
           FROM refresh_emas(%s)""",
        (asset,),
    ).fetchall()
    return bars + emas


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


# What an asset may need besides its new day, or instead of it.
NEW = """id = 4 AND "timestamp" > '2020-05-05'"""
OLD = """id = 4 AND "timestamp" < '2020-01-05'"""
MARK = "INSERT INTO marks (id, version, output, {1}_from) VALUES (4, 1000, '{0}', '2020-03-01')"
GROUP = "WHERE id = 4 AND {}_group = 'cal_us'"
NEEDS: dict[str, str | None] = {
    "a second day": None,
    "a day after a gap": f"""UPDATE cmc_price_histories7 SET
        timeopen = timeopen + '1 day', timeclose = timeclose + '1 day', timehigh = timehigh + '1 day',
        timelow = timelow + '1 day', "timestamp" = "timestamp" + '1 day' WHERE {NEW}""",
    "a bad day": f"UPDATE cmc_price_histories7 SET close = NULL WHERE {NEW}",
    "no day": f"DELETE FROM cmc_price_histories7 WHERE {NEW}",
    "a revision": f"UPDATE cmc_price_histories7 SET close = 1, low = 1 WHERE {OLD}",
    "a deletion": f"DELETE FROM cmc_price_histories7 WHERE {OLD}",
    "a change behind the triggers": """SET session_replication_role = replica;
        UPDATE cmc_price_histories7 SET close = 1, low = 1
        WHERE id = 4 AND "timestamp" BETWEEN '2020-05-03' AND '2020-05-05';
        RESET session_replication_role""",
    "another zone": "UPDATE assets SET tz = 'UTC' WHERE id = 4",
    "a calendar": """INSERT INTO calendars VALUES ('X');
        INSERT INTO calendar_weeks VALUES ('X', '2019-01-01', '1111111');
        UPDATE assets SET calendar = 'X' WHERE id = 4""",
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
