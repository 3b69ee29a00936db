"""Other ways to write it: our compact rows computed outside, plain SQL, DuckDB, TA-Lib."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from benchmarks import emas, wire
from benchmarks.frames import EPOCH_DAYS, Bars, Days, Timeframe, catalogue
from benchmarks.snapshots import bar_columns
from benchmarks.wire import Column

SQL = Path(__file__).parent / "sql"


class CompactPeer:
    """The clever one: numpy and Polars compute, COPY writes rows like those of `bars` and `emas`."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str = "compact") -> None:
        self.connection, self.schema = connection, schema
        self.frames = catalogue(connection)
        self.periods = [row[0] for row in connection.execute("SELECT period FROM dim_period ORDER BY period")]
        self.spent: dict[str, float] = {}

    def build(self, asset: int, families: tuple[str, ...], with_emas: bool) -> int:
        """Everything from nothing in one transaction; keys are made at the end."""
        self.spent = dict.fromkeys(("read", "compute", "copy", "index"), 0.0)
        frames = [f for f in self.frames if set(f.families) & set(families)]
        with self.connection.transaction():
            self.connection.execute(f"DROP SCHEMA IF EXISTS {self.schema} CASCADE")
            self.connection.execute(f"CREATE SCHEMA {self.schema}")
            for table in ("bars", *(["emas"] if with_emas else [])):
                self.connection.execute(f"CREATE TABLE {self.schema}.{table} (LIKE {table})")
            started = time.perf_counter()
            days = Days(self.connection, asset)
            self.spent["read"] = time.perf_counter() - started
            started = time.perf_counter()
            columns, rows = bar_columns(days, [f for f in frames if f.tf != "1D"])
            parts = wire.encode(columns, rows)
            self.spent["compute"] = time.perf_counter() - started
            self._copy("bars", [c.name for c in columns], parts)
            if with_emas:
                started = time.perf_counter()
                names, parts, n = vectors(days, frames, self.periods)
                self.spent["compute"] += time.perf_counter() - started
                rows += n
                self._copy("emas", names, parts)
        return rows

    def _copy(self, table: str, names: list[str], parts: list[bytes]) -> None:
        started = time.perf_counter()
        wire.write(self.connection, f"{self.schema}.{table}", names, parts)
        self.spent["copy"] += time.perf_counter() - started
        started = time.perf_counter()
        self.connection.execute(f"ALTER TABLE {self.schema}.{table} ADD PRIMARY KEY (id, tf, bar_seq)")
        self.spent["index"] += time.perf_counter() - started


def vectors(days: Days, frames: list[Timeframe], periods: list[int]) -> tuple[list[str], list[bytes], int]:
    """One vector of EMAs per bar, as the table `emas` keeps them."""
    found: list[tuple[Any, ...]] = []
    for code, frame in enumerate(frames):
        bars = Bars(days, frame)
        if len(bars.starts) == 0:
            continue
        n_closed = np.cumsum(bars.closed)
        by_bar, by_day, anchor = _spaces(days, bars, frame, periods)
        found.append((np.full(len(n_closed), code), bars.seq, n_closed, by_bar, by_day, anchor, bars.closed))
    code, seq, n_closed, by_bar, by_day, anchor, closed = (
        np.concatenate([part[i] for part in found]) for i in range(7)
    )
    live = np.searchsorted(periods, n_closed, side="right")
    parts: list[bytes] = []
    names: list[str] = []
    for length in np.unique(live):
        rows = np.flatnonzero(live == length)
        columns = [
            Column("id", "i4", days.id),
            Column("tf", "text", code[rows], choices=tuple(f.tf for f in frames)),
            Column("bar_seq", "i4", seq[rows]),
            Column("n_closed", "i4", n_closed[rows]),
            Column("bar_space", "f8[]", by_bar[rows, :length]),
            Column("day_space", "f8[]", by_day[rows, :length]),
            Column("anchor", "f8[]", anchor[rows, :length], closed[rows]),
        ]
        names = [c.name for c in columns]
        parts += wire.encode(columns, len(rows))
    return names, parts, len(code)


def _spaces(days: Days, bars: Bars, frame: Timeframe, periods: list[int]) -> tuple[Any, Any, Any]:
    shape = (len(bars.starts), len(periods))
    by_bar, by_day, anchor = (np.full(shape, np.nan) for _ in range(3))
    closing = bars.last_row[bars.closed]
    live = [p for p in periods if p <= len(closing)]
    if not live:
        return by_bar, by_day, anchor
    n = len(live)
    x = days.close
    variant = "multi_tf" if frame.kind == "D" else frame.families[0]
    at_bar, at_day = emas.alphas(variant, frame, live)
    if frame.kind == "D":
        at_day = emas.alphas("multi_tf_v2", frame, live)[1]
    closes = x[closing]
    sums, day_sums = np.cumsum(closes), np.cumsum(x)
    last = bars.last_row
    for i, p in enumerate(live):
        by_bar[: len(closing)][p - 1 :, i] = emas.chain(sums[p - 1] / p, closes[p:], at_bar[i])
        if frame.kind == "D":
            start, seed = p * frame.days - 1, day_sums[p * frame.days - 1] / (p * frame.days)
        else:
            start, seed = closing[p - 1], by_bar[p - 1, i]
        by_day[p - 1 :, i] = emas.chain(seed, x[start + 1 :], at_day[i])[last[p - 1 :] - start]
    if not bars.closed[-1]:
        before = by_bar[len(closing) - 1, :n] if len(closing) else np.full(n, np.nan)
        anchor[-1, :n] = before
        if frame.kind == "D":
            by_bar[-1, :n] = at_bar * x[-1] + (1.0 - at_bar) * before
        else:
            value = before
            for close in x[bars.first_row[-1] :]:
                value = at_day * close + (1.0 - at_day) * value
            by_bar[-1, :n] = value
    return by_bar, by_day, anchor


class SqlPeer:
    """Plain SQL of someone who knows window functions: long tables, indexed afterwards."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str = "plain") -> None:
        self.connection, self.schema = connection, schema

    def build(self, asset: int, with_emas: bool) -> None:
        """Snapshots and EMAs of multi_tf."""
        bars = (SQL / "windows_bars.sql").read_text().replace("{id}", str(asset))
        source = (
            'WITH days AS MATERIALIZED (SELECT bar_seq AS r, "timestamp" AS ts, '
            "(\"timestamp\" AT TIME ZONE 'America/New_York')::date AS day, time_high, time_low, open, "
            "high, low, "
            f"close, volume, market_cap FROM cmc_price_bars_1d WHERE id = {asset}), frames AS (SELECT "
            "tf, tf_qty AS n "
            "FROM dim_timeframe WHERE family = 'multi_tf' AND tf <> '1D'), ranked AS ("
        )
        with self.connection.transaction():
            run = self.connection.execute
            run("SET LOCAL work_mem = '256MB'")
            run("SET LOCAL jit = off")
            run(f"DROP SCHEMA IF EXISTS {self.schema} CASCADE")
            run(f"CREATE SCHEMA {self.schema}")
            run(f"CREATE TABLE {self.schema}.bars AS {bars.replace('WITH ranked AS (', source, 1)}")
            run(f"ALTER TABLE {self.schema}.bars ADD PRIMARY KEY (id, tf, bar_seq, time_close)")
            if with_emas:
                run(
                    f"CREATE FUNCTION {self.schema}.ema_step(float8, float8, float8) RETURNS float8 "
                    "LANGUAGE plpgsql "
                    "IMMUTABLE AS 'BEGIN RETURN CASE WHEN $1 IS NULL THEN $2 ELSE $3 * $2 + (1 - $3) * "
                    "$1 END; END'"
                )
                run(
                    f"CREATE AGGREGATE {self.schema}.ema(float8, float8) "
                    f"(SFUNC = {self.schema}.ema_step, STYPE = float8)"
                )
                text = (SQL / "windows_emas.sql").read_text().replace("{id}", str(asset))
                run(f"CREATE TABLE {self.schema}.emas AS {text.replace('{schema}', self.schema)}")
                run(f"ALTER TABLE {self.schema}.emas ADD PRIMARY KEY (id, tf, period, ts)")


def duckdb_bars(days: Days, frames: list[Timeframe]) -> int:
    """The same windows in DuckDB, into a table of its own; nothing goes back to PostgreSQL."""
    import duckdb

    epoch = np.datetime64("2000-01-01", "us")
    source = {
        "r": np.arange(1, days.n + 1),
        "ts": epoch + days.ts.astype("timedelta64[us]"),
        "day": days.day - EPOCH_DAYS,
        "time_high": epoch + days.time_high.astype("timedelta64[us]"),
        "time_low": epoch + days.time_low.astype("timedelta64[us]"),
        "open": days.open,
        "high": days.high,
        "low": days.low,
        "close": days.close,
        "volume": days.volume,
        "market_cap": days.market_cap,
    }
    wanted = [f for f in frames if f.kind == "D" and f.tf != "1D"]
    import polars as pl

    with duckdb.connect() as memory:
        memory.execute("SET threads = 2")
        for name, table in (
            ("days", pl.DataFrame(source)),
            ("frames", pl.DataFrame({"tf": [f.tf for f in wanted], "n": [f.count for f in wanted]})),
        ):
            memory.register(f"given_{name}", {c: table[c].to_numpy() for c in table.columns})
            memory.execute(f"CREATE TABLE {name} AS SELECT * FROM given_{name}")
        text = (
            (SQL / "windows_bars.sql").read_text().replace("{id}", str(days.id)).replace(" / f.n", " // f.n")
        )
        memory.execute(f"CREATE TABLE bars AS {text}")
        row = memory.execute("SELECT count(*) FROM bars").fetchone()
    return int(row[0]) if row else 0


def talib_ema(days: Days, period: int) -> Any:
    """One EMA of the daily closes: seeded by the mean of the first closes, as ours."""
    import talib

    return talib.EMA(days.close, timeperiod=period)
