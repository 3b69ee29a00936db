"""What days and bars should be: slow loops in plain Python, written from the rules and not from the SQL."""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from calendar_helpers import Calendar

NEW_YORK = "America/New_York"
MILLISECOND = timedelta(milliseconds=1)
# fmt: off
COLUMNS = [
    "id", "tf", "tf_days", "bar_seq", "bar_anchor_offset", "time_open", "time_close", "time_high",
    "time_low", "open", "high", "low", "close", "volume", "market_cap", "timestamp", "last_ts_half_open",
    "pos_in_bar", "is_partial_start", "is_partial_end", "count_days", "count_days_remaining",
    "is_missing_days", "count_missing_days", "count_missing_days_start", "count_missing_days_end",
    "count_missing_days_interior", "missing_days_where", "first_missing_day", "last_missing_day",
]
# fmt: on


@dataclass(frozen=True)
class Raw:
    """A raw day."""

    timestamp: datetime
    timeopen: datetime | None
    timeclose: datetime | None
    timehigh: datetime | None
    timelow: datetime | None
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None = None
    marketcap: float | None = None


@dataclass(frozen=True)
class Day:
    """A validated day."""

    timestamp: datetime
    time_open: datetime
    time_close: datetime
    time_high: datetime
    time_low: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float | None
    market_cap: float | None
    repaired_timehigh: bool
    repaired_timelow: bool


def validate(raw: Raw) -> Day | str:
    """The accepted day, or the first reason to reject it. Infinite times can't be told in Python."""
    numbers = [
        None if v is None or math.isnan(v) else float(v)
        for v in (raw.open, raw.high, raw.low, raw.close, raw.volume, raw.marketcap)
    ]
    o, h, l, c, volume, cap = numbers  # noqa: E741
    if not date(1800, 1, 1) <= raw.timestamp.astimezone(timezone.utc).date() <= date(2199, 12, 31):
        return "timestamp_out_of_range"
    if raw.timeopen is None or raw.timeclose is None:
        return "null_time_open_time_close"
    if o is None or c is None:
        return "null_open_close"
    if any(v is not None and (abs(v) > 1e300 or 0 < abs(v) < 1e-300) for v in numbers):
        return "value_out_of_range"
    start, end = raw.timeopen, raw.timeclose
    if start > end:
        return "time_open_gt_time_close"
    if raw.timestamp < end:
        return "timestamp_before_time_close"
    th, tl = raw.timehigh, raw.timelow
    fix_high = fix_low = False
    if th is not None and not start <= th <= end:
        h, fix_high = max(o, c), True
    if tl is not None and not start <= tl <= end:
        l, fix_low = min(o, c), True  # noqa: E741
    if h is not None and l is not None and h < l:
        return "high_lt_low_after_repair"
    fix_high, fix_low = fix_high or th is None, fix_low or tl is None
    if h is None or h < max(o, c):
        h, fix_high = max(o, c), True
    if l is None or l > min(o, c):
        l, fix_low = min(o, c), True  # noqa: E741
    if fix_high:
        th = end if c >= o else start
    if fix_low:
        tl = end if c <= o else start
    assert th is not None
    assert tl is not None
    return Day(raw.timestamp, start, end, th, tl, o, h, l, c, volume, cap, fix_high, fix_low)


def accepted(raws: list[Raw]) -> list[Day]:
    """The validated days in order."""
    return [d for r in sorted(raws, key=lambda r: r.timestamp) if isinstance(d := validate(r), Day)]


def units(tf: str) -> tuple[int, int, bool, Callable[[date], int], Callable[[int], date]]:
    """Count, nominal days, whether anchored, the unit of a day, the first day of a unit."""
    found = re.fullmatch(r"(\d+)([DWMY])(?:_CAL(_ANCHOR)?(?:_(US|ISO))?)?", tf)
    assert found, tf
    n, unit, anchored = int(found[1]), found[2], found[3] is not None
    if unit == "W":
        monday_or_sunday = date(1970, 1, 4 if found[4] == "US" else 5)
        return (
            n,
            7 * n,
            anchored,
            lambda d: (d - monday_or_sunday).days // 7,
            lambda u: monday_or_sunday + timedelta(7 * u),
        )
    if unit == "M":
        return (
            n,
            30 * n,
            anchored,
            lambda d: 12 * d.year + d.month - 1,
            lambda u: date(u // 12, u % 12 + 1, 1),
        )
    return n, 365 * n, anchored, lambda d: d.year, lambda u: date(u, 1, 1)


def total(values: list[float | None]) -> float | None:
    """The known volumes added from the left."""
    result: float | None = None
    for value in values:
        if value is not None:
            result = value if result is None else result + value
    return result


def extreme(values: list[float], times: list[datetime], better: Callable[[float, float], bool]) -> Any:
    """The earliest of the best values, and the earliest time among those equal to it."""
    best = values[0]
    for value in values:
        if better(value, best):
            best = value
    return best, min(t for v, t in zip(values, times, strict=True) if v == best)


class Expected:
    """The days on which a row is expected: all, or the sessions of a calendar."""

    def __init__(self, calendar: Calendar | None) -> None:
        self.calendar = calendar
        self.years: dict[int, list[date]] = {}

    def year(self, year: int) -> list[date]:
        """Those of a year."""
        if year not in self.years:
            first = date(year, 1, 1)
            every = [first + timedelta(i) for i in range((date(year, 12, 31) - first).days + 1)]
            self.years[year] = [d for d in every if self.calendar is None or self.calendar.is_session(d)]
        return self.years[year]

    def days(self, first: date, last: date) -> list[date]:
        """Those from first to last."""
        return [
            day
            for year in range(first.year, last.year + 1)
            for part in [self.year(year)]
            for day in part[bisect_left(part, first) : bisect_right(part, last)]
        ]

    def count(self, first: date, last: date) -> int:
        """How many they are."""
        parts = [self.year(year) for year in range(first.year, last.year + 1)]
        return sum(bisect_right(part, last) - bisect_left(part, first) for part in parts if first <= last)


def snapshots(
    days: list[Day], tf: str, zone: str = NEW_YORK, asset: int = 1, calendar: Calendar | None = None
) -> Iterator[tuple[Any, ...]]:
    """Every bar as it stood after each of its days, in the columns of bar_snapshots."""
    if not days:
        return
    local = [d.timestamp.astimezone(ZoneInfo(zone)).date() for d in days]
    expected = Expected(calendar)
    by_rows = tf.endswith("D")
    bars: dict[int, list[int]] = {}
    if by_rows:
        n = nominal = int(tf[:-1])
        anchored = False
        for row in range(len(days)):
            bars.setdefault(row // n + 1, []).append(row)
    else:
        n, nominal, anchored, unit_of, first_day_of = units(tf)
        first = unit_of(local[0])
        if anchored:
            first -= first % n
        elif expected.days(first_day_of(first), local[0] - timedelta(1)):
            first += 1
        for row, day in enumerate(local):
            if unit_of(day) >= first:
                bars.setdefault((unit_of(day) - first) // n + 1, []).append(row)
    for number, rows in bars.items():
        for position, s in enumerate(rows, start=1):
            seen = rows[:position]
            bar = [days[r] for r in seen]
            high, time_high = extreme([d.high for d in bar], [d.time_high for d in bar], lambda a, b: a > b)
            low, time_low = extreme([d.low for d in bar], [d.time_low for d in bar], lambda a, b: a < b)
            before = days[rows[0] - 1].timestamp if rows[0] else days[0].timestamp - timedelta(hours=24)
            caps = [d.market_cap for d in bar if d.market_cap is not None]
            offset = None
            if by_rows:
                start, until = local[rows[0]], local[s]
                remaining = n - position
                partial_start, partial_end = False, position < n
            else:
                opens = first_day_of(first + (number - 1) * n)
                closes = first_day_of(first + number * n) - timedelta(1)
                start = max(opens, local[0])
                to_come = expected.count(local[s] + timedelta(1), closes)
                final = s == rows[-1] and (not to_come or s < len(days) - 1)
                until = closes if final else local[s]
                remaining = 0 if final else to_come
                partial_start = anchored and expected.count(opens, start - timedelta(1)) > 0
                partial_end = not final
                if anchored:
                    offset = (opens - first_day_of(first)).days
            there = {local[r] for r in seen}
            absent = [x for x in expected.days(start, until) if x not in there]
            at_start = sum(x < local[rows[0]] for x in absent)
            at_end = sum(x > local[s] for x in absent)
            interior = len(absent) - at_start - at_end
            where = [w for w, k in (("start", at_start), ("interior", interior), ("end", at_end)) if k]
            close = days[s].timestamp
            yield (
                *(asset, tf, nominal, number, offset, before + MILLISECOND, close, time_high, time_low),
                *(bar[0].open, high, low, bar[-1].close, total([d.volume for d in bar])),
                *(caps[-1] if caps else None, close, close + MILLISECOND, position),
                *(partial_start, partial_end, len(seen), remaining, bool(absent), len(absent)),
                *(at_start, at_end, interior, ",".join(where) or None),
                *((absent[0], absent[-1]) if absent else (None, None)),
            )


def bits(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row in which floats are equal only when all their bits are."""
    return tuple(v.hex() if isinstance(v, float) else v for v in row)


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def end_of(day: str | date) -> datetime:
    """The usual stamp of a day, its last millisecond in UTC."""
    day = date.fromisoformat(day) if isinstance(day, str) else day
    return datetime(day.year, day.month, day.day, 23, 59, 59, 999000, timezone.utc)


def raw_day(
    day: str | date,
    o: float | None,
    h: float | None,
    l: float | None,  # noqa: E741
    c: float | None,
    volume: float | None = 10.0,
    cap: float | None = 1000.0,
    **changes: Any,
) -> Raw:
    """A raw day of UTC with its high at noon and its low at six."""
    stamp = end_of(day)
    midnight = stamp.replace(hour=0, minute=0, second=0, microsecond=0)
    raw = Raw(
        *(stamp, midnight, stamp, midnight + timedelta(hours=12), midnight + timedelta(hours=6)),
        *(o, h, l, c, volume, cap),
    )
    return replace(raw, **changes)
