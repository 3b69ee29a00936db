"""Contract: every audit finds its defect and names it once; healthy assets give no error and no warning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from loading import PRICES as FILES
from loading import load_named

from .planting import PRICES, TFS, UNSEEN, database


@pytest.fixture(scope="module")
def built(postgresql_server: Any) -> Iterator[psycopg.Connection[Any]]:
    """One database for all defects, each of which is planted in a transaction that is rolled back.

    Assets 1 and 2 have 60 days and bars, 3 has two rejected days among five, 4 has validated days only.
    """
    with database(postgresql_server, "bars") as db:
        for asset, first in ((1, 0), (2, 0), (3, 55), (4, 0)):
            db.execute(PRICES, (asset, first, 59))
        db.execute("UPDATE cmc_price_histories7 SET close = NULL WHERE id = 3 AND volume > 580")
        for calendar, week in (("EVERY", "1111111"), ("WEEK", "1111100")):
            db.execute("INSERT INTO calendars VALUES (%s, 'UTC', '2023-01-01', '2024-12-31')", (calendar,))
            db.execute("INSERT INTO calendar_weeks VALUES (%s, '2000-01-01', %s)", (calendar, week))
        db.execute("SELECT calendars_apply()")
        for asset in (1, 2):
            db.execute("SELECT FROM refresh_bars(%s, p_tfs => %s)", (asset, TFS))
        for asset in (3, 4):
            db.execute("SELECT FROM refresh_bars(%s, '1d')", (asset,))
        yield db


def findings(db: psycopg.Connection[Any], ids: list[int] | None) -> list[tuple[str, str, str | None]]:
    """Check, severity and timeframe of every finding."""
    rows = db.execute('SELECT "check", severity, tf FROM audit_all(%s)', (ids,)).fetchall()
    return sorted(rows, key=str)


def expected(*texts: str) -> list[tuple[str, str, str | None]]:
    """'check severity tf', the tf left out when there is none."""
    words = [(*text.split(), None)[:3] for text in texts]
    return sorted(words, key=str)  # type: ignore[type-var]


DAY_11 = """"timestamp" = '2024-01-13 23:59:59.999+00'"""
BAR = "UPDATE bars SET {} WHERE id = 1 AND tf = '7D' AND bar_seq = 2"
RAW = UNSEEN + "UPDATE cmc_price_histories7 SET {} WHERE id = 4 AND " + DAY_11
DAY = "UPDATE cmc_price_bars_1d SET {} WHERE id = 4 AND " + DAY_11
# Volumes concern bars, not EMAs.
MARK = (
    "INSERT INTO marks (id, version, output, volume_from)"
    " SELECT id, 1000, '1d', max(last_ts) FROM bars_state WHERE id = 1 GROUP BY id"
)
AGAIN = "; SELECT FROM refresh_bars(4, '1d', p_full => true)"
CONTENT = "bar_content error 7D"
DIFFERS = "bars_1d_differs_from_raw error 1D"
REJECTED = "rows_rejected warning"
CALENDAR = "UPDATE assets SET calendar = '{}' WHERE id = 4;"
KNOWN = "UPDATE calendars SET {} WHERE calendar = 'EVERY';" + CALENDAR.format("EVERY")
# Tuesdays to Saturdays, also before the days of PRICES.
A_DAY_LATE = (
    PRICES % (4, -60, -1) + ";UPDATE cmc_price_histories7 SET volume = 1 WHERE id = 4;"
    "DELETE FROM cmc_price_histories7 WHERE id = 4 AND extract(DOW FROM timeopen AT TIME ZONE 'UTC') < 2"
)

# Asset, damage, what must be found and nothing else.
DEFECTS: dict[str, tuple[int, str, list[str]]] = {
    "raw_changes_pending": (
        1,
        "UPDATE cmc_price_histories7 SET close = close + 1 WHERE id = 1 AND " + DAY_11,
        ["raw_changes_pending warning"],
    ),
    "raw_triggers_off": (
        1,
        "ALTER TABLE cmc_price_histories7 DISABLE TRIGGER raw_changes_update",
        ["raw_triggers_off error"],
    ),
    "raw_triggers_off: dropped": (
        1,
        "DROP TRIGGER raw_changes_delete ON cmc_price_histories7",
        ["raw_triggers_off error"],
    ),
    "raw_row_lost": (
        3,
        "DELETE FROM cmc_price_bars_1d_rejects WHERE id = 3 AND volume > 590",
        ["raw_row_lost error", REJECTED],
    ),
    "raw_row_lost: in both": (
        4,
        'INSERT INTO cmc_price_bars_1d_rejects (id, "timestamp", reason)'
        " SELECT id, \"timestamp\", 'null_open_close' FROM cmc_price_bars_1d WHERE id = 4 AND " + DAY_11,
        ["raw_row_lost error", "rejects_orphan error", REJECTED],
    ),
    "rejects_orphan": (
        3,
        "UPDATE cmc_price_bars_1d_rejects SET reason = 'value_out_of_range' WHERE id = 3",
        ["rejects_orphan error", REJECTED],
    ),
    "rejects_orphan: raw row gone": (
        3,
        UNSEEN + "DELETE FROM cmc_price_histories7 WHERE id = 3 AND volume BETWEEN 580 AND 590",
        ["rejects_orphan error", REJECTED],
    ),
    "rows_rejected": (3, "SELECT", [REJECTED]),
    "bars_1d_differs_from_raw": (4, RAW.format("close = close + 0.25"), [DIFFERS]),
    "bars_1d_differs_from_raw: one bit": (
        4,
        RAW.format("volume = volume + 1.5e-14"),
        [DIFFERS],
    ),
    "bars_1d_differs_from_raw: a day more": (
        4,
        UNSEEN + PRICES % (4, 60, 60),
        [DIFFERS, "raw_row_lost error", "state_differs error 1D"],
    ),
    "bars_1d_differs_from_raw: a day less": (
        4,
        UNSEEN + "DELETE FROM cmc_price_histories7 WHERE id = 4 AND " + DAY_11,
        [DIFFERS],
    ),
    "bars_1d_ohlc": (
        4,
        DAY.format("high = close - 0.5"),
        ["bars_1d_ohlc error 1D", DIFFERS, "day_block error"],
    ),
    "bars_1d_ohlc: infinite": (
        4,
        DAY.format("high = 'Infinity'"),
        ["bars_1d_ohlc error 1D", DIFFERS, "day_block error"],
    ),
    "bars_1d_times": (
        4,
        DAY.format("time_high = time_close + interval '1 h'"),
        ["bars_1d_times error 1D", DIFFERS, "day_block error"],
    ),
    "bars_1d_numbering": (4, DAY.format("bar_seq = 61"), ["bars_1d_numbering error 1D", "day_block error"]),
    "bars_1d_flags": (4, DAY.format("is_partial_end = true"), ["bars_1d_flags error 1D"]),
    "duplicate_local_day": (
        4,
        RAW.format(
            "\"timestamp\" = '2024-01-13 04:00+00', timeclose = '2024-01-13 04:00+00',"
            " timehigh = timeopen, timelow = timeopen"
        )
        + AGAIN,
        ["duplicate_local_day error 1D", "missing_local_days info 1D"],
    ),
    "missing_local_days": (
        4,
        f"DELETE FROM cmc_price_histories7 WHERE id = 4 AND volume BETWEEN 100 AND 140{AGAIN}",
        ["missing_local_days warning 1D"],
    ),
    "missing_local_days: few": (
        4,
        f"DELETE FROM cmc_price_histories7 WHERE id = 4 AND volume BETWEEN 100 AND 130{AGAIN}",
        ["missing_local_days info 1D"],
    ),
    "missing_local_days: weekends": (
        4,
        "DELETE FROM cmc_price_histories7"
        " WHERE id = 4 AND extract(ISODOW FROM timeopen AT TIME ZONE 'UTC') > 5" + AGAIN,
        [],
    ),
    "price_jump": (
        4,
        RAW.format("close = 20 * close, high = 20 * close") + AGAIN,
        ["price_jump warning 1D", "split_suspected info 1D"],  # the day after looks like a split
    ),
    "days_out_of_order": (
        4,
        RAW.format("local_day = '2024-01-14'") + ";UPDATE cmc_price_histories7 SET local_day = '2024-01-13'"
        " WHERE id = 4 AND \"timestamp\" = '2024-01-14 23:59:59.999+00'" + AGAIN,
        ["days_out_of_order error 1D"],
    ),
    "split_suspected": (
        4,
        RAW.format("open = open / 2, high = high / 2, low = low / 2, close = close / 2, volume = 2 * volume")
        + AGAIN,
        ["split_suspected info 1D"],
    ),
    "split_suspected: on weekdays": (
        4,
        "DELETE FROM cmc_price_histories7"
        " WHERE id = 4 AND extract(ISODOW FROM timeopen AT TIME ZONE 'UTC') > 5;"
        "UPDATE cmc_price_histories7 SET open = open / 7, high = high / 7, low = low / 7, close = close / 7,"
        " volume = 7 * volume WHERE id = 4 AND volume > 300" + AGAIN,
        ["split_suspected warning 1D"],
    ),
    "split_suspected: without volume": (
        4,
        RAW.format("open = open / 2, high = high / 2, low = low / 2, close = close / 2, volume = NULL")
        + AGAIN,
        [],
    ),
    "stamps_at_midnight": (
        4,
        UNSEEN
        + 'UPDATE cmc_price_histories7 SET "timestamp" = "timestamp" + interval \'1 ms\' WHERE id = 4'
        + AGAIN,
        ["stamps_at_midnight warning 1D"],
    ),
    "stamps_at_midnight: days named": (
        4,
        UNSEEN + 'UPDATE cmc_price_histories7 SET "timestamp" = "timestamp" + interval \'1 ms\','
        " local_day = (timeopen AT TIME ZONE 'UTC')::date WHERE id = 4" + AGAIN,
        [],
    ),
    "missing_sessions": (
        4,
        f"DELETE FROM cmc_price_histories7 WHERE id = 4 AND volume BETWEEN 100 AND 140{AGAIN};"
        + CALENDAR.format("EVERY"),
        ["missing_sessions warning 1D"],
    ),
    "missing_sessions: few": (
        4,
        f"DELETE FROM cmc_price_histories7 WHERE id = 4 AND volume BETWEEN 100 AND 102{AGAIN};"
        + CALENDAR.format("WEEK")
        + "DELETE FROM cmc_price_histories7"
        " WHERE id = 4 AND extract(ISODOW FROM timeopen AT TIME ZONE 'UTC') > 5" + AGAIN,
        [],  # a Saturday
    ),
    "extra_rows": (
        4,
        CALENDAR.format("WEEK"),
        ["extra_rows warning 1D", "calendar_suggested info 1D"],
    ),
    "extra_rows: one": (
        4,
        CALENDAR.format("WEEK") + "DELETE FROM cmc_price_histories7 WHERE id = 4 AND volume > 102"
        " AND extract(ISODOW FROM timeopen AT TIME ZONE 'UTC') > 5" + AGAIN,
        ["extra_rows info 1D"],
    ),
    "calendar_suggested": (
        4,
        A_DAY_LATE + AGAIN + ";UPDATE calendar_weeks SET weekmask = '0111110' WHERE calendar = 'EVERY';"
        "SELECT calendars_apply()",
        ["calendar_suggested info 1D", "missing_local_days warning 1D"],
    ),
    "local_day_shifted": (
        4,
        A_DAY_LATE + AGAIN + ";" + CALENDAR.format("WEEK"),
        ["local_day_shifted warning 1D", "extra_rows warning 1D", "missing_sessions warning 1D"],
    ),
    "calendar_ended": (4, KNOWN.format("last_day = '2024-03-01'"), ["calendar_ended warning 1D"]),
    "calendar_ends_soon": (4, KNOWN.format("last_day = '2024-03-02'"), ["calendar_ends_soon info 1D"]),
    "calendar_ends_soon: not so soon": (4, KNOWN.format("last_day = '2024-04-02'"), []),
    "calendar_begins_late": (
        4,
        KNOWN.format("first_day = '2024-01-04'"),
        ["calendar_begins_late info 1D"],
    ),
    "calendar_mixed": (
        1,
        "UPDATE bars_state SET calendar = 'WEEK' WHERE id = 1 AND bar_group = 'multi_tf'",
        ["calendar_mixed error", "bars_behind warning"],
    ),
    "price_not_positive": (
        4,
        RAW.format("low = -1") + AGAIN,
        ["price_not_positive warning 1D"],
    ),
    "volume_negative": (4, RAW.format("volume = -1") + AGAIN, ["volume_negative warning 1D"]),
    "stamp_far_from_close": (
        4,
        RAW.format(
            "timeclose = timeopen, timehigh = timeopen, timelow = timeopen,"
            " \"timestamp\" = '2024-01-14 00:01+00'"
        )
        + AGAIN,
        ["stamp_far_from_close warning 1D"],
    ),
    "repaired_days": (4, RAW.format("timehigh = NULL") + AGAIN, ["repaired_days info 1D"]),
    "stale_asset": (
        4,
        f"DELETE FROM cmc_price_histories7 WHERE id = 4 AND volume > 500{AGAIN}",
        ["stale_asset info 1D"],
    ),
    "days_overlap": (
        4,
        RAW.format("timeopen = timeopen - interval '1 h'") + AGAIN,
        ["days_overlap warning 1D"],
    ),
    "coverage_missing": (
        1,
        "DELETE FROM bars WHERE id = 1 AND tf = '7D'",
        ["coverage_missing error", "bar_block error 7D"],
    ),
    "coverage_missing: in both families": (
        1,
        "DELETE FROM bars WHERE id = 1 AND tf = '1M_CAL'",
        ["coverage_missing error", "coverage_missing error"],
    ),
    "coverage_unexpected": (
        1,
        "DELETE FROM dim_timeframe WHERE tf = '7D'",
        ["coverage_unexpected error 7D", "bar_block error 7D"],
    ),
    "coverage_unexpected: no days": (
        9,
        "CREATE TEMP TABLE copies AS SELECT * FROM bars WHERE id = 1 AND tf = '7D'; UPDATE copies SET id = 9;"
        " INSERT INTO bars SELECT * FROM copies",
        ["coverage_unexpected error 7D", "state_differs error 7D"],
    ),
    "bar_numbering": (
        1,
        "DELETE FROM bars WHERE id = 1 AND tf = '7D' AND bar_seq IN (3, 4)",
        ["bar_numbering error 7D", "rows_per_bar error 7D"],
    ),
    "bar_numbering: the newest": (
        1,
        "DELETE FROM bars WHERE id = 1 AND tf = '7D' AND bar_seq = 9",
        ["bar_numbering error 7D", "rows_per_bar error 7D", "state_differs error 7D"],
    ),
    "bar_numbering: calendar": (
        1,
        "DELETE FROM bars WHERE id = 1 AND tf = '1W_CAL_US' AND bar_seq = 3",
        ["bar_numbering error 1W_CAL_US", "rows_per_bar error 1W_CAL_US", "spacing info 1W_CAL_US"],
    ),
    "bar_numbering: no day in the window": (
        1,
        "UPDATE bars SET bar_seq = 10 WHERE id = 1 AND tf = '7D' AND bar_seq = 9",
        ["bar_numbering error 7D"],
    ),
    "duplicate_snapshot": (
        1,
        BAR.format("time_close = time_close - interval '24 h', time_high = time_low"),
        ["duplicate_snapshot error 7D", CONTENT, "spacing error 7D"],
    ),
    "several_closed_snapshots": (
        1,
        "ALTER TABLE bars DROP CONSTRAINT bars_pkey;"
        " INSERT INTO bars SELECT * FROM bars WHERE id = 1 AND tf = '7D' AND bar_seq = 2",
        ["several_closed_snapshots error 7D", "duplicate_snapshot error 7D", "rows_per_bar error 7D"],
    ),
    "closed_snapshot_missing": (
        1,
        BAR.format("is_closed = false"),
        ["closed_snapshot_missing error 7D", CONTENT],
    ),
    "rows_per_bar": (
        1,
        BAR.format("last_row = last_row - 1"),
        ["rows_per_bar error 7D", CONTENT],
    ),
    "spacing": (
        1,
        BAR.format("time_close = time_close + interval '24 h'"),
        ["spacing error 7D", CONTENT],
    ),
    "bar_continuity": (
        1,
        BAR.format("time_open = time_open + interval '1 ms'"),
        ["bar_continuity error 7D", CONTENT],
    ),
    "bar_content": (1, BAR.format("volume = volume + 1.5e-13"), [CONTENT]),
    "bar_content: unknown": (1, BAR.format("market_cap = NULL"), [CONTENT]),
    "bar_content: calendar": (
        1,
        "UPDATE bars SET days_remaining = 0 WHERE id = 1 AND tf = '1M_CAL_ANCHOR' AND bar_seq = 3",
        ["bar_content error 1M_CAL_ANCHOR"],
    ),
    "bar_ohlc": (1, BAR.format("low = open + 0.5"), ["bar_ohlc error 7D", CONTENT]),
    "bar_times": (
        1,
        BAR.format("time_high = time_close + interval '1 h'"),
        ["bar_times error 7D", CONTENT],
    ),
    "bar_times: too early": (
        1,
        BAR.format("time_low = time_open - interval '1 h'"),
        ["bar_times error 7D", CONTENT],
    ),
    "missing_days_arithmetic": (
        1,
        BAR.format("missing_interior = 1"),
        ["missing_days_arithmetic error 7D", CONTENT, "missing_days_interior info 7D"],
    ),
    "missing_days_interior": (
        1,
        "DELETE FROM cmc_price_histories7 WHERE id = 1 AND "
        f"{DAY_11}; SELECT FROM refresh_bars(1, p_tfs => ARRAY{TFS})",
        [
            "missing_local_days info 1D",
            *(f"missing_days_interior info {tf}" for tf in TFS if tf not in ("2D", "1M_CAL", "1W_CAL_US")),
            *(f"spacing info {tf}" for tf in ("2D", "7D", "1W_CAL_US")),  # a Saturday
        ],
    ),
    "tf_days_not_nominal": (
        1,
        "ALTER TABLE dim_timeframe ALTER tf_days_nominal DROP EXPRESSION;"
        " UPDATE dim_timeframe SET tf_days_nominal = 8 WHERE tf = '7D'",
        ["tf_days_not_nominal error 7D", "ema_tf_days error 7D"],
    ),
    "partial_start_unexpected": (
        1,
        "ALTER TABLE dim_timeframe ALTER allow_partial_start DROP EXPRESSION;"
        " UPDATE dim_timeframe SET allow_partial_start = true WHERE tf = '1M_CAL'",
        ["partial_start_unexpected error 1M_CAL"],
    ),
    "state_differs": (
        1,
        "UPDATE bars_state SET n_rows = 59 WHERE id = 1 AND bar_group = 'multi_tf'",
        ["state_differs error"],
    ),
    "state_differs: no state": (
        1,
        "DELETE FROM bars_state WHERE id = 1 AND bar_group = 'multi_tf'",
        ["state_differs error 2D", "state_differs error 7D", "bar_block error 2D", "bar_block error 7D"],
    ),
    "state_differs: days": (
        1,
        "UPDATE cmc_price_bars_1d_state SET last_src_ts = last_src_ts - interval '24 h' WHERE id = 1",
        ["state_differs error 1D"],
    ),
    "bars_behind": (
        1,
        MARK,
        ["bars_behind warning"],
    ),
    "bars_behind: one timeframe": (
        1,
        "INSERT INTO bars_pending (id, tf, bar_group, first_ts, last_ts)"
        " SELECT id, '7D', bar_group, first_ts, last_ts FROM bars_state"
        " WHERE id = 1 AND bar_group = 'multi_tf'",
        ["bars_behind warning 7D"],
    ),
    "bars_behind: another calendar": (
        1,
        "UPDATE assets SET calendar = 'WEEK' WHERE id = 1",
        ["bars_behind warning", "extra_rows warning 1D", "calendar_suggested info 1D"],
    ),
    "zone_mixed": (
        1,
        "UPDATE bars_state SET tz = 'UTC' WHERE id = 1 AND bar_group = 'multi_tf'",
        ["zone_mixed error"],
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_every_defect_is_found_and_named(built: psycopg.Connection[Any], name: str) -> None:
    asset, damage, found = DEFECTS[name]
    before = findings(built, [asset])
    with built.transaction(force_rollback=True):
        built.execute(damage.encode())
        assert findings(built, [asset]) == expected(*found)
        # Only what is wrong with the catalogue or the triggers is everybody's matter.
        shared = "dim_timeframe" in damage or "TRIGGER" in damage
        assert findings(built, [2]) == (expected(*found) if shared else [])
    assert findings(built, [asset]) == before


@pytest.mark.parametrize("name", [name for name in DEFECTS if "error" not in str(DEFECTS[name][2])])
def test_what_is_accepted_is_not_told(built: psycopg.Connection[Any], name: str) -> None:
    """Whatever isn't an error, once a person has accepted it for all days."""
    asset, damage, found = DEFECTS[name]
    with built.transaction(force_rollback=True):
        built.execute(damage.encode())
        for check in {text.split()[0] for text in found}:
            built.execute("""INSERT INTO accepted_findings (id, "check") VALUES (%s, %s)""", (asset, check))
        assert findings(built, [asset]) == []


def test_accepted_days_are_not_counted(built: psycopg.Connection[Any]) -> None:
    """Four days lack; two of them accepted leave an info about the others, all of them nothing."""
    asset, damage, _ = DEFECTS["missing_local_days"]
    told = "SELECT severity, detail FROM audit_all(%s) WHERE \"check\" = 'missing_local_days'"
    accepted = """INSERT INTO accepted_findings (id, "check", first_day, last_day)
                  VALUES (%s, 'missing_local_days', %s, %s)"""
    with built.transaction(force_rollback=True):
        built.execute(damage.encode())
        (everything,) = built.execute(told, ([asset],)).fetchall()
        assert (everything[0], everything[1]["n"]) == ("warning", 4)
        built.execute(accepted, (asset, "2024-01-01", everything[1]["first"]))
        (rest,) = built.execute(told, ([asset],)).fetchall()
        assert (rest[0], rest[1]["n"], rest[1]["last"]) == ("info", 3, everything[1]["last"])
        assert rest[1]["first"] > everything[1]["first"]
        # Days that don't lack are no matter, and another asset's or another check's acceptance neither.
        built.execute(accepted, (asset, "2024-01-20", "2024-02-20"))
        built.execute(accepted, (asset + 1, "2024-01-01", "2024-12-31"))
        built.execute("""INSERT INTO accepted_findings (id, "check") VALUES (%s, 'price_jump')""", (asset,))
        assert built.execute(told, ([asset],)).fetchall() == [rest]
        built.execute(accepted, (asset, rest[1]["first"], rest[1]["last"]))
        assert built.execute(told, ([asset],)).fetchall() == []


SESSIONS = {
    "missing_days = missing_days || date '2024-02-07'": ["missing_days"],
    "extra_days = extra_days[2:]": ["extra_days"],
    "session_before = session_before - 1": ["session_before"],
    "calendar_version = calendar_version + 1": ["calendar_version"],
    "calendar_version = NULL": ["calendar_version"],
}


def test_what_states_know_of_sessions_is_examined(built: psycopg.Connection[Any]) -> None:
    """Asset 1 on Mondays to Fridays, a Tuesday missing: each column of a state that is wrong is named."""
    differing = """SELECT tf, detail -> 'columns' FROM audit_all(ARRAY[1])
                   WHERE "check" = 'state_differs' OR severity = 'error'"""
    change = "UPDATE bars_state SET {} WHERE id = 1 AND bar_group = 'cal_us'"
    with built.transaction(force_rollback=True):
        built.execute("UPDATE assets SET calendar = 'WEEK' WHERE id = 1")
        built.execute("DELETE FROM cmc_price_histories7 WHERE id = 1 AND timeopen = '2024-01-16 00:00Z'")
        built.execute("SELECT FROM refresh_bars(1, p_tfs => %s)", (TFS,))
        assert built.execute(differing).fetchall() == []
        for defect, columns in SESSIONS.items():
            with built.transaction(force_rollback=True):
                built.execute(change.format(defect).encode())
                assert built.execute(differing).fetchall() == [(None, columns)], defect
        with built.transaction(force_rollback=True):
            built.execute(change.format("calendar = 'EVERY'").encode())
            found = findings(built, [1])
            assert ("calendar_mixed", "error", None) in found
            assert ("bars_behind", "warning", None) in found


def test_errors_cannot_be_accepted(built: psycopg.Connection[Any]) -> None:
    asset, damage, found = DEFECTS["bars_1d_ohlc"]
    with built.transaction(force_rollback=True):
        built.execute(damage.encode())
        for check in ("bars_1d_ohlc", "bars_1d_differs_from_raw"):
            built.execute("""INSERT INTO accepted_findings (id, "check") VALUES (%s, %s)""", (asset, check))
        assert findings(built, [asset]) == expected(*found)


def test_healthy_assets_have_no_findings(built: psycopg.Connection[Any]) -> None:
    assert findings(built, [1, 2, 4]) == []


def test_every_check_of_the_catalogue_is_planted_here(built: psycopg.Connection[Any]) -> None:
    catalogue = """SELECT "check" FROM audit_checks()
                   WHERE stage NOT IN ('emas', 'rows') AND audit <> 'audit_blocks'"""
    checks = {name for (name,) in built.execute(catalogue)}
    assert checks == {name.split(":")[0] for name in DEFECTS}
    for name, (_, _, found) in DEFECTS.items():
        assert name.split(":")[0] in {text.split()[0] for text in found} or not found


def test_real_prices_are_healthy(db: psycopg.Connection[Any]) -> None:
    """Bundled days: BTC trades every day, SOL lacks eight in a row, GOOG has no weekends and no times."""
    load_named(db, *(FILES / name for name in ("BTC_1.csv.gz", "SOL_5426.csv.gz", "GOOG_900001.csv.gz")))
    db.execute("""DELETE FROM cmc_price_histories7 WHERE "timestamp" < '2012-06-01'
                  OR (id = 1 AND "timestamp" > '2013-06-01') OR (id = 5426 AND "timestamp" < '2024-02-01')""")
    for asset in (1, 5426, 900001):
        db.execute("SELECT FROM refresh_bars(%s)", (asset,))
    rows = db.execute("SELECT * FROM audit_all() WHERE severity <> 'info'").fetchall()
    missing = {row[2]: row[6] for row in rows}
    assert {row[:2] for row in rows} == {("missing_local_days", "warning")}
    assert missing.keys() == {5426}
    assert {k: missing[5426][k] for k in ("n", "n_runs", "longest", "first", "last", "calendar")} == {
        "n": 8,
        "n_runs": 1,
        "longest": 8,
        "first": "2024-03-08",
        "last": "2024-03-15",
        "calendar": "7-day",
    }
    (weekdays,) = db.execute("SELECT detail FROM audit_bars_1d_gaps(900001)").fetchone()  # type: ignore[misc]
    assert weekdays["calendar"] == "5-day"
    assert weekdays["longest"] == 2  # the hurricane of October 2012


def test_details_do_not_depend_on_the_session(built: psycopg.Connection[Any]) -> None:
    with built.transaction(force_rollback=True):
        built.execute(MARK)
        told = []
        for zone in ("UTC", "Asia/Tokyo"):
            built.execute(f"SET LOCAL timezone = '{zone}'".encode())
            told.append([json.dumps(row[0]) for row in built.execute("SELECT detail FROM audit_all('{1}')")])
        assert told[0] == told[1]


@pytest.mark.parametrize("first", [True, False])
def test_rejects_kept_and_not_kept_in_turn_are_not_missed(db: psycopg.Connection[Any], first: bool) -> None:
    """Left out on demand is not lost; what was kept is; a full rebuild brings all back."""
    db.execute(PRICES, (1, 0, 29))

    def bad(day: int, keep: bool, how: str = "") -> None:
        db.execute("UPDATE cmc_price_histories7 SET close = NULL WHERE id = 1 AND open = %s", (100 + day,))
        db.execute(f"SELECT FROM refresh_bars(1, '1d', p_keep_rejects => {keep}{how})".encode())

    def lost() -> list[Any]:
        return db.execute(
            """SELECT detail ->> 'n' FROM audit_all(ARRAY[1]) WHERE severity = 'error'"""
        ).fetchall()

    bad(29, first)
    bad(20, not first)
    bad(10, first)
    bad(5, not first)
    assert lost() == []
    kept = db.execute('SELECT count(*), min("timestamp") FROM cmc_price_bars_1d_rejects').fetchone()
    assert kept is not None
    assert kept[0] in (2, 3, 4)
    db.execute("SELECT FROM refresh_bars(1, '1d', p_full => true)")
    assert db.execute("SELECT count(*) FROM cmc_price_bars_1d_rejects").fetchone() == (4,)
    assert db.execute("SELECT rejects_left_out_from FROM cmc_price_bars_1d_state").fetchone() == (None,)
    db.execute("DELETE FROM cmc_price_bars_1d_rejects WHERE open = 120")
    assert lost() == [("1",)]
    bad(25, False)
    # What was kept before is still missed.
    assert lost() == [("1",)]
