"""Samples, their median and spread; contestants in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Samples:
    """What was measured of one thing, in seconds."""

    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def low(self) -> float:
        return min(self.values)

    @property
    def high(self) -> float:
        return max(self.values)

    def as_json(self) -> dict[str, Any]:
        return {
            "median": self.median,
            "low": self.low,
            "high": self.high,
            "runs": len(self.values),
            "values": self.values,
        }

    def __str__(self) -> str:
        unit, scale = ("ms", 1e3) if self.median < 1 else ("s", 1.0)

        def show(value: float) -> str:
            return f"{value * scale:.3g}" if value * scale < 1000 else f"{value * scale:.0f}"

        if len(self.values) == 1:
            return f"{show(self.median)} {unit}"
        return f"{show(self.median)} {unit} ({show(self.low)}..{show(self.high)})"


def clocked(work: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_turn(
    runs: int, contestants: Sequence[tuple[str, Callable[[], object]]], warm_up: bool = False
) -> dict[str, Samples]:
    """Every contestant once, then again: whatever disturbs the machine disturbs all of them.

    A contestant that returns a float, or several by name, has measured itself.
    """
    found: dict[str, Samples] = {}
    for run in range(runs + warm_up):
        for name, work in contestants:
            started = time.perf_counter()
            said = work()
            spent = time.perf_counter() - started
            if run < warm_up:
                continue
            own = (
                {name: said} if isinstance(said, float) else said if isinstance(said, dict) else {name: spent}
            )
            for part, value in own.items():
                found.setdefault(part, Samples()).values.append(value)
    return found
