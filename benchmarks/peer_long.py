"""The peer most people would write: long tables of every day.

Daily rows go into numpy and Polars, everything is computed vectorised, binary COPY fills the tables, which
get their keys afterwards. It does what is asked of the columns and no more: it keeps no states, validates
and rejects nothing, and notices no revision by itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg

from benchmarks import emas, wire
from benchmarks.frames import Days, Timeframe, catalogue
from benchmarks.snapshots import Snapshots

FAMILIES = ("multi_tf", "cal_us", "cal_iso", "cal_anchor_us", "cal_anchor_iso")
TYPES = {
    "i4": "int",
    "f8": "float8",
    "ts": "timestamptz",
    "bool": "boolean",
    "date": "date",
    "text": "text",
}
BAR_KEY = "(id, tf, bar_seq, time_close)"
EMA_KEY = "(id, tf, period, ts)"


def bars_relation(family: str) -> str:
    """The relation that shows a family."""
    return "cmc_price_bars_multi_tf" if family == "multi_tf" else f"cmc_price_bars_multi_tf_{family}"


class LongPeer:
    """Long tables in a schema of their own, beside ours in the same database."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str = "peer") -> None:
        self.connection, self.schema = connection, schema
        self.frames = catalogue(connection)
        self.periods = [row[0] for row in connection.execute("SELECT period FROM dim_period ORDER BY period")]
        self.spent: dict[str, float] = {}
        self.took: dict[str, float] = {}

    def frames_of(self, family: str) -> list[Timeframe]:
        """The timeframes that a family shows."""
        return [frame for frame in self.frames if family in frame.families]

    def clear(self) -> None:
        """Forget everything."""
        self.connection.execute(f"DROP SCHEMA IF EXISTS {self.schema} CASCADE")
        self.connection.execute(f"CREATE SCHEMA {self.schema}")

    def build(self, ids: Iterable[int], families: Iterable[str], variants: Iterable[str]) -> int:
        """Everything from nothing, in one transaction; the indexes are made when the rows are there."""
        ids = list(ids)
        began = time.perf_counter()
        self.took = {}
        self.spent = dict.fromkeys(("read", "compute", "copy", "index"), 0.0)
        rows = 0
        with self.connection.transaction():
            self.clear()
            started = time.perf_counter()
            assets = [Days(self.connection, asset) for asset in ids]
            self.spent["read"] += time.perf_counter() - started
            for family in families:
                rows += self._fill(bars_relation(family), BAR_KEY, self._snapshots(assets, family, 0))
            for variant in variants:
                rows += self._fill(emas.relation(variant), EMA_KEY, self._emas(assets, variant, 0))
        self.took["everything"] = time.perf_counter() - began
        return rows

    def seconds(self, *relations: str) -> float:
        """What the last build took for some relations: reading, computing, copying, indexing."""
        return self.spent["read"] + sum(self.took[relation] for relation in relations)

    def revise(self, asset: int, row: int, families: Iterable[str], variants: Iterable[str]) -> int:
        """Rows of one asset from a day on: computed again, deleted and copied again."""
        self.spent = dict.fromkeys(("read", "compute", "copy", "index"), 0.0)
        rows = 0
        with self.connection.transaction():
            days = Days(self.connection, asset)
            for family in families:
                rows += self._replace(
                    bars_relation(family),
                    "time_close",
                    days,
                    row,
                    self._snapshots([days], family, row, exactly=True),
                )
            for variant in variants:
                rows += self._replace(
                    emas.relation(variant), "ts", days, row, self._emas([days], variant, row)
                )
        return rows

    def _replace(self, table: str, stamp: str, days: Days, row: int, parts: Iterator[Any]) -> int:
        self.connection.execute(
            f'DELETE FROM {self.schema}.{table} WHERE id = %s AND {stamp} >= (SELECT "timestamp" '
            'FROM cmc_price_bars_1d WHERE id = %s ORDER BY "timestamp" OFFSET %s LIMIT 1)',
            (days.id, days.id, row),
        )
        names, first, parts = _names(parts)
        return self._send(table, names, first, parts) if first else 0

    def _fill(self, table: str, key: str, parts: Iterator[Any]) -> int:
        began = time.perf_counter()
        names, first, parts = _names(parts)
        self.spent["compute"] += time.perf_counter() - began
        rows = 0
        if first:
            columns = ", ".join(f'"{c.name}" {TYPES[c.kind]}' for c in first[0])
            self.connection.execute(f"CREATE TABLE {self.schema}.{table} ({columns})")
            rows = self._send(table, names, first, parts)
            started = time.perf_counter()
            self.connection.execute(f"ALTER TABLE {self.schema}.{table} ADD PRIMARY KEY {key}")
            self.connection.execute(f"ANALYZE {self.schema}.{table}")
            self.spent["index"] += time.perf_counter() - started
        self.took[table] = time.perf_counter() - began
        return rows

    def _send(self, table: str, names: list[str], first: Any, parts: Iterator[Any]) -> int:
        rows = 0
        computing = 0.0

        def encoded() -> Iterator[bytes]:
            nonlocal rows, computing
            part = first
            while part:
                started = time.perf_counter()
                data = wire.encode(*part)
                rows += part[1]
                computing += time.perf_counter() - started
                yield from data
                started = time.perf_counter()
                part = next(parts, None)
                computing += time.perf_counter() - started

        started = time.perf_counter()
        wire.write(self.connection, f"{self.schema}.{table}", names, encoded())
        self.spent["compute"] += computing
        self.spent["copy"] += time.perf_counter() - started - computing
        return rows

    def _snapshots(self, assets: list[Days], family: str, since: int, exactly: bool = False) -> Iterator[Any]:
        for days in assets:
            for frame in self.frames_of(family):
                if frame.tf == "1D":
                    continue
                found = Snapshots(days, frame, since)
                if not found.n:
                    continue
                columns = found.columns()
                if exactly and found.rows[0] < since:
                    columns, n = _cut(columns, found.n, since - int(found.rows[0]))
                    yield columns, n
                else:
                    yield columns, found.n

    def _emas(self, assets: list[Days], variant: str, since: int) -> Iterator[Any]:
        for days in assets:
            for frame in self.frames_of(emas.family(variant)):
                series = emas.compute(days, frame, variant, self.periods)
                if series is not None:
                    yield emas.columns(days, frame, series, since)


def _names(parts: Iterator[Any]) -> tuple[list[str], Any, Iterator[Any]]:
    first = next(parts, None)
    return ([column.name for column in first[0]] if first else []), first, parts


def _cut(columns: list[wire.Column], n: int, skipped: int) -> tuple[list[wire.Column], int]:
    """The columns without their first rows."""

    def tail(values: Any) -> Any:
        return values[skipped:] if getattr(values, "ndim", 0) else values

    return [
        wire.Column(c.name, c.kind, tail(c.values), None if c.null is None else c.null[skipped:], c.choices)
        for c in columns
    ], n - skipped
