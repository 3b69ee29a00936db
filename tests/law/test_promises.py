"""Besides the law: no lookahead, no needless writes, work in proportion to the change."""

from __future__ import annotations

import struct
from typing import Any

import psycopg
import pytest
from law.machine import BARS, EMAS, STORED, Comparison, World

Db = psycopg.Connection[Any]

# What a late close changes on the last row of a bar, when a later day shows that no more days come.
LATE = {
    *("is_partial_end", "count_days_remaining", "is_missing_days", "count_missing_days"),
    *("count_missing_days_end", "missing_days_where", "first_missing_day", "last_missing_day"),
}
LATE_EMAS = {"roll", "roll_bar", "ema_bar", "d1", "d2", "d1_bar", "d2_bar", "d1_roll_bar", "d2_roll_bar"}


@pytest.fixture
def world(db: Db) -> World:
    """One asset of 150 days, built."""
    world = World(db, Comparison.of(db), 0)
    world.append(1, 150, 0, "copy", 5)
    world.refresh_emas(1)
    return world


def bits(value: Any) -> Any:
    return struct.pack(">d", value) if isinstance(value, float) else value


def rows(world: World, relation: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Every row of a relation by its key; floats as bits."""
    with world.db.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {relation} WHERE id = 1".encode())
        names = [c.name for c in cursor.description or []]
        found = [dict(zip(names, map(bits, row), strict=True)) for row in cursor]
    key = ("tf", "bar_seq", "time_close") if "price" in relation else ("tf", "period", "ts")
    return {tuple(row[k] for k in key): row for row in found}


def test_no_lookahead(db: Db) -> None:
    """Days after d change nothing on d, but for the last row of a bar that closes late."""
    world = World(db, Comparison.of(db), 0)
    # Weekdays with holes, so that bars close late again and again.
    world.append(1, 90, 0, "copy", 11)
    db.execute('DELETE FROM cmc_price_histories7 WHERE extract(isodow FROM "timestamp") > 5')
    late = 0
    for seed in range(3):
        world.refresh_emas(1)
        before = {relation: rows(world, relation) for relation in (*BARS, *EMAS)}
        world.append(1, 9, 3 * seed, "copy", seed)
        world.refresh_emas(1)
        for relation, known in before.items():
            now = rows(world, relation)
            allowed = LATE if relation in BARS else LATE_EMAS
            for key, row in known.items():
                changed = {name for name, value in row.items() if now[key][name] != value}
                assert changed <= allowed, (relation, key, changed)
                if changed:
                    late += 1
                    closes = "is_partial_end" if relation in BARS else "roll"
                    # Only the newest row of its bar: it was forming, and has closed without another day.
                    assert closes in changed, (relation, key, changed)
                    assert row[closes] is True
                    assert now[key][closes] is False
                    assert key[-1] == max(k[-1] for k in known if k[0] == key[0])
    assert late > 0


COUNTERS = """
SELECT c.relname, pg_stat_get_xact_tuples_inserted(c.oid), pg_stat_get_xact_tuples_updated(c.oid),
    pg_stat_get_xact_tuples_deleted(c.oid)
FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY 1
"""


def test_nothing_new_writes_nothing(world: World) -> None:
    db = world.db
    with db.transaction():
        before = db.execute(COUNTERS).fetchall()
        for call in (
            "refresh_bars(1)",
            "refresh_bars(1, p_lookback_days => 400)",
            "refresh_bars(1, '1d', p_time_min => '2020-01-01', p_time_max => '2020-02-01')",
            "refresh_emas(1)",
            "refresh_emas(1, 'cal_us', p_tfs => ARRAY['1M_CAL'])",
            "refresh_emas(1, p_upstream => false)",
            "refresh_plan(ARRAY[1])",
        ):
            db.execute(f"SELECT * FROM {call}".encode())
            assert db.execute(COUNTERS).fetchall() == before, call
    # A load of the same values is nothing new either.
    db.execute("UPDATE cmc_price_histories7 SET close = close, load_ts = now()")
    assert {r.action for r in world.refresh_emas(1)} == {"noop"}


def versions(db: Db, table: str, condition: str) -> set[Any]:
    """Which version of each row stands."""
    return set(
        db.execute(f"SELECT ctid::text, xmin::text FROM {table} WHERE {condition}".encode()).fetchall()
    )


def test_a_new_timeframe_leaves_all_other_rows_alone(world: World) -> None:
    db = world.db
    kept = (
        *("bars", "bar_blocks", "emas", "emas_at_blocks", "cmc_price_bars_1d", "day_blocks"),
        "cmc_price_bars_1d_rejects",
    )
    before = {table: versions(db, table, "true") for table in kept}
    db.execute("INSERT INTO dim_timeframe (tf) VALUES ('3D'), ('2M_CAL'), ('3W_CAL_ISO'), ('6M_CAL_ANCHOR')")
    world.refresh_emas(1)
    for table, known in before.items():
        assert known <= versions(db, table, "true"), table
    assert db.execute("SELECT count(DISTINCT tf) FROM bars WHERE tf IN ('3D', '2M_CAL')").fetchone() == (2,)
    db.execute("DELETE FROM dim_timeframe WHERE tf IN ('3D', '2M_CAL', '3W_CAL_ISO', '6M_CAL_ANCHOR')")
    world.refresh_emas(1)
    for table, known in before.items():
        assert known == versions(db, table, "true"), table


def test_a_new_period_leaves_vectors_alone_that_do_not_change(world: World) -> None:
    """Bars with fewer closes than the period is long have the same vectors with it."""
    db = world.db
    period = 9
    condition = f"n_closed < {period}"
    bars, short = versions(db, "bars", "true"), versions(db, "emas", condition)
    assert short
    db.execute("INSERT INTO dim_period (period) VALUES (%s)", (period,))
    world.refresh_emas(1)
    assert versions(db, "bars", "true") == bars
    assert short <= versions(db, "emas", condition)
    assert db.execute(
        "SELECT count(*) FROM cmc_ema_multi_tf WHERE period = %s AND tf = '1D'", (period,)
    ).fetchone() == (len(world.column("SELECT 1 FROM cmc_price_bars_1d")) - period + 1,)
    world.check(1)


def revision(world: World, back: int, column: str = "close") -> tuple[int, int]:
    """Bars and vectors written for a change of a day so many days back."""
    days = world.column('SELECT "timestamp" FROM cmc_price_bars_1d WHERE id = 1 ORDER BY 1')
    world.db.execute(
        f"""UPDATE cmc_price_histories7 SET {column} = {column} + 0.125, high = high + 1
            WHERE id = 1 AND "timestamp" = %s""".encode(),
        (days[-back],),
    )
    bars = sum(r.bars_written for r in world.refresh_bars(1))
    vectors = sum(r.vectors_written for r in world.refresh_emas(1))
    return bars, vectors


def test_work_is_in_proportion_to_the_change(world: World) -> None:
    db = world.db
    world.append(1, 400, 0, "copy", 3)
    world.refresh_emas(1)
    written = {back: revision(world, back) for back in (1, 10, 100, 500)}
    timeframes = len(world.timeframes())
    series = db.execute("SELECT count(*) FROM emas").fetchone()
    assert series is not None
    # The day itself, and in every timeframe one bar.
    assert all(bars <= timeframes + 1 for bars, _ in written.values()), written
    # The vectors of the bars from the day on: many more the further back it lies.
    for nearer, farther in ((1, 10), (10, 100), (100, 500)):
        assert written[nearer][1] < written[farther][1], written
    # 1D has a vector for a day in two variants, 2D for two days, and so on.
    assert written[1][1] <= 2 * (timeframes + 1)
    assert written[10][1] < 20 * 3 + 2 * 3 * timeframes
    world.check(1)


def test_a_revision_that_changes_nothing_writes_nothing(world: World) -> None:
    """Changed and changed back: noted, looked at, and found to be what stands already."""
    db = world.db
    kept = (
        *("cmc_price_bars_1d", "day_blocks", "bars", "bar_blocks", "emas", "emas_at_blocks"),
        *("bars_state", "emas_state"),
    )
    before = {table: versions(db, table, "true") for table in kept}
    with db.transaction():
        db.execute("UPDATE cmc_price_histories7 SET volume = 7 WHERE volume = 1e6")
        db.execute("UPDATE cmc_price_histories7 SET volume = 1e6 WHERE volume = 7")
    assert db.execute("SELECT count(*) FROM raw_changes WHERE id = 1").fetchone() == (1,)
    done = [*world.refresh_bars(1), *world.refresh_emas(1)]
    assert {r.action for r in done} == {"noop"}
    assert {table: versions(db, table, "true") for table in kept} == before
    assert db.execute("SELECT count(*) FROM raw_changes WHERE id = 1").fetchone() == (0,)


@pytest.mark.parametrize("how", ["replica", "disabled"])
def test_what_no_trigger_saw_is_found_by_looking_back(world: World, how: str) -> None:
    db = world.db
    day = world.stamps(1)[-2]
    change = 'UPDATE cmc_price_histories7 SET close = 3.5, high = 99 WHERE id = 1 AND "timestamp" = %s'
    if how == "replica":
        with db.transaction():
            db.execute("SET LOCAL session_replication_role = 'replica'")
            db.execute(change, (day,))
    else:
        db.execute("ALTER TABLE cmc_price_histories7 DISABLE TRIGGER USER")
        db.execute(change, (day,))
        db.execute("ALTER TABLE cmc_price_histories7 ENABLE TRIGGER USER")
    assert {r.action for r in world.refresh_bars(1, lookback_days=0)} == {"noop"}
    done = {r.family: r for r in world.refresh_bars(1)}
    assert (done["1d"].action, done["1d"].dirty_from) == ("revise", day)
    world.check(1)


def test_another_zone_reaches_months_that_were_built_alone(db: Db) -> None:
    world = World(db, Comparison.of(db), 0)
    world.append(1, 60, 0, "copy", 5)
    world.refresh_bars(1, tfs=["1M_CAL"])
    world.refresh_bars(1, family="cal_anchor_iso", tz="UTC")
    assert world.column("SELECT DISTINCT tz FROM bars_state") == ["UTC"]
    world.check(1)


def test_every_stored_table_is_compared(db: Db) -> None:
    """A table of assets that the law forgets would be a hole in it."""
    from ta_lab2_sql.schema import registry

    # What a person accepted isn't computed, so a build from nothing has nothing to say of it.
    by_hand = {"accepted_findings"}
    assert set(STORED) == set(registry.read().distributed) - by_hand
