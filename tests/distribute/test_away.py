"""A refresh while a node of a cluster is away; calls for its assets fail here as they fail there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from sql.series import load

from ta_lab2_sql import errors
from ta_lab2_sql.refresh import work
from ta_lab2_sql.refresh.progress import Silence
from ta_lab2_sql.refresh.request import Request
from ta_lab2_sql.refresh.result import Result
from ta_lab2_sql.refresh.run import execute
from ta_lab2_sql.schema import distribute
from ta_lab2_sql.settings import Settings

Db = psycopg.Connection[Any]
Run = Callable[..., Result]

# Calls for the assets of worker-1 fail: so often, or always. Counted where no rollback reaches.
AWAY = """
CREATE SEQUENCE calls_away;
ALTER FUNCTION refresh_bars RENAME TO refresh_bars_there;
CREATE FUNCTION refresh_bars(
    p_id int, p_family text DEFAULT 'all', p_full boolean DEFAULT false, p_tz text DEFAULT NULL,
    p_lookback_days int DEFAULT 3, p_tfs text[] DEFAULT NULL, p_time_min timestamptz DEFAULT NULL,
    p_time_max timestamptz DEFAULT NULL, p_keep_rejects boolean DEFAULT true,
    p_include_non_canonical boolean DEFAULT false)
RETURNS TABLE (
    id int, family text, action text, dirty_from timestamptz, bars_written int, bars_deleted int,
    days_read int, rejected int, repaired_timehigh int, repaired_timelow int, elapsed interval)
LANGUAGE plpgsql AS $$
BEGIN
    IF p_id %% 2 = 0 AND nextval('calls_away') <= {calls} THEN
        RAISE EXCEPTION USING ERRCODE = '{state}', MESSAGE = '{message}';
    END IF;
    RETURN QUERY SELECT * FROM refresh_bars_there(p_id, p_family);
END $$
"""


@pytest.fixture
def spread(cluster: Db) -> Db:
    """Assets 1 to 8 on two nodes."""
    cluster.execute("DELETE FROM dim_timeframe WHERE tf NOT IN ('1D', '7D')")
    for asset in range(1, 9):
        load(cluster, asset, [(date(2020, 1, 1) + timedelta(i), 100.0 + i) for i in range(20)])
    for table in ("cmc_price_histories7", "assets"):
        cluster.execute(f"DELETE FROM {table} WHERE id = 5426".encode())
    distribute.apply(cluster, 8)
    return cluster


@pytest.fixture
def run(db_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A refresh of bars in this process, which isn't patient."""
    monkeypatch.setattr(work, "EVERY", 0.02)
    monkeypatch.setattr(work, "AWAY", 0.5)

    def refresh(ids: tuple[int, ...] | None = None) -> Result:
        return execute(Settings(db_url=db_url), Request("bars", ids=ids), Silence())

    return refresh


def built(db: Db) -> list[int]:
    return [asset for (asset,) in db.execute("SELECT DISTINCT id FROM bars_state ORDER BY 1")]


def away(
    db: Db, calls: int, state: str = "08006", message: str = "connection to the remote node failed"
) -> None:
    text = AWAY.replace("{calls}", str(calls)).replace("{state}", state).replace("{message}", message)
    db.execute(text.replace("%%", "%").encode())


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("08006", "connection to the remote node failed"),
        ("57P01", "terminating"),
        ("XX000", "invalid socket"),
    ],
)
def test_a_node_that_comes_back_is_waited_for(
    spread: Db, run: Run, monkeypatch: pytest.MonkeyPatch, state: str, message: str
) -> None:
    # However slowly its calls fail here.
    monkeypatch.setattr(work, "AWAY", 60.0)
    away(spread, 5, state, message)
    done = run()
    assert (done.done, done.failures, done.away) == (8, [], [])
    assert built(spread) == list(range(1, 9))


def test_a_node_that_stays_away_fails_its_own_assets_only(spread: Db, run: Run) -> None:
    away(spread, 1_000_000)
    done = run()
    assert (done.done, [f.id for f in done.failures], done.not_started) == (4, [2, 4, 6, 8], [])
    assert {f.node for f in done.failures} == set(done.away) == {"worker-1:5432"}
    with pytest.raises(errors.WorkFailed, match="4 of 8 assets failed") as told:
        done.raise_for_trouble()
    assert told.value.exit_code == 1
    assert "worker-1:5432 can't be reached" in str(told.value)
    assert built(spread) == [1, 3, 5, 7]
    # Back again, the next run takes them up.
    spread.execute("ALTER SEQUENCE calls_away RESTART 1000001")
    again = run()
    assert (again.done, again.to_do, again.looked_at, again.failures) == (4, 4, 8, [])


def test_one_asset_asks_whether_a_node_is_back(spread: Db, run: Run) -> None:
    away(spread, 1_000_000)
    run()
    (calls,) = spread.execute("SELECT last_value FROM calls_away").fetchone() or (0,)
    # Every 0.02 s for 0.5 s, and each worker once before and after.
    assert calls < 35


def test_an_asset_that_takes_its_node_down_is_given_up(spread: Db, run: Run) -> None:
    away(spread, 1_000_000)
    spread.execute(
        """DO $$ BEGIN EXECUTE replace(
           pg_get_functiondef('refresh_bars'::regproc), 'p_id % 2 = 0', 'p_id = 4'); END $$"""
    )
    assert [f.id for f in run().failures] == [4]
    assert built(spread) == [1, 2, 3, 5, 6, 7, 8]


@pytest.mark.parametrize("ids", [None, tuple(range(1, 9))])
def test_the_list_of_assets_is_known_while_a_node_is_away(
    spread: Db, run: Run, ids: tuple[int, ...] | None
) -> None:
    spread.execute("INSERT INTO assets (id) SELECT g FROM generate_series(1, 8) AS g ON CONFLICT DO NOTHING")
    away(spread, 1_000_000)
    for function, returns, asked in (
        ("asset_ids()", "SETOF int", "true"),
        ("check_ids(p_ids int[])", "void", "p_ids IS NOT NULL"),
    ):
        spread.execute(
            f"""CREATE OR REPLACE FUNCTION {function} RETURNS {returns} LANGUAGE plpgsql AS $$ BEGIN
                IF {asked} THEN
                    RAISE EXCEPTION USING ERRCODE = '08006', MESSAGE = 'connection to the remote node failed';
                END IF; END $$""".encode()
        )
    done = run(ids)
    assert (done.looked_at, [f.id for f in done.failures], done.away) == (8, [2, 4, 6, 8], ["worker-1:5432"])
    assert built(spread) == [1, 3, 5, 7]


def test_connections_stay_with_a_node_and_spread_over_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "EVERY", 60.0)
    waiting = work.Work(range(1, 7), {i: f"worker-{i % 2}" for i in range(1, 7)}, {})
    first, other = waiting.take(None) + waiting.take(None)
    assert (first.node, other.node) == ("worker-1", "worker-0")
    waiting.done(first)
    (second,) = waiting.take(None, first.node)
    assert (second.id, second.node) == (3, first.node)
    # A node that is away is asked once in a while; meanwhile its connection helps the others.
    assert waiting.lost(second) == []
    assert [taken.id for taken in waiting.take(None, first.node)] == [4]
    # Who has done all of a node goes on with those of another one.
    assert [taken.id for taken in waiting.take(None, other.node)] == [6]
    assert waiting.take(None, other.node) == []


def test_an_address_that_stops_answering_leaves_its_assets_to_the_first_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(work, "EVERY", 0.0)
    waiting = work.Work([1, 2, 3], {1: "worker-0", 2: "worker-1", 3: "worker-1"}, {})
    waiting.addressed |= {"worker-0", "worker-1"}
    (near,) = waiting.take("worker-0")
    (taken,) = waiting.take("worker-1")
    waiting.done(near)
    assert waiting.lost(taken) == []
    # Whoever has the first address has nothing to take yet, and stays.
    assert waiting.take(None) == []
    assert waiting.is_left(None)
    assert not waiting.is_left("worker-0")
    waiting.release("worker-1")
    found = [waiting.take(None), waiting.take(None)]
    assert [outcome.id for outcomes in found for outcome in outcomes] == [3, 2]
    for outcomes in found:
        waiting.done(outcomes[0])
    assert not waiting.is_left(None)


def test_assets_that_nobody_began_are_no_success() -> None:
    result = Result(Request("bars"), looked_at=3, to_do=3, days={}, not_started=[2, 3])
    with pytest.raises(errors.WorkFailed, match="2 of 3 assets were not begun") as told:
        result.raise_for_trouble()
    assert told.value.exit_code == 1


def test_an_address_that_does_not_answer_is_left_out(spread: Db, db_url: str, capsys: Any) -> None:
    settings = Settings(db_url=db_url, other_urls=("postgresql://nobody@127.0.0.1:1/none",))
    assert execute(settings, Request("bars"), Silence()).done == 8
    assert "called through the first address" in capsys.readouterr().err
