"""With the asset given, every view and every statement of every function opens one partition."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from sql.series import close_of, load

Db = psycopg.Connection[Any]

LOCKED = """
SELECT DISTINCT c.relname::text FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation
WHERE l.pid = pg_backend_pid() AND c.relkind = 'r' AND c.relname ~ '_p[0-9]of4$'
"""

VIEWS = """
SELECT c.relname::text FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'id'
WHERE c.relkind = 'v' AND c.relnamespace = current_schema()::regnamespace ORDER BY 1
"""

OPENED = """
SELECT relname::text
FROM pg_stat_xact_user_tables
WHERE relname ~ '_p[0-9]of4$' AND (seq_scan > 0 OR idx_scan > 0)
"""


def days(first: date, count: int, shift: int = 0) -> list[tuple[date, float]]:
    return [(first + timedelta(i), close_of(i + shift)) for i in range(count)]


def partition_of(db: Db, asset: int) -> int:
    found = db.execute(
        """SELECT r FROM generate_series(0, 3) AS r
           WHERE satisfies_hash_partition('bars'::regclass, 4, r, %s::int)""",
        (asset,),
    ).fetchone()
    assert found is not None
    return int(found[0])


def opened(db: Db, statement: str) -> set[str]:
    """The partitions that a statement looks into."""
    # What earlier transactions did is counted as ours until it has been handed on.
    db.execute("SELECT pg_stat_force_next_flush()")
    with db.transaction():
        db.execute(statement.encode())
        return {name for (name,) in db.execute(OPENED)}


def elsewhere(db: Db, tables: set[str], asset: int) -> set[str]:
    """Partitions that have no row of the asset."""
    return {name for name in tables if not name.endswith(f"_p{partition_of(db, asset)}of4")}


@pytest.fixture
def built(split_db: Db) -> Db:
    split_db.execute("DELETE FROM dim_timeframe WHERE tf NOT IN ('1D', '2D', '7D') AND tf !~ '^1[WM]_'")
    split_db.execute("DELETE FROM dim_period WHERE period NOT IN (6, 9)")
    for asset in (1, 2, 3, 4):
        load(split_db, asset, days(date(2020, 1, 1), 100))
    for asset in (2, 3):
        split_db.execute("SELECT FROM refresh_emas(%s)", (asset,))
    split_db.execute("ANALYZE")
    return split_db


def test_every_view_opens_one_partition(built: Db) -> None:
    views = [name for (name,) in built.execute(VIEWS)]
    assert len(views) > 20
    # The asset as a constant, and as a parameter of a plan that serves every asset.
    built.execute("SET plan_cache_mode = force_generic_plan")
    for view in views:
        built.execute(f"PREPARE looked (int) AS SELECT * FROM {view} WHERE id = $1".encode())
        for statement in (f"SELECT * FROM {view} WHERE id = 3", "EXECUTE looked (3)"):
            assert elsewhere(built, opened(built, statement), 3) == set(), statement
        built.execute("DEALLOCATE looked")


CALLS = [
    "SELECT FROM refresh_bars(3, p_full => true)",
    "SELECT FROM refresh_bars(3)",
    "SELECT FROM refresh_emas(3, p_full => true)",
    "SELECT FROM refresh_emas(3)",
    "SELECT FROM refresh_bars(3, p_tz => 'UTC')",
    "SELECT FROM refresh_bars(3, '1d', p_time_min => '2020-02-01', p_time_max => '2020-03-01')",
    "SELECT FROM refresh_emas(3, p_tfs => '{7D,1M_CAL}')",
    "SELECT FROM bar_snapshots(3, '7D')",
    "SELECT FROM bar_snapshots(3, '1D', '2020-03-01', '2020-04-01')",
    "SELECT FROM ema_series('multi_tf', 3, '7D', 6)",
    "SELECT FROM ema_series('multi_tf_v2', 3, '7D', 6, '2020-03-01', '2020-04-01')",
    "SELECT FROM ema_series('cal_us', 3, '1W_CAL_US', 6)",
    "SELECT FROM ema_matrix('cal_anchor_iso', 3, '1W_CAL_ANCHOR_ISO')",
    "SELECT FROM audit_raw(ARRAY[3])",
    "SELECT FROM audit_bars(ARRAY[3])",
    "SELECT FROM audit_emas(ARRAY[3])",
    "SELECT FROM audit_bars_1d_source(3)",
    "SELECT FROM audit_asset(3)",
    "SELECT FROM refresh_plan(ARRAY[3])",
]


# The planner locks, but doesn't scan, what the branches of a union need of other assets.
NOT_SCANNED = {"refresh_plan": {"cmc_price_bars_1d_rejects", "cmc_price_histories7"}}

ROUTED = [
    *CALLS[:7],
    "SELECT FROM bar_snapshots(3, '1D')",
    "SELECT FROM ema_matrix('multi_tf', 3, '7D')",
    "SELECT FROM ema_matrix('cal_anchor_iso', 3, '1W_CAL_ANCHOR_ISO')",
    "SELECT FROM refresh_plan(ARRAY[3])",
    *(
        f"SELECT FROM audit_{of}(3)"
        for of in (
            *("raw_rows", "bars_1d_source", "bars_1d_rows", "bars_1d_order", "bars_1d_gaps"),
            *("bars_coverage", "bars_state", "bars_rows", "bars_values", "bars_spacing", "bars_content"),
            *("emas_state", "emas_series", "emas_vectors", "asset"),
        )
    ),
    *(
        f"SELECT FROM {view} WHERE id = 3"
        for view in (
            *("day_snapshot_rows", "bars_1d_candidates", "bars_1d_compared", "bars_1d_differing"),
            *("built_timeframes", "built_series"),
        )
    ),
]


def happen(built: Db, news: str) -> None:
    """What the raw days of asset 3 have become since the last refresh."""
    if news == "a day":
        load(built, 3, days(date(2020, 4, 10), 1))
    elif news == "some days":
        load(built, 3, days(date(2020, 4, 10), 20))
    elif news == "revised days":
        built.execute("UPDATE cmc_price_histories7 SET close = close - 1, low = low - 1 WHERE id = 3")
    elif news in ("days gone", "all gone"):
        after = "2020-02-05" if news == "days gone" else "2000-01-01"
        built.execute('DELETE FROM cmc_price_histories7 WHERE id = 3 AND "timestamp" > %s', (after,))


@pytest.mark.parametrize("news", ["nothing", "a day", "some days", "revised days", "days gone", "all gone"])
def test_one_partition_is_known_when_a_statement_is_planned(built: Db, news: str) -> None:
    """Planned for the asset, a statement locks no other partition: a cluster asks one shard."""
    for (function,) in built.execute(
        """SELECT oid::regprocedure::text FROM pg_proc
           WHERE 'plan_cache_mode=force_generic_plan' = ANY (proconfig)"""
    ).fetchall():
        built.execute(f"ALTER FUNCTION {function} RESET plan_cache_mode".encode())
    built.execute("SET plan_cache_mode = force_custom_plan")
    happen(built, news)
    calls = (
        ROUTED if news == "nothing" else ["SELECT FROM refresh_plan(ARRAY[3])", "SELECT FROM refresh_emas(3)"]
    )
    for call in calls:
        with built.transaction():
            built.execute(call.encode())
            locked = {name for (name,) in built.execute(LOCKED)}
        function = call.split()[2].partition("(")[0]
        allowed = NOT_SCANNED.get(function, set())
        others = {name.rpartition("_p")[0] for name in elsewhere(built, locked, 3)}
        assert others - allowed == set(), call
        assert locked, call


@pytest.mark.parametrize("news", ["nothing", "a day", "revised days", "days gone", "all gone"])
def test_every_statement_opens_one_partition(built: Db, news: str) -> None:
    calls = CALLS if news == "nothing" else ["SELECT FROM refresh_emas(3)"]
    happen(built, news)
    tables = set[str]()
    for call in calls:
        found = opened(built, call)
        assert elsewhere(built, found, 3) == set(), call
        tables |= found
    # The question isn't empty.
    assert len(tables) >= (10 if news == "nothing" else 6)
