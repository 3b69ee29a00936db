"""Prices in: a file of many symbols through the command, beside Polars and a binary COPY; one's own table."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psycopg

from benchmarks.run import Run
from benchmarks.timing import Samples, clocked

DAYS = 2500
FIRST_ID = 700_001
COLUMNS = (
    ("id", ">i4"), ("timestamp", ">i8"), ("timeopen", ">i8"), ("timeclose", ">i8"), ("local_day", ">i4"),
    ("open", ">f8"), ("high", ">f8"), ("low", ">f8"), ("close", ">f8"), ("volume", ">f8"),
)  # fmt: skip
DAY = 86_400_000_000
SINCE_2000 = 946_684_800 * 1_000_000


def table_of(symbols: int) -> pl.DataFrame:
    """Prices of a random walk, in the layout date, open, high, low, close, volume, Name."""
    dice = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(dice.normal(0, 0.02, (symbols, DAYS)), axis=1))
    open_ = close * (1 + dice.normal(0, 0.01, close.shape))
    days = pl.date_range(pl.date(2015, 1, 1), pl.date(2015, 1, 1) + pl.duration(days=DAYS - 1), eager=True)
    return pl.DataFrame(
        {
            "date": pl.concat([days] * symbols),
            "open": open_.ravel().round(2),
            "high": (np.maximum(open_, close) * 1.01).ravel().round(2),
            "low": (np.minimum(open_, close) * 0.99).ravel().round(2),
            "close": close.ravel().round(2),
            "volume": dice.integers(0, 1_000_000, close.size),
            "Name": np.repeat([f"BENCH{i:05}" for i in range(symbols)], DAYS),
        }
    )


def peer(url: str, path: Path) -> None:
    """Polars reads the file, a binary COPY sends the same columns into the same table."""
    frame = pl.read_csv(path, try_parse_dates=True) if path.suffix == ".csv" else pl.read_parquet(path)
    kinds = [("fields", ">i2")]
    for name, kind in COLUMNS:
        kinds += [(f"size of {name}", ">i4"), (name, kind)]
    rows = np.empty(len(frame), dtype=kinds)
    rows["fields"] = len(COLUMNS)
    for name, kind in COLUMNS:
        rows[f"size of {name}"] = int(kind[2])
    begin = frame["date"].cast(pl.Datetime("us")).to_physical().to_numpy() - SINCE_2000
    rows["id"] = frame["Name"].rank("dense").cast(pl.Int32).to_numpy() + FIRST_ID
    rows["timeopen"], rows["timestamp"] = begin, begin + DAY - 1000
    rows["timeclose"], rows["local_day"] = rows["timestamp"], begin // DAY
    for name in ("open", "high", "low", "close", "volume"):
        rows[name] = frame[name].to_numpy()
    names = ", ".join(f'"{name}"' for name, _ in COLUMNS)
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        statement = f"COPY cmc_price_histories7 ({names}) FROM STDIN (FORMAT binary)"
        with cursor.copy(statement.encode()) as copy:
            copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
            data = memoryview(rows.tobytes())
            for at in range(0, len(data), 1 << 18):
                copy.write(data[at : at + (1 << 18)])
            copy.write(b"\xff\xff")


def measure(run: Run) -> None:
    """A plain file, the same again, the same as Parquet, each beside the peer; a table of one's own."""
    symbols = min(run.sizes.many, 3000)
    note = (
        f"{symbols:,} symbols of {DAYS:,} days in one file, {symbols * DAYS:,} rows, as whole processes. "
        "The peer checks nothing: Polars reads, a binary COPY sends the same columns into the same table."
    )
    table = run.section("Prices in", "work", "time", "rows a second", "times the peer", note=note)

    def forget() -> None:
        run.execute("DELETE FROM cmc_price_histories7 WHERE id >= %s", FIRST_ID)
        run.execute(
            "DELETE FROM cmc_price_histories7 WHERE id IN (SELECT id FROM assets WHERE symbol LIKE 'BENCH%%')"
        )
        run.execute("DELETE FROM assets WHERE symbol LIKE 'BENCH%%'")
        run.execute("DELETE FROM raw_changes")
        run.execute("VACUUM ANALYZE cmc_price_histories7")

    def command(*arguments: Any) -> float:
        program = [sys.executable, "-m", "ta_lab2_sql", "--db-url", run.url, "--json", *map(str, arguments)]
        return clocked(lambda: subprocess.run(program, check=True, capture_output=True))

    def row(work: str, seconds: float, beside: float | None) -> None:
        rate = f"{symbols * DAYS / seconds:,.0f}"
        table.rows.append((work, Samples([seconds]), rate, f"{seconds / beside:.2f}" if beside else ""))

    frame = table_of(symbols)
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("csv", "parquet"):
            path = Path(folder) / f"prices.{kind}"
            frame.write_csv(path) if kind == "csv" else frame.write_parquet(path)
            forget()
            began = time.perf_counter()
            peer(run.url, path)
            beside = time.perf_counter() - began
            row(f"peer, {kind}", beside, None)
            forget()
            row(f"ta-lab2 load, {kind}", command("load", path), beside)
            row(f"the same {kind} again", command("load", path), beside)
    run.execute(
        "CREATE TABLE bench.own AS SELECT a.symbol, h.local_day AS date, h.open, h.high, h.low, h.close, "
        "h.volume FROM cmc_price_histories7 AS h JOIN assets AS a USING (id) WHERE a.symbol LIKE 'BENCH%%'"
    )
    run.execute("CREATE INDEX ON bench.own (date)")
    run.execute("ANALYZE bench.own")
    row("sync, nothing changed", command("sync", "bench.own"), None)
    run.execute(
        "INSERT INTO bench.own SELECT symbol, date + 1, open, high, low, close, volume FROM bench.own "
        "WHERE date = (SELECT max(date) FROM bench.own)"
    )
    row("sync of one more day", command("sync", "bench.own", "--since", "2021-10-30"), None)
    run.execute("DROP TABLE bench.own")
    forget()
