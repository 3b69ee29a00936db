"""A refresh from its plan to its note in the log."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ta_lab2_sql import errors
from ta_lab2_sql.queries import query
from ta_lab2_sql.refresh.connections import check_nodes, connect, cpus
from ta_lab2_sql.refresh.progress import Reporter, Silence
from ta_lab2_sql.refresh.request import Request
from ta_lab2_sql.refresh.result import Interrupted, Result
from ta_lab2_sql.runs import Log, logged
from ta_lab2_sql.schema.version import check_version, current_schema
from ta_lab2_sql.settings import Settings, jsonable

if TYPE_CHECKING:
    import psycopg

MOST_IDS = 200


def run_refresh(settings: Settings, what: str, ids: Sequence[int] | None = None, **options: Any) -> Result:
    """Refresh bars, emas or all of some assets (None: all); raises when any of them fails."""
    request = Request(what, ids=None if ids is None else tuple(dict.fromkeys(ids)), **options)
    result = execute(settings, request, Silence())
    result.raise_for_trouble()
    return result


def execute(settings: Settings, request: Request, reporter: Reporter) -> Result:
    """Do what is asked for; what failed is in the result."""
    started = time.monotonic()
    with connect(settings) as connection:
        check_version(connection)
        connection.execute("SELECT calendars_apply()")
        on_cluster = _is_on_cluster(connection)
        if on_cluster:
            from ta_lab2_sql.refresh import cluster

            connection.execute(query("refresh/few_connections"))
            assets = cluster.assets(connection, request)
            settled = cluster.settled(connection, request)
            looked_at = len(assets)
            days = {asset: dict[str, int]() for asset in assets if asset not in settled}
            one_day = set[int]()
        else:
            looked_at, days, one_day = _plan(connection, request)
        if connection.execute(query("refresh/alphas")).fetchone() == (True,):
            connection.execute("SELECT sync_ema_alpha()")
        result = Result(request, looked_at=looked_at, to_do=len(days), days=days)
        result.symbols = _know(connection, request, list(days), on_cluster)
        places = cluster.places(connection, list(days)) if on_cluster and days else {}
        most = min(request.workers, cpus())
        lanes = cluster.lanes(settings, places, most) if on_cluster else _lanes(settings, days, most)
        result.workers = sum(connections for _, _, connections in lanes)
        with logged(connection, f"refresh {request.what}", request.given()) as log:
            log.assets = looked_at
            reporter.started(result)
            if days:
                from ta_lab2_sql.refresh.work import Work
                from ta_lab2_sql.refresh.workers import Workers

                work = Work(days, places, result.symbols, one_day, result.workers)
                Workers(lanes, request, work, result, reporter).go()
                _analyze(connection, result)
            if on_cluster:
                result.leave_out_unchanged()
            result.seconds = time.monotonic() - started
            _record(log, result)
        _notify(connection, result, log.run_id)
    reporter.ended(result)
    return result


def _is_on_cluster(connection: psycopg.Connection[Any]) -> bool:
    """Whether the tables of assets lie on a cluster."""
    if connection.execute("SELECT is_cluster()").fetchone() != (True,):
        return False
    return connection.execute(query("refresh/is_split")).fetchone() == (True,)


def _plan(
    connection: psycopg.Connection[Any], request: Request
) -> tuple[int, dict[int, dict[str, int]], set[int]]:
    """How many assets are looked at, those with something to do: days at most, by stage; and those of them
    that may be called with others, since they need one more day and nothing else."""
    rows = connection.execute(query("refresh/todo"), request.parameters()).fetchall()
    days = {asset: {"bars": bars, "emas": emas} for asset, bars, emas, _ in rows}
    one_day = {asset for asset, _, _, is_one in rows if is_one and request.takes_lists()}
    if request.ids is not None:
        return len(request.ids), days, one_day
    counted = connection.execute("SELECT count(*)::int FROM asset_ids()").fetchone()
    return (counted[0] if counted else 0), days, one_day


def _know(
    connection: psycopg.Connection[Any], request: Request, ids: list[int], on_cluster: bool
) -> dict[int, str]:
    """The symbols of what is to be refreshed; all has rows in assets then, on a cluster with the zone."""
    rows = connection.execute(query("refresh/known"), {"ids": ids}).fetchall()
    new = [asset for asset, has_row, _ in rows if not has_row]
    if new:
        connection.execute(query("refresh/make_assets"), {"ids": new})
    if request.tz is not None and on_cluster and ids:
        # There a refresh runs beside its asset's rows, where nothing can be written for all nodes.
        connection.execute("SELECT set_assets(%s::int[], %s::jsonb)", (ids, json.dumps({"tz": request.tz})))
    return {asset: symbol for asset, _, symbol in rows if symbol is not None}


def _lanes(
    settings: Settings, days: dict[int, dict[str, int]], most: int
) -> list[tuple[Settings, str | None, int]]:
    """Whom to connect to, and how often; every address takes any asset."""
    nodes = settings.nodes()
    check_nodes(nodes[1:], next(iter(days), None))
    workers = max(1, min(most * len(nodes), len(days)))
    shares = (len(range(number, workers, len(nodes))) for number in range(len(nodes)))
    return [(node, None, share) for node, share in zip(nodes, shares, strict=True) if share]


def _analyze(connection: psycopg.Connection[Any], result: Result) -> None:
    """Tell the planner of what was built from nothing: guessing, it reads a calendar EMA in seconds."""
    import psycopg

    rows = (row for outcome in result.outcomes for row in outcome.rows)
    if not result.interrupted and any(row["action"] == "rebuild" and row["written"] for row in rows):
        # Without the right to it the server only warns; what was refreshed stays as it is in any case.
        with suppress(psycopg.Error):
            connection.execute(query("refresh/analyze"))


def _record(log: Log, result: Result) -> None:
    """Put the outcome into the log of runs."""
    log.changed, log.failed, log.work = len(result.changed), len(result.failures), result.work()
    try:
        result.raise_for_trouble()
    except Interrupted as error:
        log.outcome, log.error = "interrupted", error.format_message()
    except Exception as error:
        told = errors.describe(error)
        log.outcome, log.error = "failed", told.format_message() if told else str(error)


def _notify(connection: psycopg.Connection[Any], result: Result, run_id: int) -> None:
    """Tell who listens on the channel ta_lab2 that something changed."""
    changed = result.changed
    if not changed:
        return
    # The run is logged and done; that somebody couldn't be told doesn't make it fail.
    with suppress(Exception):
        payload = {
            "event": "refresh",
            "what": result.request.what,
            "schema": current_schema(connection),
            "run_id": run_id,
            "changed": len(changed),
            "failed": len(result.failures),
            # A payload has at most 8000 bytes; who needs all ids of a large run reads the states.
            "ids": changed[:MOST_IDS],
            "dirty_from": result.dirty_from,
        }
        connection.execute(query("refresh/notify"), {"payload": json.dumps(payload, default=jsonable)})
