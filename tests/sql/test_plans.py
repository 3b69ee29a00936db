"""Plans and sessions change nothing: parallel or not, in any time zone, with odd settings, the same bits."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from law.machine import BARS, EMAS, Comparison, World

Db = psycopg.Connection[Any]

PARALLEL = {
    "parallel_setup_cost": "0",
    "parallel_tuple_cost": "0",
    "min_parallel_table_scan_size": "0",
    "min_parallel_index_scan_size": "0",
    "max_parallel_workers_per_gather": "2",
}
SESSIONS: dict[str, dict[str, str]] = {
    "parallel": {},
    "UTC-12": {"TimeZone": "Etc/GMT+12", "DateStyle": "German"},
    "UTC+14": {"TimeZone": "Pacific/Kiritimati", "DateStyle": "SQL, DMY", "extra_float_digits": "-15"},
    "half an hour": {"TimeZone": "Australia/Lord_Howe", "IntervalStyle": "sql_standard"},
    "three quarters": {"TimeZone": "Asia/Kathmandu", "DateStyle": "Postgres, MDY", "extra_float_digits": "0"},
    "newfoundland": {"TimeZone": "America/St_Johns", "bytea_output": "escape", "lc_messages": "C"},
    "no hash, no sort": {"enable_hashjoin": "off", "enable_hashagg": "off", "enable_memoize": "off"},
    "hash only": {"enable_nestloop": "off", "enable_mergejoin": "off", "enable_indexscan": "off"},
    "jit": {"jit": "on", "jit_above_cost": "0", "jit_inline_above_cost": "0", "jit_optimize_above_cost": "0"},
    "no index": {"enable_indexscan": "off", "enable_indexonlyscan": "off", "enable_bitmapscan": "off"},
    "no sort, no scan": {"enable_sort": "off", "enable_seqscan": "off", "enable_material": "off"},
    "locale": {"lc_numeric": "POSIX", "lc_monetary": "POSIX", "lc_time": "POSIX", "extra_float_digits": "3"},
    "generic plans": {"plan_cache_mode": "force_generic_plan", "work_mem": "64kB", "jit": "off"},
}


def parallel(db: Db) -> dict[str, str]:
    """Workers for everything that says it may run in one."""
    name = "debug_parallel_query" if db.info.server_version >= 160000 else "force_parallel_mode"
    return {**PARALLEL, name: "on"}


@pytest.mark.parametrize("name", SESSIONS)
def test_sessions_and_plans_change_no_bit(db: Db, db_url: str, name: str) -> None:
    world = World(db, Comparison.of(db), 0)
    world.append(1, 140, 0, "copy", 4)
    # An odd search_path: something of the same name stands first, ours second.
    db.execute("CREATE SCHEMA odd; CREATE TABLE odd.bars_latest (id text)")
    settings = parallel(db) if name == "parallel" else SESSIONS[name]
    with psycopg.connect(db_url, autocommit=True) as session:
        for setting, value in settings.items():
            session.execute("SELECT set_config(%s, %s, false)", (setting, value))
        session.execute("SET search_path TO odd, pg_catalog, public, pg_temp")
        # Written under the settings, in two parts, by appending and by revising; a worker for each statement
        # of a refresh would take minutes, so in parallel there is only reading.
        if name == "parallel":
            session.execute("RESET ALL")
        session.execute("SELECT FROM refresh_emas(1)")
        world.append(1, 3, 0, "insert", 6)
        world.revise(1, 60, 1, "close", 6)
        session.execute("SELECT FROM refresh_emas(1)")
    world.check(1, thorough=True)

    # Read under the settings, and without.
    calls = [
        *(f"{relation} AS r WHERE id = 1" for relation in (*BARS, *EMAS)),
        "bar_snapshots(1, '1W_CAL_ANCHOR_ISO') AS r",
        "ema_series('cal_us', 1, '1M_CAL', 2) AS r",
        "ema_matrix('multi_tf_v2', 1, '5D') AS r",
        "bar_windows('2W_CAL_ISO', '2019-12-01', '2021-01-01') AS r",
        "emas_latest AS r WHERE id = 1" if name != "parallel" else "bars_summary(ARRAY[1]) AS r",
    ]
    if name == "parallel":
        # The long relations hold blocks of days together by means that no worker takes part in.
        calls = calls[len(BARS) + len(EMAS) :]
    with psycopg.connect(db_url, autocommit=True) as session:
        plain = [digest(session, call) for call in calls]
        for setting, value in settings.items():
            session.execute("SELECT set_config(%s, %s, false)", (setting, value))
        assert [digest(session, call) for call in calls] == plain
    assert all(count > 0 for count, _ in plain)


def digest(db: Db, call: str) -> tuple[int, str]:
    """How many rows, and one hash of their bytes whatever their order."""
    row = db.execute(
        f"""SELECT count(*)::int, md5(string_agg(d.x, '' ORDER BY d.x))
            FROM (SELECT md5(record_send(r)) AS x FROM {call}) AS d""".encode()
    ).fetchone()
    assert row is not None
    return row


PURE = """
SELECT
    e.tf, e.bar_seq, ema_step(e.bar_space, e.bar_space, 1.5),
    unit_first_day(t.unit_kind, calendar_unit(t.unit_kind, b.time_close::date)),
    timeframe_nominal_days(t.tf), timeframe_family(t.tf),
    first_unit(t.unit_kind, t.tf_qty, t.allow_partial_start, b.time_open::date),
    series_first_unit(t.unit_kind, t.tf_qty, t.allow_partial_start, b.time_open::date, NULL),
    series_first_day(t.unit_kind, calendar_unit(t.unit_kind, b.time_close::date)),
    ema_walk(e.bar_space, 1, ARRAY[2], e.bar_space, 1.5, 0.25, true),
    ema_chain(e.bar_space, 0.25, 1.5, NULL, NULL),
    bar_volumes(e.bar_space, 0, ARRAY[1], 1.5),
    bar_winners(e.bar_space, ARRAY[b.time_high, b.time_low], 0, ARRAY[1], 1.5, b.time_high, true),
    volumes_at(e.bar_space, 0, ARRAY[1], NULL),
    volume_sums(e.bar_space, ARRAY[1], ARRAY[1]),
    (SELECT array_agg(l.v) FROM ema_lanes(e.bar_space, ARRAY[1], ARRAY[0.5], ARRAY[2.5], NULL, NULL) AS l)
FROM emas AS e
INNER JOIN bars AS b ON b.id = e.id AND b.tf = e.tf AND b.bar_seq = e.bar_seq
INNER JOIN dim_timeframe AS t ON t.tf = e.tf
WHERE e.id = 1 AND t.unit_kind <> 'D' AND cardinality(e.bar_space) > 1
"""


def test_functions_that_say_so_run_in_workers(db: Db) -> None:
    world = World(db, Comparison.of(db), 0)
    world.append(1, 60, 0, "copy", 4)
    world.refresh_emas(1)
    db.execute("ANALYZE")
    plain = digest(db, f"({PURE}) AS r")
    for setting, value in parallel(db).items():
        db.execute("SELECT set_config(%s, %s, false)", (setting, value))
    plan = "\n".join(line for (line,) in db.execute(f"EXPLAIN {PURE}".encode()))
    assert "Gather" in plan
    assert digest(db, f"({PURE}) AS r") == plain
    assert plain[0] > 0


SCANNED = """
SELECT relname, seq_scan FROM pg_stat_xact_user_tables
WHERE schemaname = current_schema() AND relname ~ '^(bars|emas|cmc_price|raw_changes)' ORDER BY 1
"""


def test_plans_made_on_empty_tables_serve_full_ones(db: Db) -> None:
    """A session that began when nothing was stored finds the rows of an asset by index ever after."""
    world = World(db, Comparison.of(db, only=()), 0)
    for asset in (1, 2):
        world.append(asset, 300, 0, "copy", asset)
    db.execute("VACUUM ANALYZE")
    # Each function's first asset: its plans are made, and kept.
    for call in ("refresh_bars(1)", "refresh_emas(1)"):
        db.execute(f"SELECT FROM {call}".encode())
    with db.transaction():
        # What the session did before may still be counted.
        before = db.execute(SCANNED).fetchall()
        for call in ("refresh_bars(2)", "refresh_emas(2)", "refresh_emas(2)"):
            db.execute(f"SELECT FROM {call}".encode())
        assert db.execute(SCANNED).fetchall() == before


@pytest.mark.parametrize("asked", ["day", '"timestamp"', 'day, "timestamp", bar_seq'])
def test_a_day_is_found_by_its_number_among_young_assets(db: Db, asked: str) -> None:
    """One long history where the planner expects some thirty days of an asset: no walk through all of its."""
    db.execute(
        """INSERT INTO cmc_price_bars_1d (
               id, "timestamp", bar_seq, time_open, time_close, time_high, time_low, open, high, low, close,
               repaired_timehigh, repaired_timelow, day)
           SELECT a.id, x.t, n, x.t, x.t, x.t, x.t, 1, 1, 1, 1, false, false, x.t::date
           FROM (SELECT 1 AS id, 3000 AS days UNION ALL SELECT i, 20 FROM generate_series(2, 300) AS i) AS a
           CROSS JOIN LATERAL generate_series(1, a.days) AS n
           CROSS JOIN LATERAL (SELECT timestamptz '2010-01-01 00:00+00' + n * interval '24 hours' AS t) AS x
        """
    )
    db.execute("VACUUM ANALYZE cmc_price_bars_1d")
    db.execute("SET plan_cache_mode = force_generic_plan")
    look_up = f"SELECT {asked} FROM cmc_price_bars_1d WHERE id = $1 AND bar_seq = $2"
    db.execute(f"PREPARE look_up (int, int) AS {look_up}".encode())
    plan = [line for (line,) in db.execute("EXPLAIN (COSTS OFF) EXECUTE look_up (1, 2000)")]
    assert "using cmc_price_bars_1d_bar_seq" in plan[0]
    assert plan[1].strip() == "Index Cond: ((id = $1) AND (bar_seq = $2))"
    assert len(plan) == 2
