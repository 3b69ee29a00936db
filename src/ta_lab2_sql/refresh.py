"""Refresh assets in parallel: one call of one function for one asset is one transaction.

The loop over assets, retries and parallelism are here; what is stale and what to compute is decided in SQL.
"""

from __future__ import annotations

import dataclasses
import json
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ta_lab2_sql import errors
from ta_lab2_sql.migrate import check_version, current_schema
from ta_lab2_sql.queries import query
from ta_lab2_sql.runs import Log, logged
from ta_lab2_sql.settings import Settings, jsonable

if TYPE_CHECKING:
    import psycopg
    import psycopg_pool

FAMILIES = ("1d", "multi_tf", "cal_us", "cal_iso", "cal_anchor_us", "cal_anchor_iso")
VARIANTS = ("multi_tf", "multi_tf_v2", "cal_us", "cal_iso", "cal_anchor_us", "cal_anchor_iso")
# Strongest first.
ACTIONS = ("rebuild", "backfill", "revise", "append", "noop")
MOST_WORKERS = 6
MOST_IDS = 200
# What another attempt may cure: a serialisation failure, a deadlock.
RETRY_STATES = frozenset({"40001", "40P01"})
# What no asset is to blame for: no privilege, functions of another version. The run ends.
FATAL_STATES = errors.NOT_MIGRATED_STATES | {"42501", "TA040"}
# A server that restarts is waited for this long, in seconds, when no connection is left.
PATIENCE = 15.0


class Interrupted(errors.TaLabError):
    """Ctrl-C, or a request to end."""

    exit_code: ClassVar[int] = 130


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What to refresh and how; the options of `ta-lab2 refresh`."""

    what: str
    ids: tuple[int, ...] | None = None
    family: str | None = None
    variant: str | None = None
    tfs: tuple[str, ...] = ()
    periods: tuple[int, ...] | None = None
    workers: int = MOST_WORKERS
    full_rebuild: bool = False
    lookback_days: int = 3
    tz: str | None = None
    time_min: datetime | None = None
    time_max: datetime | None = None
    keep_rejects: bool = True
    fail_on_rejects: bool = False
    include_non_canonical: bool = False
    fail_fast: bool = False

    def given(self) -> dict[str, Any]:
        """The options that aren't the defaults; how many workers there are changes nothing."""
        fields = [f for f in dataclasses.fields(self) if f.name not in ("what", "workers")]
        return {f.name: getattr(self, f.name) for f in fields if getattr(self, f.name) != f.default}

    def parameters(self) -> dict[str, Any]:
        """The parameters of refresh_plan."""
        return {
            "ids": None if self.ids is None else list(self.ids),
            "what": self.what,
            "families": self.families(),
            "variants": self.variants(),
            "full": self.full_rebuild,
            "tz": self.tz,
            "lookback_days": self.lookback_days,
            "tfs": list(self.tfs) or None,
            "periods": None if self.periods is None else list(self.periods),
            "time_min": self.time_min,
            "time_max": self.time_max,
            "keep_rejects": self.keep_rejects,
            "include_non_canonical": self.include_non_canonical,
        }

    def families(self) -> list[str] | None:
        """The families of bars that the run brings up to date; None: all."""
        if self.family is not None:
            return [self.family]
        return None if self.variant is None else [family_of(self.variant)]

    def variants(self) -> list[str] | None:
        """The variants of EMAs that the run brings up to date; None: all."""
        if self.variant is not None:
            return [self.variant]
        return None if self.family is None else [v for v in VARIANTS if family_of(v) == self.family]


def family_of(variant: str) -> str:
    """The family of bars that a variant of EMAs reads."""
    return "multi_tf" if variant == "multi_tf_v2" else variant


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One call for each asset."""

    stage: str
    family: str
    upstream: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """An asset that failed: its transaction is undone."""

    id: int
    stage: str
    sqlstate: str
    message: str
    todo: str | None


@dataclasses.dataclass(slots=True)
class Outcome:
    """What became of one asset."""

    id: int
    seconds: float = 0.0
    took: dict[str, float] = dataclasses.field(default_factory=dict)
    rows: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    failure: Failure | None = None
    cancelled: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return any(row["action"] != "noop" or row["written"] or row["deleted"] for row in self.rows)

    @property
    def rejected(self) -> int:
        """Bad days among those that changed."""
        return sum(row["rejected"] or 0 for row in self.rows)


@dataclasses.dataclass(slots=True)
class Result:
    """What a run did."""

    request: Request
    looked_at: int
    to_do: int
    days: dict[int, dict[str, int]] = dataclasses.field(default_factory=dict)
    workers: int = 0
    outcomes: list[Outcome] = dataclasses.field(default_factory=list)
    not_started: list[int] = dataclasses.field(default_factory=list)
    interrupted: bool = False
    fatal: BaseException | None = None
    seconds: float = 0.0

    @property
    def failures(self) -> list[Failure]:
        """The assets that failed, by id."""
        found = [o.failure for o in self.outcomes if o.failure is not None]
        return sorted(found, key=lambda failure: failure.id)

    @property
    def done(self) -> int:
        """Assets that are up to date now because of this run."""
        return sum(o.failure is None and not o.cancelled for o in self.outcomes)

    @property
    def changed(self) -> list[int]:
        """Assets that something was written for."""
        return sorted(o.id for o in self.outcomes if o.changed)

    @property
    def dirty_from(self) -> datetime | None:
        """The earliest day that changed."""
        rows = (row for o in self.outcomes for row in o.rows)
        return min((row["dirty_from"] for row in rows if row["dirty_from"] is not None), default=None)

    def work(self) -> list[dict[str, Any]]:
        """Per stage and strongest action of an asset: how many assets, how many days, how long."""
        table: dict[tuple[str, str], dict[str, Any]] = {}
        for outcome in self.outcomes:
            for stage, took in outcome.took.items():
                found = {row["action"] for row in outcome.rows if row["stage"] == stage}
                action = next((a for a in ACTIONS if a in found), None)
                if action is None:
                    continue
                blank = {"stage": stage, "action": action, "assets": 0, "days": 0, "seconds": 0.0}
                entry = table.setdefault((stage, action), blank)
                entry["assets"] += 1
                entry["days"] += self.days.get(outcome.id, {}).get(stage, 0)
                entry["seconds"] = round(entry["seconds"] + took, 6)
        return list(table.values())

    @property
    def rejected(self) -> int:
        """Days that failed validation in this run."""
        return sum(o.rejected for o in self.outcomes)

    def summary(self) -> dict[str, Any]:
        """The numbers of the run."""
        return {
            "what": self.request.what,
            "assets": self.looked_at,
            "unchanged": self.looked_at - self.to_do,
            "to_do": self.to_do,
            "refreshed": self.done,
            "changed": len(self.changed),
            "failed": len(self.failures),
            "rejected": self.rejected,
            "interrupted": self.interrupted,
            "not_started": sorted(self.not_started),
            "workers": self.workers,
            "seconds": round(self.seconds, 3),
        }

    def by_family(self) -> list[dict[str, Any]]:
        """A row per stage and family: how many assets needed what, and what was written."""
        table: dict[tuple[str, str], dict[str, Any]] = {}
        order = {("bars", f): n for n, f in enumerate(FAMILIES)}
        order |= {("emas", v): n for n, v in enumerate(VARIANTS, start=len(FAMILIES))}
        for outcome in self.outcomes:
            for row in outcome.rows:
                key = (row["stage"], row["family"])
                blank = {"stage": key[0], "family": key[1], **dict.fromkeys(ACTIONS, 0)}
                entry = table.setdefault(key, {**blank, "written": 0, "deleted": 0, "rejected": 0})
                entry[row["action"]] += 1
                for name in ("written", "deleted", "rejected"):
                    entry[name] += row[name] or 0
        return sorted(table.values(), key=lambda e: order.get((e["stage"], e["family"]), len(order)))

    def raise_for_trouble(self) -> None:
        """Turn failures, an interrupt, or rejects that were not wanted into the exit code."""
        if self.fatal is not None:
            raise self.fatal
        if self.interrupted:
            unfinished = len(self.not_started) + sum(o.cancelled for o in self.outcomes)
            raise Interrupted(
                f"interrupted: {self.done} of {self.to_do} assets done, {unfinished} not",
                "each asset is as it was before the run or up to date",
                "run it again for the rest",
            )
        if self.failures:
            shown = ", ".join(f"{f.id} ({f.sqlstate})" for f in self.failures[:5])
            more = f" and {len(self.failures) - 5} more" if len(self.failures) > 5 else ""
            raise errors.WorkFailed(
                f"{len(self.failures)} of {self.to_do} assets failed: {shown}{more}",
                f"first {self.failures[0].message}",
                self.failures[0].todo or "see the list of failures",
            )
        if self.request.fail_on_rejects and self.rejected:
            raise errors.WorkFailed(
                f"{self.rejected} days were rejected",
                "cmc_price_bars_1d_rejects" if self.request.keep_rejects else "--fail-on-rejects",
                "correct them and load them again; everything else is up to date",
            )


class Reporter(Protocol):
    """Who is told how a run goes."""

    def started(self, result: Result) -> None:
        """The run begins."""

    def finished(self, outcome: Outcome, result: Result) -> None:
        """An asset is done, or failed."""

    def ended(self, result: Result) -> None:
        """The run is over."""


class Silence:
    """A reporter that says nothing."""

    def started(self, result: Result) -> None:
        """The run begins."""

    def finished(self, outcome: Outcome, result: Result) -> None:
        """An asset is done, or failed."""

    def ended(self, result: Result) -> None:
        """The run is over."""


def steps(request: Request) -> list[Step]:
    """The calls for each asset, in order."""
    if request.what == "bars":
        return [Step("bars", request.family or "all")]
    variants = request.variants()
    if request.what == "emas":
        emas = Step("emas", variants[0] if variants else "all", upstream=True)
        # A refresh of EMAs doesn't count rejects, so the days come first and by themselves.
        return [Step("bars", "1d"), emas] if request.fail_on_rejects else [emas]
    families = request.families()
    bars = Step("bars", families[0] if families else "all")
    if variants is None:
        return [bars, Step("emas", "all")]
    return [bars, *(Step("emas", v, upstream=family_of(v) != bars.family) for v in variants)]


def cpus() -> int:
    """The CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
        looked_at, days = _plan(connection, request)
        if connection.execute(query("refresh_alphas")).fetchone() == (True,):
            connection.execute("SELECT sync_ema_alpha()")
        result = Result(request, looked_at=looked_at, to_do=len(days), days=days)
        nodes = settings.nodes()
        _check_nodes(nodes[1:], next(iter(days), None))
        result.workers = max(1, min(min(request.workers, cpus()) * len(nodes), len(days)))
        with logged(connection, f"refresh {request.what}", request.given()) as log:
            log.assets = looked_at
            reporter.started(result)
            if days:
                _Run(settings, request, list(days), result, reporter).go()
                _analyze(connection, result)
            result.seconds = time.monotonic() - started
            _record(log, result)
        _notify(connection, result, log.run_id)
    reporter.ended(result)
    return result


def _analyze(connection: psycopg.Connection[Any], result: Result) -> None:
    """Tell the planner of what was built from nothing: guessing, it reads a calendar EMA in seconds."""
    import psycopg

    rows = (row for outcome in result.outcomes for row in outcome.rows)
    if not result.interrupted and any(row["action"] == "rebuild" and row["written"] for row in rows):
        # Without the right to it the server only warns; what was refreshed stays as it is in any case.
        with suppress(psycopg.Error):
            connection.execute(query("refresh_analyze"))


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
        connection.execute(query("refresh_notify"), {"payload": json.dumps(payload, default=jsonable)})


def connect(settings: Settings) -> psycopg.Connection[Any]:
    """The driver's own connection; a server that is just starting is waited for."""
    import psycopg
    import tenacity

    # 57P03: the server is starting up, 53300: too many connections for now.
    starting = tenacity.retry_if_exception(
        lambda error: (
            isinstance(error, psycopg.OperationalError)
            and (error.sqlstate in ("57P03", "53300") or "starting up" in str(error))
        )
    )
    attempts = tenacity.Retrying(
        retry=starting,
        wait=tenacity.wait_random_exponential(multiplier=0.2, max=2),
        stop=tenacity.stop_after_delay(PATIENCE),
        reraise=True,
    )
    return attempts(settings.connect, "refresh")


def _check_nodes(nodes: Sequence[Settings], asset: int | None) -> None:
    """Refuse addresses that don't lead to the assets of the first one."""
    import psycopg

    for node in nodes if asset is not None else ():
        try:
            with connect(node) as connection:
                connection.execute("SELECT check_asset(%s)", (asset,))
        except psycopg.Error as error:
            if error.sqlstate not in {"TA001", *errors.NOT_MIGRATED_STATES}:
                raise
            raise errors.WrongUsage(
                "the addresses lead to different databases",
                f"{node.masked_url()} doesn't know asset {asset}",
                "give nodes of one cluster",
            ) from error


def _plan(connection: psycopg.Connection[Any], request: Request) -> tuple[int, dict[int, dict[str, int]]]:
    """How many assets are looked at, and those with something to do: days at most, by stage."""
    rows = connection.execute(query("refresh_todo"), request.parameters()).fetchall()
    days = {asset: {"bars": bars, "emas": emas} for asset, bars, emas in rows}
    if request.ids is not None:
        return len(request.ids), days
    counted = connection.execute("SELECT count(*)::int FROM asset_ids()").fetchone()
    return (counted[0] if counted else 0), days


class _Run:
    """Workers that take assets from a queue, each with a connection of the pool."""

    def __init__(
        self, settings: Settings, request: Request, ids: Sequence[int], result: Result, reporter: Reporter
    ) -> None:
        self.settings, self.request, self.result, self.reporter = settings, request, result, reporter
        self.steps = steps(request)
        self.statements = {step.stage: query(f"refresh_{step.stage}") for step in self.steps}
        self.waiting = deque(ids)
        self.stop = threading.Event()
        self.interrupted = threading.Event()
        self.done: queue.SimpleQueue[Outcome | BaseException | None] = queue.SimpleQueue()
        self.lock = threading.Lock()
        self.active: set[psycopg.Connection[Any]] = set()

    def go(self) -> None:
        """Work until nothing waits, or until something ends the run."""
        import logging

        import psycopg_pool

        # Its warnings would spoil our output; what they say arrives as an error in the end.
        logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())
        logging.getLogger("psycopg.pool").propagate = False
        workers, nodes = self.result.workers, self.settings.nodes()[: self.result.workers]
        threads = []
        with ExitStack() as pools:
            for number, node in enumerate(nodes):
                share = len(range(number, workers, len(nodes)))
                pool = psycopg_pool.ConnectionPool(
                    node.conninfo("refresh"),
                    min_size=share,
                    max_size=share,
                    kwargs={"autocommit": True},
                    configure=node.configure,
                    open=False,
                )
                pools.enter_context(pool)
                threads += [
                    threading.Thread(target=self._work, args=(node, pool), daemon=True) for _ in range(share)
                ]
            for thread in threads:
                thread.start()
            try:
                self._collect(workers)
            except KeyboardInterrupt:
                self._interrupt(threads)
        self.result.not_started = list(self.waiting)

    def _collect(self, workers: int) -> None:
        while workers:
            # A limit, so that a signal is noticed on every platform.
            with suppress(queue.Empty):
                workers -= self._take(self.done.get(timeout=0.5))

    def _take(self, item: Outcome | BaseException | None) -> int:
        """Note what a worker reports; 1 when it has ended."""
        if item is None:
            return 1
        if isinstance(item, BaseException):
            self.result.fatal = self.result.fatal or item
            self.stop.set()
            return 0
        self.reporter.finished(item, self.result)
        return 0

    def _interrupt(self, threads: list[threading.Thread]) -> None:
        """Cancel what runs, so that its transactions are undone, and wait for the workers."""
        self.result.interrupted = True
        self.interrupted.set()
        self.stop.set()
        while any(thread.is_alive() for thread in threads):
            # Again and again: a call that was just being sent isn't running yet.
            with self.lock:
                running = list(self.active)
            for connection in running:
                with suppress(Exception):
                    connection.cancel_safe(timeout=2)
            for thread in threads:
                thread.join(0.1 / len(threads))
        while not self.done.empty():
            self._take(self.done.get())

    def _work(self, node: Settings, pool: psycopg_pool.ConnectionPool[Any]) -> None:
        try:
            while not self.stop.is_set():
                with self._connection(node, pool) as connection:
                    if connection is None:
                        return
                    try:
                        asset = self.waiting.popleft()
                    except IndexError:
                        return
                    outcome = self._asset(connection, asset)
                    if outcome.failure is not None and self.request.fail_fast:
                        self.stop.set()
                    # Kept here, where no interrupt can come between taking it and keeping it.
                    self.result.outcomes.append(outcome)
                    self.done.put(outcome)
        except BaseException as error:
            self.done.put(error)
        finally:
            self.done.put(None)

    @contextmanager
    def _connection(
        self, node: Settings, pool: psycopg_pool.ConnectionPool[Any]
    ) -> Iterator[psycopg.Connection[Any] | None]:
        """A connection of the pool; None: the run ends. Raises when the server is gone."""
        import psycopg_pool

        given_up = time.monotonic() + PATIENCE
        connection = None
        while connection is None:
            # Other nodes may have taken all the work while this one was away.
            if self.stop.is_set() or not self.waiting:
                yield None
                return
            with suppress(psycopg_pool.PoolTimeout):
                connection = pool.getconn(timeout=1)
            with self.lock:
                others = bool(self.active)
            if connection is None and not others and time.monotonic() > given_up:
                # Raises what is wrong in the server's own words.
                connect(node).close()
        with self.lock:
            self.active.add(connection)
        try:
            yield connection
        finally:
            with self.lock:
                self.active.discard(connection)
            pool.putconn(connection)

    def _asset(self, connection: psycopg.Connection[Any], asset: int) -> Outcome:
        import psycopg

        outcome = Outcome(asset)
        started = time.monotonic()
        stage = ""
        try:
            for step in self.steps:
                if self.interrupted.is_set():
                    outcome.cancelled = True
                    break
                stage, began = step.stage, time.monotonic()
                outcome.rows += [{"stage": stage, **row} for row in self._call(connection, step, asset)]
                outcome.took[stage] = outcome.took.get(stage, 0.0) + time.monotonic() - began
        except psycopg.errors.QueryCanceled as error:
            if self.interrupted.is_set():
                outcome.cancelled = True
            else:
                outcome.failure = _failure(error, asset, stage)
        except psycopg.Error as error:
            if error.sqlstate in FATAL_STATES:
                self.stop.set()
                self.done.put(error)
                outcome.cancelled = True
            # The step before removed the last of an asset whose raw days are gone.
            elif error.sqlstate != "TA001" or not outcome.rows:
                outcome.failure = _failure(error, asset, stage)
        outcome.seconds = time.monotonic() - started
        return outcome

    def _call(self, connection: psycopg.Connection[Any], step: Step, asset: int) -> list[dict[str, Any]]:
        """One function, one asset, one transaction; again after a serialisation failure or a deadlock."""
        import psycopg
        import tenacity
        from psycopg.rows import dict_row

        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception(
                lambda error: isinstance(error, psycopg.Error) and error.sqlstate in RETRY_STATES
            ),
            wait=tenacity.wait_random_exponential(multiplier=0.05, max=2),
            stop=tenacity.stop_any(tenacity.stop_after_delay(60), tenacity.stop_when_event_set(self.stop)),
            reraise=True,
        )
        statement = self.statements[step.stage]
        with connection.cursor(row_factory=dict_row) as cursor:
            found: list[dict[str, Any]] = attempts(
                lambda: cursor.execute(statement, self._parameters(step, asset)).fetchall()
            )
        for row in found:
            row.setdefault("rejected", 0)
            row.setdefault("deleted", 0)
        return found

    def _parameters(self, step: Step, asset: int) -> dict[str, Any]:
        from psycopg.types.numeric import Int4

        request = self.request
        return {
            # An int4 of its own, without a cast, so that a cluster sees the asset in the call.
            "id": Int4(asset),
            "family": step.family,
            "full": request.full_rebuild and not (request.what == "emas" and step.stage == "bars"),
            "tz": request.tz,
            "lookback_days": request.lookback_days,
            "tfs": list(request.tfs) or None if step.family != "1d" or request.what == "bars" else None,
            "time_min": request.time_min,
            "time_max": request.time_max,
            "keep_rejects": request.keep_rejects,
            "include_non_canonical": request.include_non_canonical,
            "periods": None if request.periods is None else list(request.periods),
            "upstream": step.upstream,
        }


def _failure(error: psycopg.Error, asset: int, stage: str) -> Failure:
    told = errors.from_database(error)
    lost = error.sqlstate is None or error.sqlstate[:2] == "08" or error.sqlstate[:3] == "57P"
    return Failure(
        asset,
        stage,
        error.sqlstate or "08006",
        errors.one_line("; ".join(part for part in (told.what, told.where) if part)),
        "run it again: the asset is as it was before" if lost else told.todo,
    )
