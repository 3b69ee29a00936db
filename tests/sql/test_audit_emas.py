"""Contract: every audit of EMAs finds its defect and names it once; healthy EMAs have infos only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from .planting import PRICES, TFS, database

Found = Counter[tuple[str, str, str | None, int | None]]


@pytest.fixture(scope="module")
def built(postgresql_server: Any) -> Iterator[psycopg.Connection[Any]]:
    """Assets 1 and 2 with 120 days, jagged closes, and EMAs of the periods 2, 3 and 6."""
    with database(postgresql_server, "emas") as db:
        db.execute("DELETE FROM dim_period WHERE period <> 6")
        db.execute("INSERT INTO dim_period (period) VALUES (2), (3)")
        for asset in (1, 2):
            db.execute(PRICES, (asset, 0, 119))
            db.execute(
                "UPDATE cmc_price_histories7 SET close = open + (volume::int * 7919 %% 997) / 500.0"
                " WHERE id = %s",
                (asset,),
            )
            db.execute("SELECT FROM refresh_emas(%s, p_tfs => %s)", (asset, ["1D", *TFS]))
        yield db


def findings(db: psycopg.Connection[Any], asset: int) -> Found:
    """Check, severity, timeframe and period of every finding."""
    return Counter(
        db.execute('SELECT "check", severity, tf, period FROM audit_all(%s)', ([asset],)).fetchall()
    )


def expected(*texts: str) -> Found:
    """'check severity tf period'; a dash where there is none."""
    found: Found = Counter()
    for text in texts:
        check, severity, tf, period = (*text.split(), "-", "-")[:4]
        found[check, severity, None if tf == "-" else tf, None if period == "-" else int(period)] += 1
    return found


VECTOR = "UPDATE emas SET {} WHERE id = 1 AND tf = '{}' AND bar_seq = {}"
ALPHA = (
    "ALTER TABLE ema_alpha DROP CONSTRAINT alpha_follows_its_formula;"
    " UPDATE ema_alpha SET {} WHERE tf = '{}' AND period = 3"
)

DEFECTS: dict[str, tuple[str, list[str]]] = {
    "ema_alpha": (ALPHA.format("alpha_bar = 0.5000000000000001", "7D"), ["ema_alpha error 7D 3"]),
    "ema_alpha: day": (ALPHA.format("alpha_day = alpha_day + 1e-17", "1M_CAL"), ["ema_alpha error 1M_CAL 3"]),
    "ema_alpha: equiv": (
        ALPHA.format("alpha_equiv = alpha_equiv + 1e-15", "2W_CAL_ANCHOR_ISO"),
        [
            "ema_alpha error 2W_CAL_ANCHOR_ISO 3",
            "ema_day_recursion error 2W_CAL_ANCHOR_ISO 3",
            "ema_forming error 2W_CAL_ANCHOR_ISO 3",
            "ema_block error 2W_CAL_ANCHOR_ISO",
        ],
    ),
    "ema_alpha: missing": (
        "DELETE FROM ema_alpha WHERE tf = '7D' AND period = 3",
        ["ema_alpha error 7D 3"],
    ),
    "ema_tf_days": (ALPHA.format("tf_days = 8", "7D"), ["ema_tf_days error 7D"]),
    "ema_series_missing": (
        VECTOR.format("bar_space = bar_space[:2]", "7D", 18),
        [
            "ema_series_missing error 7D 6",
            "ema_vector_length error 7D",
            "ema_state_differs error",
        ],
    ),
    "ema_state_differs": (
        "UPDATE emas_state SET n_rows = 119 WHERE id = 1 AND ema_group = 'multi_tf'",
        ["ema_state_differs error"],
    ),
    "ema_state_differs: no state": (
        "DELETE FROM emas_state WHERE id = 1 AND ema_group = 'multi_tf_v2'",
        [f"ema_state_differs error {tf}" for tf in ("1D", "2D", "7D")],
    ),
    "ema_period_set": (
        "INSERT INTO dim_period (period) VALUES (4)",
        ["ema_period_set warning"] * 6,
    ),
    "ema_behind": (
        "INSERT INTO marks (id, version, output, rows_from)"
        " SELECT id, 1000, ema_group, last_ts FROM emas_state WHERE id = 1 AND ema_group = 'cal_us'",
        ["ema_behind warning"],
    ),
    "ema_spacing": (
        "DELETE FROM cmc_price_histories7 WHERE id = 1 AND \"timestamp\" = '2024-01-09 23:59:59.999+00';"
        f" SELECT FROM refresh_emas(1, p_tfs => ARRAY{['1D', *TFS]})",
        [
            "missing_local_days info 1D",
            "spacing info 2D",
            "ema_spacing info 2D",
            *(
                f"missing_days_interior info {tf}"
                for tf in ("7D", "1W_CAL_US", "2W_CAL_ANCHOR_ISO", "1M_CAL_ANCHOR")
            ),
        ],
    ),
    "ema_unseeded": ("SELECT", []),
    "ema_vector_missing": (
        "DELETE FROM emas WHERE id = 1 AND tf = '7D' AND bar_seq = 9",
        ["ema_vector_missing error 7D", "ema_vector_missing error 7D"],
    ),
    "ema_vector_missing: no bar": (
        "INSERT INTO emas SELECT id, tf, 99, n_closed, bar_space, day_space, anchor FROM emas"
        " WHERE id = 1 AND tf = '1M_CAL' AND bar_seq = 3",
        ["ema_vector_missing error 1M_CAL"],  # months are kept once, so it is one finding
    ),
    "ema_n_closed": (
        VECTOR.format("n_closed = 8", "7D", 9),
        ["ema_n_closed error 7D", "ema_n_closed error 7D"],
    ),
    "ema_vector_length": (
        VECTOR.format("day_space = day_space[:2]", "7D", 9),
        ["ema_vector_length error 7D"],
    ),
    "ema_not_finite": (VECTOR.format("day_space[2] = 'NaN'", "7D", 9), ["ema_not_finite error 7D 3"]),
    "ema_not_finite: NULL": (
        VECTOR.format("bar_space[3] = NULL", "1W_CAL_US", 9),
        ["ema_not_finite error 1W_CAL_US 6"],
    ),
    "ema_seed": (VECTOR.format("bar_space[3] = bar_space[3] + 1e-13", "7D", 6), ["ema_seed error 7D 6"]),
    "ema_seed: day space": (
        VECTOR.format("day_space[1] = day_space[1] + 1e-13", "1M_CAL", 2),
        ["ema_seed error 1M_CAL 2"],
    ),
    "ema_bar_recursion": (
        VECTOR.format("bar_space[2] = bar_space[2] + 1e-13", "7D", 9),
        ["ema_bar_recursion error 7D 3"],
    ),
    "ema_day_recursion": (
        VECTOR.format("day_space[2] = day_space[2] + 1e-13", "7D", 9),
        ["ema_day_recursion error 7D 3"],
    ),
    "ema_day_recursion: calendar": (
        VECTOR.format("day_space[2] = day_space[2] + 1e-13", "1W_CAL_US", 9),
        ["ema_day_recursion error 1W_CAL_US 3"],
    ),
    "ema_forming": (
        VECTOR.format("bar_space[2] = bar_space[2] + 1e-13", "7D", 18),
        ["ema_forming error 7D 3"],
    ),
    "ema_forming: anchor": (
        VECTOR.format("anchor[2] = anchor[2] + 1e-13", "1W_CAL_US", 17),
        ["ema_forming error 1W_CAL_US"],
    ),
    "ema_out_of_range": (
        VECTOR.format("bar_space[2] = 1e6", "7D", 9),
        ["ema_out_of_range error 7D 3", "ema_bar_recursion error 7D 3"],
    ),
    "ema_block": (
        "UPDATE emas_at_blocks SET day_space[1] = day_space[1] + 1e-13 WHERE id = 1 AND tf = '7D'",
        ["ema_block error 7D"],
    ),
    "ema_block: bar space": (
        "UPDATE emas_at_blocks SET bar_space[1] = bar_space[1] + 1e-13 WHERE id = 1 AND tf = '1W_CAL_US'",
        ["ema_block error 1W_CAL_US"],
    ),
    "ema_block: missing": (
        "DELETE FROM emas_at_blocks WHERE id = 1 AND tf = '2D'",
        ["ema_block error 2D"],
    ),
    "ema_v1_v2_1d": (
        VECTOR.format("bar_space[1] = bar_space[1] + 1e-13", "1D", 50),
        ["ema_v1_v2_1d error 1D", "ema_bar_recursion error 1D 2"],
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_every_defect_is_found_and_named(built: psycopg.Connection[Any], name: str) -> None:
    damage, found = DEFECTS[name]
    before, other = findings(built, 1), findings(built, 2)
    with built.transaction(force_rollback=True):
        built.execute(damage.encode())
        after = findings(built, 1)
        assert after - before == expected(*found)
        if "dim_" not in damage and "ema_alpha" not in damage:
            assert findings(built, 2) == other
    assert findings(built, 1) == before


def test_healthy_emas_have_no_errors_and_no_warnings(built: psycopg.Connection[Any]) -> None:
    found = findings(built, 1)
    assert {severity for _, severity, _, _ in found} == {"info"}
    # Three months have closed, two of them whole: too few for the longer periods.
    assert {(check, tf) for check, _, tf, _ in found} == {
        ("ema_unseeded", "1M_CAL"),
        ("ema_unseeded", "1M_CAL_ANCHOR"),
    }


def test_changed_closes_are_behind_until_refreshed(built: psycopg.Connection[Any]) -> None:
    before = findings(built, 1)
    with built.transaction(force_rollback=True):
        built.execute("UPDATE cmc_price_histories7 SET close = close + 0.25 WHERE id = 1 AND volume > 1000")
        built.execute("SELECT FROM refresh_bars(1, p_tfs => %s)", (TFS,))
        behind = findings(built, 1)
        assert {(check, severity) for check, severity, *_ in behind if severity != "info"} == {
            ("ema_behind", "warning")
        }
        built.execute("SELECT FROM refresh_emas(1, p_tfs => %s)", (["1D", *TFS],))
        assert findings(built, 1) == before


def test_a_variant_that_waits_is_not_judged_by_one_that_is_done(built: psycopg.Connection[Any]) -> None:
    with built.transaction(force_rollback=True):
        built.execute("UPDATE cmc_price_histories7 SET close = close + 0.25 WHERE id = 1 AND volume > 1000")
        built.execute("SELECT FROM refresh_bars(1, p_tfs => %s)", (TFS,))
        days = [tf for tf in ("1D", *TFS) if tf.endswith("D")]
        built.execute("SELECT FROM refresh_emas(1, 'multi_tf', p_tfs => %s)", (days,))
        found = {(check, severity) for check, severity, *_ in findings(built, 1) if severity != "info"}
        assert found == {("ema_behind", "warning")}


def shown(**changed: str) -> str:
    """The relation of cal_us, with an expression in place of a column."""
    columns = """id tf ts period tf_days roll ema d1 d2 d1_roll d2_roll ema_bar roll_bar
        d1_bar d2_bar d1_roll_bar d2_roll_bar"""
    listed = ", ".join(f"{changed.get(name, name)} AS {name}" for name in columns.split())
    return (
        f"CREATE OR REPLACE VIEW cmc_ema_multi_tf_cal_us AS SELECT {listed}"
        " FROM ema_calendar_rows WHERE ema_group IN ('cal_us', 'cal')"
    )


def on(column: str, expression: str, day: str = "2024-04-02", tf: str = "1W_CAL_US") -> str:
    """The expression instead of the column on one day of one series."""
    where = f"tf = '{tf}' AND period = 3 AND ts = '{day} 23:59:59.999+00'"
    return f"CASE WHEN {where} THEN {expression} ELSE {column} END"


ROWS = """ARRAY(SELECT "check" FROM audit_checks() WHERE stage = 'rows')"""

# Rows that a broken view would show. A Tuesday inside a week; the week closes on Saturday 2024-04-06.
SHOWN: dict[str, tuple[str, list[str]]] = {
    "ema_row_count": (
        "UPDATE emas_state SET last_ts = last_ts - interval '24 h' WHERE id = 1 AND ema_group = 'cal_us'",
        [f"ema_row_count error 1W_CAL_US {period}" for period in (2, 3, 6)],
    ),
    "ema_canonical_count": (
        shown(roll=on("roll", "true", "2024-04-06"), roll_bar=on("roll_bar", "true", "2024-04-06")),
        [
            f"ema_{what} error 1W_CAL_US 3"
            for what in ("canonical_count", "roll_mismatch", "null_pattern", "derivative")
        ],
    ),
    "ema_roll_mismatch": (shown(roll_bar=on("roll_bar", "false")), ["ema_roll_mismatch error 1W_CAL_US 3"]),
    "ema_duplicate_key": (
        shown(ts=on("ts", "ts - interval '24 h'")),
        ["ema_duplicate_key error 1W_CAL_US 3"],
    ),
    "ema_ts_unknown": (
        shown(ts=on("ts", "ts + interval '1 min'")),
        ["ema_ts_unknown error 1W_CAL_US 3"],
    ),
    "ema_null_pattern": (shown(d2_roll=on("d2_roll", "NULL")), ["ema_null_pattern error 1W_CAL_US 3"]),
    "ema_derivative": (
        shown(d2_roll_bar=on("d2_roll_bar", "d2_roll_bar + 1e-13")),
        ["ema_derivative error 1W_CAL_US 3"],
    ),
    "ema_shared_tf": (
        shown(
            d2_roll=on("d2_roll", "d2_roll + 1e-13", "2024-04-30", "1M_CAL").replace(
                "period = 3", "period = 2"
            )
        ),
        ["ema_shared_tf error 1M_CAL 2", "ema_derivative error 1M_CAL 2"],
    ),
    "ema_union": (
        "ALTER VIEW cmc_ema_multi_tf RENAME TO hidden;"
        " CREATE VIEW cmc_ema_multi_tf AS SELECT * FROM hidden WHERE tf <> '7D'",
        [
            "ema_union error",
            *(f"ema_{what}_count error 7D {p}" for what in ("row", "canonical") for p in (2, 3, 6)),
        ],
    ),
}


@pytest.mark.parametrize("name", SHOWN)
def test_every_wrong_row_is_found(built: psycopg.Connection[Any], name: str) -> None:
    damage, found = SHOWN[name]
    rows = f'SELECT "check", severity, tf, period FROM audit_all(ARRAY[1], {ROWS})'
    with built.transaction(force_rollback=True):
        built.execute(damage.encode())
        seen = Counter(built.execute(rows.encode()).fetchall())
        if name == "ema_duplicate_key":
            # Which of the two comes first, and so whether their difference is right, is left to the server.
            seen = Counter(row for row in seen.elements() if row[0] != "ema_derivative")
        assert seen == expected(*found)


def test_healthy_rows_are_silent_and_counted_by_the_summary(built: psycopg.Connection[Any]) -> None:
    assert built.execute(f"SELECT * FROM audit_all(NULL, {ROWS})".encode()).fetchall() == []
    counted = """
        SELECT alignment_source, id, tf, period, count(*), count(*) FILTER (WHERE NOT roll), min(ts), max(ts),
            count(*) - count(d1), count(*) - count(d2), count(*) - count(d1_roll), count(*) - count(d2_roll)
        FROM cmc_ema_multi_tf_u GROUP BY 1, 2, 3, 4"""
    told = """
        SELECT CASE WHEN variant LIKE 'cal%' THEN 'multi_tf_' ELSE '' END || variant, id, tf, period, n_rows,
            n_canonical, first_ts, last_ts, null_d1, null_d2, null_d1_roll, null_d2_roll
        FROM emas_summary()"""
    assert sorted(built.execute(told).fetchall()) == sorted(built.execute(counted).fetchall())


def test_every_check_of_the_catalogue_is_planted_here(built: psycopg.Connection[Any]) -> None:
    catalogue = """SELECT "check" FROM audit_checks() WHERE stage IN ('emas', 'rows')"""
    checks = {name for (name,) in built.execute(catalogue)}
    assert checks == {name.split(":")[0] for name in (*DEFECTS, *SHOWN)}
    for name, (_, found) in DEFECTS.items():
        assert name.split(":")[0] in {text.split()[0] for text in found} or not found
