"""Wide reads go block by block: nothing that is computed for a block is computed for each of its days."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from bars_helpers import Db, rows

from .series import close_of, load

DAYS = 700
WALK = re.compile(r"ema_walk\(|ema_chain\(")
PERIODS = (1, 2, 3, 9, 21)
TIMEFRAMES = (
    *("1D", "2D", "7D", "30D", "200D", "1W_CAL_US", "1W_CAL_ISO", "1M_CAL"),
    *("1W_CAL_ANCHOR_US", "1W_CAL_ANCHOR_ISO", "1M_CAL_ANCHOR"),
)
BARS = ("", "_cal_us", "_cal_iso", "_cal_anchor_us", "_cal_anchor_iso")
EMAS = ("", "_v2", "_cal_us", "_cal_iso", "_cal_anchor_us", "_cal_anchor_iso")
SETTINGS: dict[str, dict[str, str]] = {
    "analysed": {},
    "no statistics": {},
    "generic": {"plan_cache_mode": "force_generic_plan"},
    "no memoize": {"enable_memoize": "off", "enable_material": "off"},
    "hash": {"enable_mergejoin": "off", "enable_indexonlyscan": "off"},
    "compiled": {"jit": "on", "jit_above_cost": "0"},
}


@pytest.fixture
def built(db: Db) -> Db:
    """Three assets, one of them with days missing; not analysed."""
    db.execute("DELETE FROM dim_timeframe WHERE tf <> ALL(%s)", (list(TIMEFRAMES),))
    db.execute("DELETE FROM dim_period WHERE period <> ALL(%s)", (list(PERIODS),))
    for asset in (1, 2, 3):
        start = date(2015, 1, 1)
        days = [(start + timedelta(i), close_of(i + asset)) for i in range(DAYS) if asset < 3 or i % 41]
        load(db, asset, days)
        db.execute("SELECT FROM refresh_emas(%s)", (asset,))
    return db


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def computed(db: Db, query: str, *values: object) -> int:
    """How often the plan of a query computes what it shows of a block."""
    (found,) = rows(db, f"EXPLAIN (ANALYZE, VERBOSE, TIMING OFF, FORMAT JSON) {query}", *values)[0]
    return walks(found[0]["Plan"]) or loops(found[0]["Plan"])


def walks(plan: dict[str, Any]) -> int:
    """How often a plan walks over the days of a block; above the node that does so it is only handed on."""
    below = sum(walks(child) for child in plan.get("Plans", []))
    if below or not WALK.search(" ".join(plan.get("Output", []))):
        return below
    # A series that hasn't begun finds no block; before 18 rows are rounded, so that it counts there.
    return round(plan["Actual Loops"] * (plan["Actual Rows"] or 1))


def loops(plan: dict[str, Any]) -> int:
    """How often a plan puts something of a block together; what that is made of is part of it."""
    if (
        plan["Node Type"] == "Aggregate"
        and plan.get("Parent Relationship") in ("Inner", "Subquery")
        and any(n.get("Relation Name") in ("emas", "bars", "bar_blocks") for n in nodes(plan))
    ):
        return int(plan["Actual Loops"])
    return sum(loops(child) for child in plan.get("Plans", []))


def blocks(db: Db, relation: str, groups: str, where: str) -> int:
    """The series and blocks that a condition leaves."""
    kind = (
        "bar_snapshot_rows"
        if "bars" in relation
        else ("ema_calendar_rows" if "cal" in relation else "ema_day_rows")
    )
    by = "bar_group" if "bars" in relation else "ema_group"
    series = "id, tf" if "bars" in relation else "id, tf, period"
    pairs = f"SELECT DISTINCT {series}, block FROM {kind} WHERE {by} IN ({groups}) AND {where}"
    return int(rows(db, f"SELECT count(*) FROM ({pairs}) AS x")[0][0])


def begun_or_not(db: Db, relation: str, where: str) -> int:
    """The series that a condition leaves times the blocks of their assets."""
    series = "id, tf" if "bars" in relation else "id, tf, period"
    query = f"SELECT DISTINCT {series} FROM {relation} WHERE {where}"
    return int(rows(db, f"SELECT count(*) FROM ({query}) AS x INNER JOIN day_blocks AS k USING (id)")[0][0])


def of(relation: str) -> str:
    """The groups that a relation shows."""
    suffix = relation.removeprefix("cmc_price_bars_multi_tf").removeprefix("cmc_ema_multi_tf").strip("_")
    if suffix in ("", "v2"):
        return f"'{'multi_tf_v2' if suffix else 'multi_tf'}'"
    return f"'{suffix}', '{'cal_anchor' if 'anchor' in suffix else 'cal'}'"


def reads(relation: str) -> list[tuple[str, str, str]]:
    """Columns, condition, and what of it names series."""
    week = "ISO" if relation.endswith("iso") else "US"
    tf = "7D" if "cal" not in relation else f"1W_CAL{'_ANCHOR' if 'anchor' in relation else ''}_{week}"
    series = f"id = 1 AND tf = '{tf}'" + ("" if "bars" in relation else " AND period = 9")
    ts = "time_close" if "bars" in relation else "ts"
    return [
        ("*", "id = 3", "id = 3"),
        ("*", series, series),
        ("*", f"{series} AND {ts} >= '2015-06-01' AND {ts} < '2016-03-01'", series),
        ("*", f"tf = '{tf}' AND {ts} >= '2016-01-01'", f"tf = '{tf}'"),
        ("*", f"id = 2 AND {ts} > '2015-09-01'", "id = 2"),
    ]


RELATIONS = (*(f"cmc_price_bars_multi_tf{f}" for f in BARS), *(f"cmc_ema_multi_tf{v}" for v in EMAS))


@pytest.mark.parametrize("name", SETTINGS)
def test_a_block_is_computed_once(built: Db, name: str) -> None:
    if name != "no statistics":
        built.execute("VACUUM ANALYZE")
    for setting, value in SETTINGS[name].items():
        built.execute("SELECT set_config(%s, %s, false)", (setting, value))
    for relation in RELATIONS:
        for columns, where, names in reads(relation):
            if name == "no statistics" and where != names:
                # Nobody knows yet how many days a range has: it may be read day by day.
                continue
            most = blocks(built, relation, of(relation), names)
            if name == "hash" and built.info.server_version < 180000:
                most = max(most, begun_or_not(built, relation, names))
            found = computed(built, f"SELECT {columns} FROM {relation} WHERE {where}")
            assert 0 < found <= most, (relation, where)


def test_one_asset_is_enough(db: Db) -> None:
    """What the planner assumes before the first ANALYZE holds for a database of one short asset, too."""
    db.execute("DELETE FROM dim_timeframe WHERE tf <> ALL(%s)", (list(TIMEFRAMES),))
    db.execute("DELETE FROM dim_period WHERE period <> ALL(%s)", (list(PERIODS),))
    load(db, 1, [(date(2015, 1, 1) + timedelta(i), close_of(i)) for i in range(1150)])
    db.execute("SELECT FROM refresh_emas(1)")
    for relation in RELATIONS:
        for columns, where, names in reads(relation)[1:2]:
            most = blocks(db, relation, of(relation), names)
            assert 0 < computed(db, f"SELECT {columns} FROM {relation} WHERE {where}") <= most, relation


def test_what_is_not_asked_for_is_not_computed(built: Db) -> None:
    for name in ("no statistics", "analysed"):
        if name == "analysed":
            built.execute("VACUUM ANALYZE")
        for relation in RELATIONS:
            asked = (
                ("count(*)", "max(time_close)", "sum(close)")
                if "bars" in relation
                else ("count(*)", "max(ts)", "min(period)", "count(tf_days)")
            )
            # Before 18 a join that is left out still counts as one that needs the places of bars.
            few = "bars" in relation and built.info.server_version < 180000
            most = blocks(built, relation, of(relation), "id = 1") if few else 0
            for columns in asked:
                query = f"SELECT {columns} FROM {relation} WHERE id = 1"
                assert computed(built, query) <= most, relation
                # Nor is the block looked up, whose alias in the views this is.
                (found,) = rows(built, f"EXPLAIN (FORMAT JSON) {query}")[0]
                assert few or "y" not in {n.get("Alias") for n in nodes(found[0]["Plan"])}, relation


def test_a_day_computes_its_block_only(built: Db) -> None:
    built.execute("VACUUM ANALYZE")
    for relation in RELATIONS:
        (_, _, _), (_, series, _), *_ = reads(relation)
        ts = "time_close" if "bars" in relation else "ts"
        stamp = f"{ts} = '2016-05-05 23:59:59.999+00'"
        assert computed(built, f"SELECT * FROM {relation} WHERE {series} AND {stamp}") == 1, relation
        everything = f"SELECT * FROM {relation} WHERE id = 2 AND {stamp}"
        shown = len(rows(built, everything))
        assert 0 < computed(built, everything) <= 2 * shown, relation
