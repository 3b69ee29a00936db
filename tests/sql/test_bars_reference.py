"""Real prices against the rows of the scripts that this system replaces, where those were right.

Left out: columns that they never filled (parts of missing days of N-day bars, position, half-open end,
first and last missing day) or filled with the real width of the window (tf_days); days counted by the ISO
scripts, one too many everywhere; in anchored families days still to come in a first bar that starts late,
which never reached 0, and missing days where a bar's first ones are missing, which they forgot; and the last
row of a bar that a later row closes because its window ended in a gap: they left such bars open.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from bars_helpers import FAMILIES, RELATIONS, Db, only, refresh, rows
from loading import PRICES as FILES

FIXTURES = Path(__file__).parents[1] / "fixtures"
SOL = 5426
EXACT = ["bar_seq", "time_open", "time_high", "time_low", "is_partial_start", "is_partial_end"]
PRICES = ["open", "high", "low", "close", "volume", "market_cap"]
COUNTS = ["count_days", "count_days_remaining", "count_missing_days"]


def reference(name: str) -> list[dict[str, str]]:
    """The rows of a compressed CSV."""
    text = gzip.decompress((FIXTURES / name).read_bytes()).decode()
    return list(csv.DictReader(io.StringIO(text)))


def same(found: Any, wanted: str) -> bool:
    """Equal to what the file says; prices to twelve digits, because they added volumes in another order."""
    if wanted == "" or found is None:
        return wanted == "" and found is None
    if isinstance(found, bool):
        return ("t" if found else "f") == wanted
    if isinstance(found, datetime):
        return found == datetime.fromisoformat(wanted.replace("Z", "+00:00"))
    if isinstance(found, float):
        return math.isclose(found, float(wanted), rel_tol=1e-12)
    return str(found) == wanted


def load_sol(db: Db) -> None:
    """Solana, 1149 days with a gap of eight."""
    text = gzip.decompress((FILES / "SOL_5426.csv.gz").read_bytes())
    for row in csv.DictReader(io.StringIO(text.decode()), delimiter=";"):
        db.execute(
            """INSERT INTO cmc_price_histories7 (
                   id, timeopen, timeclose, timehigh, timelow, name, open, high, low, close,
                   volume, marketcap, "timestamp")
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
            (SOL, *row.values()),
        )


@pytest.fixture
def sol(db: Db) -> Db:
    """Solana in a database of the test's own."""
    load_sol(db)
    return db


def test_validated_days(sol: Db) -> None:
    refresh(sol, "1d", SOL)
    wanted = reference("bars_1d_reference.csv.gz")
    columns = list(wanted[0])
    found = rows(
        sol,
        f"""SELECT {", ".join(f'"{c}"' for c in columns)} FROM cmc_price_bars_1d WHERE id = %s
            ORDER BY "timestamp" """,
        SOL,
    )
    assert len(found) == len(wanted) == 1149
    for row, line in zip(found, wanted, strict=True):
        assert [c for c, v in zip(columns, row, strict=True) if not same(v, line[c])] == [], line["timestamp"]


def test_bars_of_all_families(sol: Db) -> None:
    only(sol, *{line["tf"] for line in reference("bars_reference.csv.gz")})
    refresh(sol, "all", SOL)
    check_bars(sol)


def check_bars(db: Db) -> None:
    """Compare every row of the file."""
    wanted, compared = reference("bars_reference.csv.gz"), 0
    for family in FAMILIES:
        lines = {
            (r["tf"], r["time_close"].replace("Z", "+00:00")): r for r in wanted if r["family"] == family
        }
        columns = ["tf", "time_close", *EXACT, *PRICES, *COUNTS, "count_missing_days_end"]
        columns.append("count_missing_days_start")
        if "anchor" in family:
            columns.append("bar_anchor_offset")
        found = rows(
            db,
            f"SELECT {', '.join(columns)} FROM {RELATIONS[family]} WHERE id = %s AND tf = ANY(%s)",
            *(SOL, sorted({tf for tf, _ in lines})),
        )
        keys = {(row[0], row[1].isoformat(timespec="milliseconds")) for row in found}
        assert keys == lines.keys(), family
        for row in found:
            values = dict(zip(columns, row, strict=True))
            line = lines[row[0], row[1].isoformat(timespec="milliseconds")]
            names = [*EXACT, *PRICES, *COUNTS]
            if values["count_missing_days_end"]:
                names = [n for n in names if n not in ("is_partial_end", *COUNTS[1:])]
            if family == "cal_iso":
                names = [n for n in names if n not in ("count_days", "count_missing_days")]
            if "anchor" in family and values["count_missing_days_start"]:
                names = [n for n in names if n != "count_missing_days"]
            if values["is_partial_start"]:
                names.remove("count_days_remaining")
            wrong = {n: (values[n], line[n]) for n in names if not same(values[n], line[n])}
            assert wrong == {}, (family, row[:2])
            compared += 1
    assert compared == len(wanted) > 20000
