"""Where the days of an asset on a trading calendar lie when they are drawn session by session."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import groupby, pairwise
from typing import NamedTuple

NOON, ONE_DAY, SATURDAY = time(12), timedelta(1), 5
# How ticks are written, from fine to coarse.
CROWDED = 0.05
DAY, MONTH, YEAR = "%-d %b", "%b", "%Y"


class Span(NamedTuple):
    """From where to where something is drawn; a day reaches half a place to each side."""

    left: float
    right: float

    @property
    def middle(self) -> float:
        """Where it stands."""
        return (self.left + self.right) / 2

    @property
    def width(self) -> float:
        """How many places it takes."""
        return self.right - self.left


@dataclass(frozen=True)
class SessionAxis:
    """The days that are drawn, one a place: sessions and days with a row; and the days of rows by number and
    by stamp."""

    days: list[date]
    day_of_row: Mapping[int, date]
    day_at: Mapping[datetime, date]
    missing: list[date]
    extra: list[date]

    @classmethod
    def of(cls, sessions: Iterable[date], rows: Iterable[tuple[int, datetime, date]]) -> SessionAxis:
        """Of the sessions in a range of days, and of an asset's rows in it: number, stamp, day."""
        told = list(rows)
        expected, found = set(sessions), {day for _, _, day in told}
        first, last = min(found), max(found)
        return cls(
            sorted(expected | found),
            {number: day for number, _, day in told},
            {stamp: day for _, stamp, day in told},
            sorted(day for day in expected - found if first < day < last),
            sorted(found - expected),
        )

    @cached_property
    def _places(self) -> dict[date, int]:
        return {day: place for place, day in enumerate(self.days)}

    def place(self, day: date) -> int:
        """The place of a day that is drawn."""
        return self._places[day]

    def at(self, stamp: datetime) -> float:
        """The place of the row with a stamp."""
        return self._places[self.day_at[stamp]]

    def span(self, first_row: int, last_row: int, before: int, after: int) -> Span:
        """The place of a bar from its first row to its last, and sessions before and after them."""
        left = self._places[self.day_of_row[first_row]] - before
        right = self._places[self.day_of_row[last_row]] + after
        return Span(max(left, 0) - 0.5, min(right, len(self.days) - 1) + 0.5)

    def runs(self, days: list[date]) -> list[Span]:
        """Days that are drawn, as runs without another between them."""
        places = [self._places[day] for day in days]
        spans = []
        for _, run in groupby(enumerate(places), lambda pair: pair[1] - pair[0]):
            first, *rest = [place for _, place in run]
            spans.append(Span(first - 0.5, (rest[-1] if rest else first) + 0.5))
        return spans

    def noon(self, place: float) -> datetime:
        """The middle of the day at a place."""
        return datetime.combine(self.days[round(place)], NOON)

    def ends(self, span: Span) -> tuple[datetime, datetime]:
        """When the first day of a span begins and the last one ends."""
        first, last = self.days[round(span.left + 0.5)], self.days[round(span.right - 0.5)]
        return datetime.combine(first, time.min), datetime.combine(last + ONE_DAY, time.min)

    def left_out(self, span: Span) -> tuple[list[tuple[date, date]], bool]:
        """Days within a span that aren't drawn, from the first to the one after the last of each run; and
        whether no Saturday and no Sunday is drawn, so that only the others are told."""
        shown = self.days[round(span.left + 0.5) : round(span.right + 0.5)]
        no_weekends = not any(day.weekday() >= SATURDAY for day in shown)
        runs = []
        for earlier, later in pairwise(shown):
            first, after = earlier + ONE_DAY, later
            if no_weekends:
                while first < after and first.weekday() >= SATURDAY:
                    first += ONE_DAY
                while first < after and (after - ONE_DAY).weekday() >= SATURDAY:
                    after -= ONE_DAY
            runs += [(first, after)] if first < after else []
        return runs, no_weekends

    def ticks(self, left: float, right: float, most: int = 13) -> list[tuple[int, str]]:
        """Places between two with a word on each: days, months or years, the finest that leave room."""
        first, last = bisect_left(range(len(self.days)), left), bisect_right(range(len(self.days)), right)
        shown = list(enumerate(self.days))[first:last]
        for form, key in LEVELS:
            # What the left edge cuts has not begun there.
            before = key(self.days[first - 1]) if first > 0 and form != DAY else None
            units = [before, *(key(day) for _, day in shown)]
            begins = [pair for pair, (of, unit) in zip(shown, pairwise(units), strict=True) if unit != of]
            if len(begins) <= most:
                break
        ticks: list[tuple[int, str]] = []
        year: int | None = None
        for place, day in begins:
            # A week of one session has no room for its word.
            if ticks and place - ticks[-1][0] < CROWDED * (right - left):
                continue
            word = day.strftime(form)
            ticks.append((place, word if form == YEAR or day.year == year else f"{word}\n{day.year}"))
            year = day.year
        return ticks


def _weeks(every: int) -> Callable[[date], Hashable]:
    return lambda day: (day.toordinal() - 1) // 7 // every


def _months(every: int) -> Callable[[date], Hashable]:
    return lambda day: (day.year * 12 + day.month - 1) // every


def _years(every: int) -> Callable[[date], Hashable]:
    return lambda day: day.year // every


LEVELS: tuple[tuple[str, Callable[[date], Hashable]], ...] = (
    (DAY, date.toordinal),
    *((DAY, _weeks(every)) for every in (1, 2)),
    *((MONTH, _months(every)) for every in (1, 2, 3, 6)),
    *((YEAR, _years(every)) for every in (1, 2, 5, 10, 20, 50)),
)
