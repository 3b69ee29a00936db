"""Golden rows: five months of Google on XNYS, three sessions lacking, a Saturday more.

The file was written once from the oracle; neither it nor the relations may come to say something else.
"""

from __future__ import annotations

import csv
import gzip
import io
from datetime import date
from pathlib import Path
from typing import Any

from bars_helpers import FAMILIES, Db, accepted, only, put, refresh, shown
from bars_oracle import Raw, bits, raw_day, snapshots
from calendar_helpers import put_calendar, shipped
from loading import PRICES

GOLDEN = Path(__file__).parents[1] / "fixtures" / "sessions_golden.csv.gz"
TFS = ("5D", "1W_CAL_US", "1W_CAL_ISO", "1W_CAL_ANCHOR_ISO", "1M_CAL", "1M_CAL_ANCHOR", "3M_CAL_ANCHOR")
FIRST, LAST = date(2008, 11, 17), date(2009, 4, 17)
LACKING = {date(2008, 12, 31), date(2009, 2, 3), date(2009, 4, 9)}


def days() -> list[Raw]:
    """The raw days."""
    text = gzip.decompress((PRICES / "GOOG_900001.csv.gz").read_bytes()).decode("utf-8-sig")
    found = []
    for line in csv.DictReader(io.StringIO(text), delimiter=";"):
        day = date.fromisoformat(line["timestamp"][:10])
        if FIRST <= day <= LAST and day not in LACKING:
            values = [float(line[name]) for name in ("open", "high", "low", "close", "volume")]
            found.append(raw_day(day, *values, None))
    return sorted(
        [*found, raw_day(date(2009, 2, 7), 371.5, 372, 370, 371, 1e6, None)], key=lambda r: r.timestamp
    )


def lines(rows: list[tuple[Any, ...]]) -> list[str]:
    """Rows as lines, sorted; floats as bits. Months are in two relations, and told once."""
    told = sorted(set(map(bits, rows)), key=lambda row: (row[1], row[6]))
    return [",".join("" if value is None else str(value) for value in row) for row in told]


def golden() -> list[str]:
    """What the file holds."""
    return gzip.decompress(GOLDEN.read_bytes()).decode().splitlines()


def test_the_oracle_gives_the_golden_rows() -> None:
    found = [row for tf in TFS for row in snapshots(accepted(days()), tf, calendar=shipped()["XNYS"])]
    assert lines(found) == golden()


def test_the_relations_give_the_golden_rows(db: Db) -> None:
    only(db, *TFS)
    put_calendar(db, "XNYS", shipped()["XNYS"])
    db.execute("INSERT INTO assets (id, calendar) VALUES (1, 'XNYS')")
    db.execute("SET timezone TO 'UTC'")
    put(db, days())
    refresh(db)
    found = [row for family in FAMILIES for row in shown(db, family)]
    assert lines(found) == golden()
