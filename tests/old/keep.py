"""Keep a database of this revision for the tests of later ones: `make keep`, before adding a migration.

Real prices, every family and every variant, and all that may be unfinished when somebody upgrades: rejects,
changes that nobody took up, timeframes that others went ahead of, an asset that was never built.
"""

from __future__ import annotations

import csv
import gzip
import io
import lzma
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
from databases import home

from ta_lab2_sql import server
from ta_lab2_sql.schema.revisions import head_revision

KEPT = Path(__file__).parents[1] / "fixtures" / "old"
PRICES = Path(__file__).parents[1] / "fixtures" / "prices"
# Files, days of each, and where they begin: short histories with a hole, without weekends, and a long one.
DAYS = {"BTC_1": (0, 230), "SOL_5426": (1040, 1149), "GOOG_900001": (40, 150)}
TIMEFRAMES = (
    *("1D", "2D", "3D", "7D", "10D", "30D", "64D", "90D", "360D", "1W_CAL_US", "3W_CAL_US", "1W_CAL_ISO"),
    *("2W_CAL_ISO", "1M_CAL", "2M_CAL", "6M_CAL", "1Y_CAL", "1W_CAL_ANCHOR_US", "2W_CAL_ANCHOR_ISO"),
    *("1M_CAL_ANCHOR", "3M_CAL_ANCHOR", "1Y_CAL_ANCHOR"),
)
REVISED = "close = h.close * 1.01, high = h.high * 1.02"
# Lines that only a newer server, or a newer psql, understands.
NEWER = ("SET transaction_timeout", "\\restrict", "\\unrestrict")


def run(url: str, *arguments: str, stdin: str = "") -> None:
    """A ta-lab2 process that must succeed."""
    subprocess.run(
        [sys.executable, "-m", "ta_lab2_sql", *arguments],
        env={**os.environ, "TA_LAB2_DATABASE_URL": url},
        input=stdin.encode(),
        stdout=subprocess.DEVNULL,
        check=True,
    )


def part(name: str, first: int, last: int) -> str:
    """Some days of a file, oldest first, with its header."""
    text = gzip.decompress((PRICES / f"{name}.csv.gz").read_bytes()).decode()
    header, *lines = text.splitlines()
    delimiter = ";" if ";" in header else ","
    column = header.split(delimiter).index("timestamp" if delimiter == ";" else "date")
    lines.sort(key=lambda line: next(csv.reader(io.StringIO(line), delimiter=delimiter))[column])
    return "\n".join([header, *lines[first:last], ""])


def fill(url: str) -> None:
    """Everything that a database of this revision may hold."""
    run(url, "migrate")
    with psycopg.connect(url, autocommit=True) as db:

        def revise(asset: int, row: int, what: str) -> None:
            db.execute(
                f"""UPDATE cmc_price_histories7 AS h SET {what} FROM cmc_price_bars_1d AS d
                    WHERE d.id = h.id AND d."timestamp" = h."timestamp"
                        AND d.id = %s AND d.bar_seq = %s""".encode(),
                (asset, row),
            )

        db.execute("DELETE FROM dim_timeframe WHERE tf <> ALL(%s)", (list(TIMEFRAMES),))
        db.execute("INSERT INTO dim_timeframe (tf) VALUES ('5W_CAL_ISO'), ('18M_CAL')")
        db.execute("INSERT INTO dim_timeframe (tf, is_canonical) VALUES ('45D', false)")
        db.execute("DELETE FROM dim_period WHERE period > 100")
        db.execute("INSERT INTO dim_period (period) VALUES (1), (33) ON CONFLICT DO NOTHING")
        for name, (first, last) in DAYS.items():
            run(url, "load", "-", "--id", name.split("_")[1], stdin=part(name, first, last))
        run(url, "refresh", "all", "--include-non-canonical")
        # Bad days, and days without a volume or a time.
        revise(5426, 20, "open = NULL")
        revise(5426, 40, "timehigh = NULL, volume = NULL")
        revise(1, 7, "high = 0.01, low = 5")
        run(url, "refresh", "all", "--ids", "1,5426")
        run(url, "refresh", "all", "--ids", "900001", "--tz", "Asia/Tokyo")
        # One timeframe went ahead of the others, in bars and in EMAs.
        revise(5426, 60, REVISED)
        run(url, "refresh", "emas", "--ids", "5426", "--tf", "7D", "--tf", "1M_CAL")
        # Days went ahead of bars and EMAs.
        revise(900001, 30, REVISED)
        run(url, "refresh", "bars", "--ids", "900001", "--family", "1d")
        # A change that waits, and an asset that does.
        revise(1, 100, REVISED)
        run(url, "load", "-", "--id", "7", stdin=part("BTC_1", 230, 260))


def dump(url: str) -> str:
    """The database as plain SQL that every supported server understands."""
    program = server._binaries() / "pg_dump"
    done = subprocess.run(
        [str(program), "--no-owner", "--dbname", url], capture_output=True, text=True, check=True
    )
    return "".join(line for line in done.stdout.splitlines(keepends=True) if not line.startswith(NEWER))


def main() -> int:
    """Build the database in a server of its own, and write it down."""
    place = home("keep")
    os.environ["TA_LAB2_HOME"] = str(place)
    try:
        url = server.start()
        fill(url)
        text = dump(url)
    finally:
        server.stop()
        shutil.rmtree(place, ignore_errors=True)
    KEPT.mkdir(exist_ok=True)
    path = KEPT / f"{head_revision()}.sql.xz"
    path.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{path}: {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
