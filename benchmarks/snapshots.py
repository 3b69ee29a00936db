"""Snapshots of bars (a row per day and timeframe) and the bars alone, vectorised."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.frames import EPOCH_DAYS, MILLISECOND, Bars, Days, Timeframe
from benchmarks.wire import Column

WORDS = (
    "",
    "start",
    "interior",
    "start,interior",
    "end",
    "start,end",
    "interior,end",
    "start,interior,end",
)


class Snapshots:
    """Every bar of one timeframe as it stood after each of its days, from bar number `since` on."""

    def __init__(self, days: Days, frame: Timeframe, since: int = 0) -> None:
        self.days, self.frame = days, frame
        self.bars = bars = Bars(days, frame)
        first = int(np.searchsorted(bars.last_row, since))
        self.chosen = slice(first, None)
        self.counts = bars.counts[self.chosen]
        if len(self.counts) == 0:
            self.n = 0
            return
        firsts = bars.first_row[self.chosen]
        # A rectangle, a bar a line: the running values of all bars are one accumulate along the lines.
        width = int(self.counts.max())
        grid = firsts[:, None] + np.arange(width)
        self.inside = np.arange(width) < self.counts[:, None]
        self.whole = bool(self.inside.all())
        self.grid = np.minimum(grid, days.n - 1)
        self.rows = np.arange(int(firsts[0]), days.n)
        self.n = len(self.rows)
        self.line = np.repeat(np.arange(len(firsts)), self.counts)
        self.first = firsts[self.line]

    def _flat(self, table: Any) -> Any:
        return table.ravel() if self.whole else table[self.inside]

    def _running(self, ufunc: Any, values: Any) -> Any:
        return self._flat(ufunc.accumulate(values[self.grid], axis=1))

    def columns(self) -> list[Column]:
        """The columns of the relation, in its order."""
        days, frame, rows, bars = self.days, self.frame, self.rows, self.bars
        rank, by_rank = days.high_rank
        high = by_rank[self._running(np.maximum, rank)]
        rank, by_rank = days.low_rank
        low = by_rank[self._running(np.maximum, rank)]
        volume, no_volume = self._volume()
        cap, no_cap = self._market_cap()
        stamp = days.ts[rows]
        position = rows - self.first + 1
        day, first_day = days.day[rows], days.day[self.first]
        seq = bars.seq[self.chosen][self.line]
        closed = bars.closed[self.chosen][self.line]
        final = closed & (rows == bars.last_row[self.chosen][self.line])
        if frame.kind == "D":
            remaining = frame.count - position
            start = end = np.zeros(self.n, dtype=np.int64)
            expected = first_day
        else:
            window_end = bars.window_end[self.chosen][self.line]
            expected = bars.expected[self.chosen][self.line]
            remaining = np.where(final, 0, window_end - day)
            start = first_day - expected
            end = np.where(final, window_end - day, 0)
        interior = day - first_day + 1 - position
        missing = start + interior + end
        first_gap, last_gap = self._gaps()
        none = missing == 0
        first_missing = np.where(start > 0, expected, np.where(interior > 0, first_gap, day + 1))
        last_missing = np.where(end > 0, day + end, np.where(interior > 0, last_gap, first_day - 1))
        columns = [
            Column("id", "i4", days.id),
            Column("tf", "text", None, choices=(frame.tf,)),
            Column("tf_days", "i4", frame.days),
            Column("bar_seq", "i4", seq),
        ]
        if frame.anchored:
            starts = bars.window_start
            columns.append(Column("bar_anchor_offset", "i4", (starts - starts[0])[self.chosen][self.line]))
            partial_start = expected > starts[self.chosen][self.line]
        else:
            partial_start = np.zeros(self.n, dtype=bool)
        return [
            *columns,
            Column("time_open", "ts", days.ts_before[self.first] + MILLISECOND),
            Column("time_close", "ts", stamp),
            Column("time_high", "ts", days.time_high[high]),
            Column("time_low", "ts", days.time_low[low]),
            Column("open", "f8", days.open[self.first]),
            Column("high", "f8", days.high[high]),
            Column("low", "f8", days.low[low]),
            Column("close", "f8", days.close[rows]),
            Column("volume", "f8", volume, no_volume),
            Column("market_cap", "f8", cap, no_cap),
            Column("timestamp", "ts", stamp),
            Column("last_ts_half_open", "ts", stamp + MILLISECOND),
            Column("pos_in_bar", "i4", position),
            Column("is_partial_start", "bool", partial_start),
            Column("is_partial_end", "bool", ~final),
            Column("count_days", "i4", position),
            Column("count_days_remaining", "i4", remaining),
            Column("is_missing_days", "bool", ~none),
            Column("count_missing_days", "i4", missing),
            Column("count_missing_days_start", "i4", start),
            Column("count_missing_days_end", "i4", end),
            Column("count_missing_days_interior", "i4", interior),
            Column(
                "missing_days_where",
                "text",
                (start > 0) + 2 * (interior > 0) + 4 * (end > 0),
                none,
                choices=WORDS,
            ),
            Column("first_missing_day", "date", first_missing - EPOCH_DAYS, none),
            Column("last_missing_day", "date", last_missing - EPOCH_DAYS, none),
        ]

    def _volume(self) -> tuple[Any, Any]:
        """Running sums from the left; an unknown volume adds nothing."""
        unknown = np.isnan(self.days.volume)
        if not unknown.any():
            return self._running(np.add, self.days.volume), None
        known = self._running(np.logical_or, ~unknown)
        return self._running(np.add, np.where(unknown, 0.0, self.days.volume)), ~known

    def _market_cap(self) -> tuple[Any, Any]:
        """The last one known within the bar."""
        unknown = np.isnan(self.days.market_cap)
        if not unknown.any():
            return self.days.market_cap[self.rows], None
        row = self._running(np.maximum, np.where(unknown, -1, np.arange(self.days.n)))
        return self.days.market_cap[np.maximum(row, 0)], row < 0

    def _gaps(self) -> tuple[Any, Any]:
        """First and last day without a row between two days of the bar so far."""
        if not self.days.has_gaps:
            return self.rows * 0, self.rows * 0
        day = self.days.day
        gap = np.concatenate(([False], np.diff(day) > 1))
        before = np.concatenate(([0], day[:-1])) + 1
        opens = np.zeros(self.grid.shape, dtype=bool)
        opens[:, 0] = True
        here = gap[self.grid] & ~opens
        first = np.minimum.accumulate(np.where(here, before[self.grid], 1 << 40), axis=1)
        last = np.maximum.accumulate(np.where(here, day[self.grid] - 1, -1), axis=1)
        return self._flat(first), self._flat(last)


def bar_columns(days: Days, frames: list[Timeframe]) -> tuple[list[Column], int]:
    """One row per bar of many timeframes, as the table `bars` keeps it."""
    parts: list[dict[str, Any]] = []
    names = tuple(frame.tf for frame in frames)
    rank_high, by_high = days.high_rank
    rank_low, by_low = days.low_rank
    no_volume, no_cap = np.isnan(days.volume), np.isnan(days.market_cap)
    volumes = np.where(no_volume, 0.0, days.volume)
    known_cap = np.where(no_cap, -1, np.arange(days.n))
    gap = np.concatenate(([False], np.diff(days.day) > 1))
    for code, frame in enumerate(frames):
        bars = Bars(days, frame)
        if len(bars.starts) == 0:
            continue
        first, last = bars.first_row, bars.last_row
        high = by_high[np.maximum.reduceat(rank_high, first)]
        low = by_low[np.maximum.reduceat(rank_low, first)]
        cap = np.maximum.reduceat(known_cap, first)
        first_day, last_day = days.day[first], days.day[last]
        n = bars.counts
        interior = last_day - first_day + 1 - n
        if frame.kind == "D":
            start = end = np.zeros(len(n), dtype=np.int64)
            remaining = frame.count - n
            expected = first_day
        else:
            expected = bars.expected
            start = first_day - expected
            end = np.where(bars.closed, bars.window_end - last_day, 0)
            remaining = np.where(bars.closed, 0, bars.window_end - last_day)
        inside = gap.copy()
        inside[first] = False
        first_gap = np.minimum.reduceat(np.where(inside, np.roll(days.day, 1) + 1, 1 << 40), first)
        last_gap = np.maximum.reduceat(np.where(inside, days.day - 1, -1), first)
        parts.append(
            {
                "tf": np.full(len(n), code),
                "bar_seq": bars.seq,
                "first_row": first + 1,
                "last_row": last + 1,
                "days_remaining": remaining,
                "missing_start": start,
                "missing_interior": interior,
                "missing_end": end,
                "is_closed": bars.closed,
                "first_missing_day": np.where(
                    start > 0, expected, np.where(interior > 0, first_gap, last_day + 1)
                )
                - EPOCH_DAYS,
                "last_missing_day": np.where(
                    end > 0, last_day + end, np.where(interior > 0, last_gap, first_day - 1)
                )
                - EPOCH_DAYS,
                "time_open": days.ts_before[first] + MILLISECOND,
                "time_close": days.ts[last],
                "time_high": days.time_high[high],
                "time_low": days.time_low[low],
                "open": days.open[first],
                "high": days.high[high],
                "low": days.low[low],
                "close": days.close[last],
                # Added from the left: reduceat adds in pairs and would give other bits.
                "volume": _sums(volumes, bars),
                "no_volume": np.logical_and.reduceat(no_volume, first),
                "market_cap": days.market_cap[np.maximum(cap, 0)],
                "no_cap": cap < first,
            }
        )
    table = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    none = table["missing_start"] + table["missing_interior"] + table["missing_end"] == 0
    kinds = {
        "bar_seq": "i4",
        "first_row": "i4",
        "last_row": "i4",
        "days_remaining": "i4",
        "missing_start": "i4",
        "missing_interior": "i4",
        "missing_end": "i4",
        "is_closed": "bool",
        "first_missing_day": "date",
        "last_missing_day": "date",
        "time_open": "ts",
        "time_close": "ts",
        "time_high": "ts",
        "time_low": "ts",
        "open": "f8",
        "high": "f8",
        "low": "f8",
        "close": "f8",
        "volume": "f8",
        "market_cap": "f8",
    }
    nulls = {
        "first_missing_day": none,
        "last_missing_day": none,
        "volume": table["no_volume"],
        "market_cap": table["no_cap"],
    }
    columns = [Column("id", "i4", days.id), Column("tf", "text", table["tf"], choices=names)]
    columns += [Column(name, kind, table[name], nulls.get(name)) for name, kind in kinds.items()]
    return columns, len(none)


def _sums(volumes: Any, bars: Bars) -> Any:
    width = int(bars.counts.max())
    grid = bars.first_row[:, None] + np.arange(width)
    inside = np.arange(width) < bars.counts[:, None]
    values = np.where(inside, volumes[np.minimum(grid, len(volumes) - 1)], 0.0)
    return np.add.accumulate(values, axis=1)[:, -1]
