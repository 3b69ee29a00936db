"""Days, timeframes and bars as arrays: what every peer outside the database computes from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import psycopg

from benchmarks import wire

# PostgreSQL counts from 2000-01-01, numpy from 1970-01-01.
EPOCH_DAYS = 10_957
MILLISECOND = 1_000
DAY_IN_US = 86_400_000_000

DAYS = """SELECT "timestamp", ("timestamp" AT TIME ZONE 'America/New_York')::date AS day,
    time_high, time_low, open, high, low, close, coalesce(volume, 'NaN'), coalesce(market_cap, 'NaN')
    FROM cmc_price_bars_1d WHERE id = {id} ORDER BY "timestamp" """
DAY_KINDS = [
    ("ts", "ts"),
    ("day", "date"),
    ("time_high", "ts"),
    ("time_low", "ts"),
    ("open", "f8"),
    ("high", "f8"),
    ("low", "f8"),
    ("close", "f8"),
    ("volume", "f8"),
    ("market_cap", "f8"),
]


@dataclass(frozen=True, slots=True)
class Timeframe:
    """A row of the catalogue as the peers need it."""

    tf: str
    kind: str
    count: int
    days: int
    anchored: bool
    families: tuple[str, ...]


def catalogue(connection: psycopg.Connection[Any]) -> list[Timeframe]:
    """All timeframes in catalogue order."""
    rows = connection.execute(
        "SELECT tf, unit_kind, tf_qty, tf_days_nominal, allow_partial_start, family FROM dim_timeframe "
        "ORDER BY display_order, tf"
    ).fetchall()
    return [Timeframe(*row[:5], tuple(row[5].split("|"))) for row in rows]


class Days:
    """The validated days of one asset in time order, and what all its timeframes share."""

    def __init__(self, connection: psycopg.Connection[Any], asset: int) -> None:
        rows = wire.read(connection, DAYS.format(id=asset), DAY_KINDS)
        self.id = asset
        self.n = len(rows)
        self.ts, self.time_high, self.time_low = (
            rows[name].astype(np.int64) for name in ("ts", "time_high", "time_low")
        )
        self.day = rows["day"].astype(np.int64) + EPOCH_DAYS
        self.open, self.high, self.low, self.close, self.volume, self.market_cap = (
            rows[name].astype(np.float64) for name in ("open", "high", "low", "close", "volume", "market_cap")
        )

    @cached_property
    def high_rank(self) -> tuple[Any, Any]:
        """Days numbered by high, ties to the earliest time: a running maximum finds price and time."""
        order = np.lexsort((-np.arange(self.n), -self.time_high, self.high))
        return _ranks(order), order

    @cached_property
    def low_rank(self) -> tuple[Any, Any]:
        """The same for lows."""
        order = np.lexsort((-np.arange(self.n), -self.time_low, -self.low))
        return _ranks(order), order

    @cached_property
    def units(self) -> dict[str, Any]:
        """The calendar unit of every day, per kind of unit."""
        return {kind: unit(kind, self.day) for kind in "UIMY"}

    @cached_property
    def has_gaps(self) -> bool:
        return bool((np.diff(self.day) > 1).any())

    @cached_property
    def ts_before(self) -> Any:
        return np.concatenate(([self.ts[0] - DAY_IN_US], self.ts[:-1]))


def _ranks(order: Any) -> Any:
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    return ranks


def unit(kind: str, day: Any) -> Any:
    """Whole weeks (U from Sunday, I from Monday), months or years since a fixed origin."""
    if kind in "UI":
        return (day - (3 if kind == "U" else 4)) // 7
    months = np.asarray(day, dtype="datetime64[D]").astype("datetime64[M]").astype(np.int64) + 1970 * 12
    return months if kind == "M" else months // 12


def unit_first_day(kind: str, units: Any) -> Any:
    """The first day of a unit."""
    if kind in "UI":
        return units * 7 + (3 if kind == "U" else 4)
    months = units if kind == "M" else units * 12
    return (months - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


class Bars:
    """The bars of one timeframe: where they begin, how many days they have, whether they are closed."""

    def __init__(self, days: Days, frame: Timeframe) -> None:
        self.days, self.frame = days, frame
        if frame.kind == "D":
            self.skip = 0
            self.bar = np.arange(days.n) // frame.count + 1
            self.first_unit = 1
        else:
            units = days.units[frame.kind]
            first = int(units[0])
            if frame.anchored:
                self.first_unit = first - first % frame.count
            else:
                whole = unit_first_day(frame.kind, np.array([first]))[0] == days.day[0]
                self.first_unit = first if whole else first + 1
            self.skip = int(np.searchsorted(units, self.first_unit))
            self.bar = (units[self.skip :] - self.first_unit) // frame.count + 1
        changes = np.flatnonzero(np.diff(self.bar)) + 1
        self.starts = np.concatenate(([0], changes)) if len(self.bar) else np.array([], dtype=np.int64)
        self.ends = np.append(changes, len(self.bar))[: len(self.starts)] - 1
        self.seq = self.bar[self.starts]
        self.counts = self.ends - self.starts + 1
        self.first_row, self.last_row = self.starts + self.skip, self.ends + self.skip
        self.closed = np.ones(len(self.starts), dtype=bool)
        if len(self.starts):
            if frame.kind == "D":
                self.closed[-1] = self.counts[-1] == frame.count
            else:
                self.closed[-1] = days.day[self.last_row[-1]] == self.window_end[-1]

    @cached_property
    def window_start(self) -> Any:
        return unit_first_day(self.frame.kind, self.first_unit + (self.seq - 1) * self.frame.count)

    @cached_property
    def window_end(self) -> Any:
        return unit_first_day(self.frame.kind, self.first_unit + self.seq * self.frame.count) - 1

    @cached_property
    def expected(self) -> Any:
        """The first day on which a row is expected."""
        if self.frame.kind == "D":
            return self.days.day[self.first_row]
        return np.maximum(self.window_start, self.days.day[0])
