"""Days and closes of the worked EMA examples, and how to load them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone
from typing import Any

import psycopg


def days_of(name: str) -> list[date]:
    """The days of a series: A every day, G with two holes, W and W79 weekdays only."""
    first = date(2019, 11, 13)
    every = [first + timedelta(i) for i in range(420)]
    if name == "A":
        return every
    if name == "G":
        holes = [(date(2020, 3, 28), date(2020, 4, 2)), (date(2020, 6, 15), date(2020, 6, 21))]
        return [d for d in every if not any(a <= d <= b for a, b in holes)]
    weekdays = [d for d in every if d.weekday() < 5]
    return weekdays[: 78 if name == "W" else 79]


def close_of(i: int) -> float:
    """The close of row i, counted from 0."""
    return 100 + ((i * 7919) % 997) / 10


def stamp(day: date) -> datetime:
    """The last millisecond of a UTC day."""
    return datetime(day.year, day.month, day.day, 23, 59, 59, 999000, tzinfo=timezone.utc)


def load(connection: psycopg.Connection[Any], asset: int, days: Iterable[tuple[date, float]]) -> None:
    """Put raw days with one price each into the raw table."""
    with (
        connection.cursor() as cursor,
        cursor.copy(
            """COPY cmc_price_histories7 (id, timeopen, timeclose, timehigh, timelow, "timestamp",
               open, high, low, close, volume) FROM STDIN (FORMAT binary)"""
        ) as copy,
    ):
        copy.set_types(["int4", *["timestamptz"] * 5, *["float8"] * 5])
        for day, price in days:
            end = stamp(day)
            start = end - timedelta(days=1) + timedelta(milliseconds=1)
            copy.write_row((asset, start, end, end, end, end, price, price, price, price, 1.0))
