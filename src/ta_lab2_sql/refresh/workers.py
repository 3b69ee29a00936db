"""Workers that refresh assets beside each other."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ta_lab2_sql import errors
from ta_lab2_sql.queries import query
from ta_lab2_sql.refresh.connections import PATIENCE, connect, is_lost
from ta_lab2_sql.refresh.progress import Reporter
from ta_lab2_sql.refresh.request import Request, Step, steps
from ta_lab2_sql.refresh.result import Failure, Outcome, Result
from ta_lab2_sql.refresh.work import Work
from ta_lab2_sql.settings import Settings

if TYPE_CHECKING:
    import psycopg
    import psycopg_pool

# What another attempt may cure: a serialisation failure, a deadlock.
RETRY_STATES = frozenset({"40001", "40P01"})
# What no asset is to blame for: no privilege, functions of another version. The run ends.
FATAL_STATES = errors.NOT_MIGRATED_STATES | {"42501", "TA040"}


class Workers:
    """Workers that take assets from what waits, each with a connection of a pool."""

    def __init__(
        self,
        lanes: Sequence[tuple[Settings, str | None, int]],
        request: Request,
        work: Work,
        result: Result,
        reporter: Reporter,
    ) -> None:
        self.lanes, self.request, self.result, self.reporter = lanes, request, result, reporter
        self.work = work
        self.work.addressed |= {near for _, near, _ in lanes if near is not None}
        self.steps = steps(request)
        self.statements = {step.stage: query(f"refresh/{step.stage}") for step in self.steps}
        self.stop = threading.Event()
        self.interrupted = threading.Event()
        self.done: queue.SimpleQueue[Outcome | BaseException | None] = queue.SimpleQueue()
        self.lock = threading.Lock()
        self.active: set[psycopg.Connection[Any]] = set()
        self.nodes: dict[int, str | None] = {}

    def go(self) -> None:
        """Work until nothing waits, or until something ends the run."""
        import logging

        import psycopg_pool

        # Its warnings would spoil our output; what they say arrives as an error in the end.
        logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())
        logging.getLogger("psycopg.pool").propagate = False
        threads = []
        with ExitStack() as pools:
            for node, near, connections in self.lanes:
                pool = psycopg_pool.ConnectionPool(
                    node.conninfo("refresh"),
                    min_size=connections,
                    max_size=connections,
                    kwargs={"autocommit": True},
                    configure=node.configure,
                    open=False,
                )
                pools.enter_context(pool)
                threads += [
                    threading.Thread(target=self._work, args=(node, near, pool), daemon=True)
                    for _ in range(connections)
                ]
            for thread in threads:
                thread.start()
            try:
                self._collect(len(threads))
            except KeyboardInterrupt:
                self._interrupt(threads)
        self.result.not_started = self.work.rest()

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

    def _work(self, node: Settings, near: str | None, pool: psycopg_pool.ConnectionPool[Any]) -> None:
        try:
            while not self.stop.is_set():
                with self._connection(node, near, pool) as connection:
                    if connection is None:
                        return
                    # Whose assets that session has been calling.
                    session = connection.info.backend_pid
                    outcomes = self.work.take(near, self.nodes.get(session))
                    if outcomes:
                        self.nodes[session] = outcomes[0].node
                    if len(outcomes) > 1:
                        self._keep(self._together(connection, outcomes))
                    elif outcomes:
                        self._keep(self._asset(connection, outcomes[0]))
                    if outcomes:
                        continue
                # What waits is for later, or may come back from another worker.
                self.stop.wait(self.work.pause())
        except BaseException as error:
            self.done.put(error)
        finally:
            self.done.put(None)

    def _keep(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            if outcome.failure is not None and self.request.fail_fast:
                self.stop.set()
            # Kept here, where no interrupt can come between taking it and keeping it.
            self.result.outcomes.append(outcome)
            self.done.put(outcome)

    @contextmanager
    def _connection(
        self, node: Settings, near: str | None, pool: psycopg_pool.ConnectionPool[Any]
    ) -> Iterator[psycopg.Connection[Any] | None]:
        """A connection of the pool; None: nothing is left for it. Raises when the server is gone."""
        import psycopg_pool

        given_up = time.monotonic() + PATIENCE
        connection = None
        while connection is None:
            # Others may have taken all the work while this server was away.
            if self.stop.is_set() or not self.work.is_left(near):
                yield None
                return
            with suppress(psycopg_pool.PoolTimeout):
                connection = pool.getconn(timeout=1)
            if connection is not None or time.monotonic() < given_up:
                continue
            if near is not None:
                self.work.release(near)
                yield None
                return
            with self.lock:
                others = bool(self.active)
            if not others:
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

    def _together(self, connection: psycopg.Connection[Any], outcomes: list[Outcome]) -> list[Outcome]:
        """Bring assets that need one more day up to date in one transaction. Returns those that it did.

        What is wrong with one of them undoes it for all: then each is called by itself, and fails by itself.
        """
        import psycopg

        started = time.monotonic()
        found: dict[int, list[dict[str, Any]]] = {}
        parameters = {
            "ids": [outcome.id for outcome in outcomes],
            "lookback_days": self.request.lookback_days,
            "keep_rejects": self.request.keep_rejects,
            "stage": "bars" if self.request.what == "bars" else "all",
        }
        try:
            for row in self._rows(connection, query("refresh/day_of_many"), parameters):
                found.setdefault(row.pop("id"), []).append(row)
        except psycopg.Error:
            if self.interrupted.is_set():
                for outcome in outcomes:
                    outcome.cancelled = True
                    self.work.done(outcome)
                return outcomes
        self.work.put_back(outcome for outcome in outcomes if outcome.id not in found)
        done = [outcome for outcome in outcomes if outcome.id in found]
        for outcome in done:
            outcome.seconds = (time.monotonic() - started) / len(done)
            outcome.rows = [_as_called(row) for row in found[outcome.id] if row["stage"] in self.statements]
            outcome.took = {row["stage"]: row["elapsed"].total_seconds() for row in outcome.rows}
            self.work.done(outcome)
        return done

    def _asset(self, connection: psycopg.Connection[Any], outcome: Outcome) -> list[Outcome]:
        """Bring an asset up to date. Returns what is decided: nothing while its node is waited for."""
        import psycopg

        started = time.monotonic()
        stage = ""
        try:
            for step in self.steps[outcome.calls_done :]:
                if self.interrupted.is_set():
                    outcome.cancelled = True
                    break
                stage, began = step.stage, time.monotonic()
                outcome.rows += [{"stage": stage, **row} for row in self._call(connection, step, outcome.id)]
                outcome.took[stage] = outcome.took.get(stage, 0.0) + time.monotonic() - began
                outcome.calls_done += 1
        except psycopg.errors.QueryCanceled as error:
            if self.interrupted.is_set():
                outcome.cancelled = True
            else:
                outcome.failure = _failure(error, outcome, stage)
        except psycopg.Error as error:
            if self.work.may_return and is_lost(error, connection) and not self.interrupted.is_set():
                return self._away(outcome, error)
            if error.sqlstate in FATAL_STATES:
                self.stop.set()
                self.done.put(error)
                outcome.cancelled = True
            # The step before removed the last of an asset whose raw days are gone.
            elif error.sqlstate != "TA001" or not outcome.rows:
                outcome.failure = _failure(error, outcome, stage)
        outcome.seconds += time.monotonic() - started
        self.work.done(outcome)
        return [outcome]

    def _away(self, outcome: Outcome, error: psycopg.Error) -> list[Outcome]:
        """A node didn't answer: wait for it, or fail all that need it."""
        given_up = self.work.lost(outcome)
        for waiting in given_up:
            stage = self.steps[waiting.calls_done].stage
            waiting.failure = _failure(error, waiting, stage, waiting.node)
        return given_up

    def _call(self, connection: psycopg.Connection[Any], step: Step, asset: int) -> list[dict[str, Any]]:
        """One function, one asset, one transaction."""
        found = self._rows(connection, self.statements[step.stage], self._parameters(step, asset))
        for row in found:
            row.setdefault("rejected", 0)
            row.setdefault("deleted", 0)
        return found

    def _rows(
        self, connection: psycopg.Connection[Any], statement: str, parameters: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """The rows of a call; it is made again after a serialisation failure or a deadlock."""
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
        with connection.cursor(row_factory=dict_row) as cursor:
            return attempts(lambda: cursor.execute(statement, parameters).fetchall())

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


def _as_called(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a list's call as a call for the asset alone returns it."""
    others = {"bars": {"series"}, "emas": {"days_read", "repaired_timehigh", "repaired_timelow"}}
    return {name: value for name, value in row.items() if name not in others[row["stage"]]}


def _failure(error: psycopg.Error, outcome: Outcome, stage: str, node: str | None = None) -> Failure:
    told = errors.from_database(error)
    lost = error.sqlstate is None or is_lost(error)
    return Failure(
        outcome.id,
        outcome.symbol,
        stage,
        error.sqlstate or "08006",
        errors.one_line("; ".join(part for part in (told.what, told.where) if part)),
        "run it again: the asset is as it was before" if lost else told.todo,
        node,
    )
