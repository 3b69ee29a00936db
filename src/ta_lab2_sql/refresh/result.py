"""What became of a refresh: of each asset, and of the whole."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any, ClassVar

from ta_lab2_sql import errors
from ta_lab2_sql.refresh.request import Request
from ta_lab2_sql.taxonomy import families, variants

# Strongest first.
ACTIONS = ("rebuild", "backfill", "revise", "append", "noop")


class Interrupted(errors.TaLabError):
    """Ctrl-C, or a request to end."""

    exit_code: ClassVar[int] = 130


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """An asset that failed: its transaction is undone."""

    id: int
    symbol: str | None
    stage: str
    sqlstate: str
    message: str
    todo: str | None
    # The node of a cluster that was away.
    node: str | None = None


@dataclasses.dataclass(slots=True)
class Outcome:
    """What became of one asset."""

    id: int
    symbol: str | None = None
    seconds: float = 0.0
    took: dict[str, float] = dataclasses.field(default_factory=dict)
    rows: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    failure: Failure | None = None
    cancelled: bool = False
    # It needs one more day and nothing else, as far as was planned, and may be called with others that do.
    one_day: bool = False
    # On a cluster the node that holds it, how many calls it has behind it, and when that node was first away.
    node: str | None = None
    calls_done: int = 0
    lost_at: float = 0.0

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
    symbols: dict[int, str] = dataclasses.field(default_factory=dict)
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
    def away(self) -> list[str]:
        """The nodes of a cluster that assets failed because of."""
        return sorted({failure.node for failure in self.failures if failure.node is not None})

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

    def leave_out_unchanged(self) -> None:
        """Count as unchanged what was called without a plan and had nothing to do."""
        called = len(self.outcomes)
        self.outcomes = [o for o in self.outcomes if o.changed or o.cancelled or o.failure]
        self.to_do -= called - len(self.outcomes)

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
            "away": self.away,
            "rejected": self.rejected,
            "interrupted": self.interrupted,
            "not_started": sorted(self.not_started),
            "workers": self.workers,
            "seconds": round(self.seconds, 3),
        }

    def by_family(self) -> list[dict[str, Any]]:
        """A row per stage and family: how many assets needed what, and what was written."""
        table: dict[tuple[str, str], dict[str, Any]] = {}
        names = [*(("bars", family) for family in families()), *(("emas", variant) for variant in variants())]
        order = {name: number for number, name in enumerate(names)}
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
            shown = ", ".join(f"{f.symbol or f.id} ({f.sqlstate})" for f in self.failures[:5])
            more = f" and {len(self.failures) - 5} more" if len(self.failures) > 5 else ""
            away = f"{', '.join(self.away)} can't be reached; " if self.away else ""
            raise errors.WorkFailed(
                f"{len(self.failures)} of {self.to_do} assets failed: {shown}{more}",
                f"{away}first {self.failures[0].message}",
                self.failures[0].todo or "see the list of failures",
            )
        if self.not_started:
            raise errors.WorkFailed(
                f"{len(self.not_started)} of {self.to_do} assets were not begun",
                f"first {min(self.not_started)}",
                "run it again for them",
            )
        if self.request.fail_on_rejects and self.rejected:
            raise errors.WorkFailed(
                f"{self.rejected} days were rejected",
                "cmc_price_bars_1d_rejects" if self.request.keep_rejects else "--fail-on-rejects",
                "correct them and load them again; everything else is up to date",
            )
