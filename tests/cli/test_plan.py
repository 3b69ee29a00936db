"""The plan says what the refresh will do, for every kind of change, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

Cli = Callable[..., Any]
Db = psycopg.Connection[Any]

DAY = "timestamptz '2024-01-01 23:59:59.999+00' + interval '24 h' * "


@pytest.fixture
def small(db: Db) -> Db:
    """A few timeframes and periods, and assets 1 and 2 with forty days each, bars up to date."""
    db.execute(
        "DELETE FROM dim_timeframe WHERE tf NOT IN ('1D', '2D', '7D', '1W_CAL_US', '1W_CAL_ISO', '1M_CAL',"
        " '1W_CAL_ANCHOR_US', '1W_CAL_ANCHOR_ISO', '1M_CAL_ANCHOR')"
    )
    db.execute("DELETE FROM dim_period")
    db.execute("INSERT INTO dim_period (period) VALUES (2), (4)")
    days(db, 1, 0, 40)
    days(db, 2, 0, 40)
    for asset in (1, 2):
        db.execute("SELECT FROM refresh_bars(%s)", (asset,))
    return db


@pytest.fixture
def with_emas(small: Db) -> Db:
    """The same with EMAs."""
    for asset in (1, 2):
        small.execute("SELECT FROM refresh_emas(%s)", (asset,))
    return small


def days(db: Db, asset: int, first: int, last: int, price: float = 10.0) -> None:
    """Load days first .. last - 1 of an asset."""
    statement = f"""INSERT INTO cmc_price_histories7 AS h (
            id, timeopen, timeclose, "timestamp", open, high, low, close, volume)
        SELECT %s, t - interval '1 h', t, t, p, p + 1, p - 1, p, 5
        FROM generate_series(%s::int, %s::int - 1) AS i
        CROSS JOIN LATERAL (SELECT {DAY} i, %s::float8 + i) AS x (t, p)
        ON CONFLICT (id, "timestamp") DO UPDATE SET close = excluded.close, high = excluded.high"""
    db.execute(statement.encode(), (asset, first, last, price))


def plan(db: Db, **arguments: Any) -> list[tuple[Any, ...]]:
    """What refresh_plan says of bars."""
    arguments.setdefault("p_stage", "bars")
    names = ", ".join(f"{name} => %({name})s" for name in arguments)
    return db.execute(
        f"SELECT id, family, action, reason, new_days FROM refresh_plan({names})".encode(), arguments
    ).fetchall()


def refreshed(db: Db, asset: int, **arguments: Any) -> set[tuple[Any, ...]]:
    """What the refreshes of bars and EMAs then report as done."""

    def call(function: str, family: str, **given: Any) -> list[tuple[Any, ...]]:
        names = "".join(f", {name} => %({name})s" for name in given)
        statement = f"SELECT {family}, action FROM {function}(%(id)s{names})"
        return db.execute(statement.encode(), {"id": asset, **given}).fetchall()

    done = {("bars", *row) for row in call("refresh_bars", "family", **arguments)}
    full = {key: value for key, value in arguments.items() if key == "p_full"}
    done |= {("emas", *row) for row in call("refresh_emas", "variant", p_upstream=False, **full)}
    return {row for row in done if row[2] != "noop"}


def sql(statement: str) -> Callable[[Db], Any]:
    """A change that is one statement."""
    return lambda db: db.execute(statement.encode())


def one_day(action: str, day: int) -> Callable[[Db], Any]:
    """A change of one raw day of asset 1."""
    return sql(f'{action} WHERE id = 1 AND "timestamp" = {DAY} {day}')


def load(first: int, last: int) -> Callable[[Db], Any]:
    """Days that arrive."""
    return lambda db: days(db, 1, first, last)


def behind_the_triggers(day: int) -> Callable[[Db], Any]:
    """A source that writes where no trigger sees it."""

    def act(db: Db) -> None:
        with db.transaction():
            db.execute("SET LOCAL session_replication_role = replica")
            one_day(REVISE, day)(db)

    return act


def half_refreshed(*calls: str) -> Callable[[Db], Any]:
    """Days that arrive and are taken up only in part."""

    def act(db: Db) -> None:
        days(db, 1, 40, 43)
        for call in calls:
            db.execute(f"SELECT FROM refresh_bars(1, {call})".encode())

    return act


def some_emas(db: Db) -> None:
    """Days that arrive, in the bars and in one timeframe's EMAs."""
    half_refreshed("'all'")(db)
    db.execute("SELECT FROM refresh_emas(1, 'multi_tf', p_tfs => '{7D}', p_upstream => false)")
    for variant in ("multi_tf_v2", "cal_us", "cal_iso", "cal_anchor_us", "cal_anchor_iso"):
        db.execute("SELECT FROM refresh_emas(1, %s, p_upstream => false)", (variant,))


REVISE = "UPDATE cmc_price_histories7 SET close = 3"
DELETE = "DELETE FROM cmc_price_histories7"
FEW = ["'multi_tf', p_tfs => '{7D}'", "'cal_us'", "'cal_iso'", "'cal_anchor_us'", "'cal_anchor_iso'"]
NOTHING = sql("SELECT 1")

# What happens, the reason of the plan's first row, arguments of plan and refresh.
CHANGES: dict[str, tuple[Callable[[Db], Any], str, dict[str, Any]]] = {
    "new days": (load(40, 43), "new days", {}),
    "revised": (one_day(REVISE, 20), "revised from 2024-01-21", {}),
    "day removed": (one_day(DELETE, 20), "days removed", {}),
    "last day removed": (one_day(DELETE, 39), "days removed", {}),
    "first day removed": (one_day(DELETE, 0), "days removed", {}),
    "earlier days": (load(-3, 0), "backfill", {}),
    "all days removed": (sql(f"{DELETE} WHERE id = 1"), "days removed", {}),
    "new timeframe": (sql("INSERT INTO dim_timeframe (tf) VALUES ('3D')"), "new timeframe", {}),
    "new shared timeframe": (sql("INSERT INTO dim_timeframe (tf) VALUES ('2M_CAL')"), "new timeframe", {}),
    "zone changed": (NOTHING, "zone changed", {"p_tz": "Asia/Tokyo"}),
    "same zone": (NOTHING, "", {"p_tz": "America/New_York"}),
    "full rebuild": (NOTHING, "full rebuild", {"p_full": True}),
    "found by look-back": (behind_the_triggers(39), "found by look-back", {}),
    "look-back switched off": (behind_the_triggers(39), "", {"p_lookback_days": 0}),
    "too old for the look-back": (behind_the_triggers(30), "", {}),
    "some timeframes refreshed": (half_refreshed(*FEW), "left behind by a partial refresh", {}),
    "days alone refreshed": (half_refreshed("'1d'"), "new days", {}),
    "bars alone refreshed": (half_refreshed("'all'"), "new days", {}),
    "new period": (sql("INSERT INTO dim_period (period) VALUES (3)"), "new period", {}),
    "period dropped": (sql("DELETE FROM dim_period WHERE period = 4"), "period dropped", {}),
    "some EMAs refreshed": (some_emas, "left behind by a partial refresh", {}),
    "bounded": (one_day(REVISE, 20), "revised from 2024-01-21", {"p_time_max": "2024-02-01"}),
    "nothing": (NOTHING, "", {}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_plan_is_what_the_refresh_does(with_emas: Db, name: str) -> None:
    act, reason, arguments = CHANGES[name]
    act(with_emas)
    names = "".join(f", {argument} => %({argument})s" for argument in arguments)
    statement = f"SELECT stage, family, action, reason, new_days FROM refresh_plan('{{1}}'{names})"
    planned = with_emas.execute(statement.encode(), arguments).fetchall()
    assert refreshed(with_emas, 1, **arguments) == {row[:3] for row in planned}
    assert (planned[0][3] if planned else "") == reason
    if reason == "new days":
        assert {row[4] for row in planned} == {3}
    again = {key: value for key, value in arguments.items() if key not in ("p_full", "p_tz")}
    assert [row for row in plan(with_emas, p_stage="all", **again) if row[0] == 1] == []


def test_a_dropped_timeframe_is_planned_as_deletions(small: Db) -> None:
    small.execute("DELETE FROM dim_timeframe WHERE tf = '7D'")
    assert plan(small) == [(asset, "multi_tf", "noop", "timeframe dropped", 0) for asset in (1, 2)]
    row = small.execute("SELECT bars_deleted FROM refresh_bars(1) WHERE family = 'multi_tf'").fetchone()
    assert row == (6,)
    assert [row[0] for row in plan(small)] == [2]


def test_a_new_asset_is_planned_once_with_all_its_days(small: Db) -> None:
    days(small, 3, 0, 5)
    found = [row[1:] for row in plan(small)]
    assert found == [
        (family, "rebuild", "never built", 5)
        for family in ("1d", "multi_tf", "cal_us", "cal_iso", "cal_anchor_us", "cal_anchor_iso")
    ]


def test_an_asset_of_rejects_only_has_nothing_to_do_once_it_was_looked_at(small: Db) -> None:
    days(small, 3, 0, 5)
    small.execute("UPDATE cmc_price_histories7 SET close = NULL WHERE id = 3")
    assert {row[0] for row in plan(small)} == {3}
    small.execute("SELECT FROM refresh_bars(3)")
    assert plan(small) == []


def test_what_explains_itself_by_nothing_is_planned_and_fails(small: Db) -> None:
    small.execute("UPDATE bars_state SET n_rows = 39 WHERE id = 1 AND bar_group = 'multi_tf'")
    assert plan(small) == [(1, "multi_tf", "revise", "state and data disagree", 1)]
    with pytest.raises(psycopg.Error) as caught:
        small.execute("SELECT FROM refresh_bars(1)")
    assert caught.value.sqlstate == "TA030"


def test_emas_are_planned_with_the_bars_that_they_read(small: Db) -> None:
    days(small, 1, 40, 42)
    found = small.execute(
        "SELECT stage, family, action FROM refresh_plan('{1}', 'emas', p_variants => '{cal_us}')"
    ).fetchall()
    assert found == [("bars", "1d", "append"), ("bars", "cal_us", "append"), ("emas", "cal_us", "rebuild")]


@pytest.mark.parametrize(
    ("arguments", "state", "hint"),
    [
        ("p_ids => '{1,7}'", "TA001", "--id 7"),
        ("p_ids => '{}'", "TA004", "Leave it out"),
        ("p_stage => 'bar'", "TA002", "bars"),
        ("p_families => '{cal_uk}'", "TA002", "cal_us"),
        ("p_variants => '{multi}'", "TA002", "multi_tf"),
        ("p_tfs => '{8D}'", "TA002", "7D"),
        ("p_tfs => '{7D}', p_families => '{cal_us}'", "TA002", "1W_CAL_US"),
        ("p_periods => '{22}'", "TA003", "dim_period"),
        ("p_tz => 'America/New_Yorc'", "TA004", "America/New_York"),
        ("p_lookback_days => -1", "TA004", "0"),
        ("p_time_min => '2024-01-02', p_time_max => '2024-01-02'", "TA004", "p_time_max"),
    ],
)
def test_what_names_nothing_is_refused_with_the_nearest(
    small: Db, arguments: str, state: str, hint: str
) -> None:
    with pytest.raises(psycopg.Error) as caught:
        small.execute(f"SELECT * FROM refresh_plan({arguments})".encode())
    assert caught.value.sqlstate == state
    assert hint in (caught.value.diag.message_hint or "")


def test_planning_changes_nothing(cli: Cli, small: Db) -> None:
    days(small, 1, 40, 43)
    days(small, 3, 0, 5)
    listing = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
    tables = [name for (name,) in small.execute(listing)]

    def contents() -> list[Any]:
        return [
            small.execute(f"SELECT xmin, ctid, t FROM {t} AS t ORDER BY ctid".encode()).fetchall()
            for t in tables
        ]

    before = contents()
    for arguments in (["plan"], ["refresh", "all", "--plan"], ["plan", "bars", "--full-rebuild"]):
        result = cli(*arguments)
        assert result.code == 0, result.err
        assert "2 of 3 assets" in result.out or "3 of 3 assets" in result.out
    assert contents() == before


def test_the_plan_of_the_command_says_why_and_how_long(cli: Cli, small: Db) -> None:
    days(small, 3, 0, 5)
    first = json.loads(cli("--json", "plan", "bars").out)
    assert (first["assets"], first["to_do"], first["estimated_seconds"]) == (3, 1, None)
    assert [(row["family"], row["action"], row["reason"], row["assets"]) for row in first["plan"][:2]] == [
        ("1d", "rebuild", "never built", 1),
        ("multi_tf", "rebuild", "never built", 1),
    ]
    assert "not known yet" in cli("plan", "bars").err
    assert cli("refresh", "bars").code == 0
    days(small, 4, 0, 5)
    later = json.loads(cli("--json", "plan", "bars").out)
    assert later["estimated_seconds"] > 0
    assert "going by past runs" in cli("plan", "bars").err
    assert cli("refresh", "bars").code == 0
    done = cli("plan", "bars")
    assert (done.code, done.out) == (0, "")
    assert "4 assets: nothing new" in done.err
