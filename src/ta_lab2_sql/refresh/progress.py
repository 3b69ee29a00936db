"""How a refresh tells how it goes: a bar on a terminal, plain lines elsewhere, events for programs."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from typing import Any, Protocol

import click

from ta_lab2_sql.refresh.result import Failure, Outcome, Result
from ta_lab2_sql.settings import Settings, jsonable

LINE_EVERY = 5.0


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


def reporter(settings: Settings, events: bool) -> Reporter:
    """The reporter for where our output goes."""
    if events:
        return Events()
    if settings.quiet or settings.json:
        return Silence()
    return Bar(settings) if sys.stderr.isatty() else Lines(settings)


def told(failure: Failure) -> str:
    """A failure in one line."""
    todo = f"; {failure.todo}" if failure.todo else ""
    return f"asset {_named(failure)} failed in {failure.stage}: {failure.sqlstate} {failure.message}{todo}"


def _named(asset: Outcome | Failure) -> str:
    return str(asset.id) if asset.symbol is None else f"{asset.symbol} ({asset.id})"


class Clock:
    """Rate and time left."""

    def __init__(self) -> None:
        self.began = time.monotonic()

    def rate(self, done: int) -> float:
        """Assets a second so far."""
        return done / max(time.monotonic() - self.began, 1e-6)

    def left(self, done: int, total: int) -> float:
        """Seconds to go if it goes on like this."""
        return (total - done) / max(self.rate(done), 1e-6)


class Lines:
    """A line now and then, and one for each failure."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock()
        self.last = self.clock.began

    def started(self, result: Result) -> None:
        """Say how much there is to do."""
        if result.to_do:
            noun = "worker" if result.workers == 1 else "workers"
            self.settings.note(f"{result.to_do} of {result.looked_at} assets, {result.workers} {noun}")

    def finished(self, outcome: Outcome, result: Result) -> None:
        """Say it at once when it failed, else every few seconds."""
        if outcome.failure is not None:
            self.settings.note(told(outcome.failure))
        elif self.settings.verbose:
            self.settings.note(f"asset {_named(outcome)}: {outcome.seconds:.3f} s")
        done = len(result.outcomes)
        if time.monotonic() - self.last >= LINE_EVERY and done < result.to_do:
            self.last = time.monotonic()
            rate, left = self.clock.rate(done), self.clock.left(done, result.to_do)
            failed = f", {len(result.failures)} failed" if result.failures else ""
            self.settings.note(f"{done} of {result.to_do} assets, {rate:.1f}/s, {left:.0f} s left{failed}")

    def ended(self, result: Result) -> None:
        """Nothing: the summary follows."""


class Bar:
    """A progress bar on stderr."""

    def __init__(self, settings: Settings) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.settings = settings
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True, highlight=False),
            transient=True,
        )
        self.task = self.progress.add_task("assets", rate="")
        self.clock = Clock()

    def started(self, result: Result) -> None:
        """Show the bar."""
        self.progress.update(self.task, total=result.to_do)
        if result.to_do:
            self.progress.start()

    def finished(self, outcome: Outcome, result: Result) -> None:
        """Move the bar; a failure is written above it."""
        if outcome.failure is not None:
            self.progress.console.print(told(outcome.failure), markup=False, soft_wrap=True)
        done = len(result.outcomes)
        self.progress.update(self.task, completed=done, rate=f"{self.clock.rate(done):.1f}/s")

    def ended(self, result: Result) -> None:
        """Take the bar away."""
        self.progress.stop()


class Events:
    """One JSON object a line on stdout."""

    def __init__(self) -> None:
        self.clock = Clock()
        # Workers may have finished more than was told of yet.
        self.told = 0

    def started(self, result: Result) -> None:
        """The event `start`."""
        self._say(
            "start",
            what=result.request.what,
            assets=result.looked_at,
            unchanged=result.looked_at - result.to_do,
            to_do=result.to_do,
            workers=result.workers,
        )

    def finished(self, outcome: Outcome, result: Result) -> None:
        """The event `asset`."""
        self.told += 1
        self._say(
            "asset",
            **asset_record(outcome),
            done=self.told,
            to_do=result.to_do,
            seconds_left=round(self.clock.left(self.told, result.to_do), 3),
        )

    def ended(self, result: Result) -> None:
        """The event `end`."""
        self._say("end", **result.summary())

    @staticmethod
    def _say(event: str, **fields: Any) -> None:
        click.echo(json.dumps({"event": event, **fields}, default=jsonable, ensure_ascii=False))
        sys.stdout.flush()


def asset_record(outcome: Outcome) -> dict[str, Any]:
    """One asset's outcome for programs."""
    state = "failed" if outcome.failure else "cancelled" if outcome.cancelled else "done"
    return {
        "id": outcome.id,
        "symbol": outcome.symbol,
        "outcome": state,
        "changed": outcome.changed,
        "seconds": round(outcome.seconds, 4),
        "rows": outcome.rows,
        "failure": None if outcome.failure is None else dataclasses.asdict(outcome.failure),
    }
