"""Every worked example of EMAs, bit for bit, through the relations that users read."""

from __future__ import annotations

import gzip
import hashlib
import json
import struct
from itertools import cycle
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from .series import close_of, days_of, load

EXAMPLES: dict[str, Any] = json.loads(
    gzip.decompress((Path(__file__).parents[1] / "fixtures" / "ema_examples.json.gz").read_bytes())
)
Db = psycopg.Connection[Any]


def relation(variant: str) -> str:
    return f"cmc_ema_{variant}" if variant.startswith("multi_tf") else f"cmc_ema_multi_tf_{variant}"


def digest(values: list[float | None]) -> str:
    known = (v for v in values if v is not None)
    return hashlib.sha256(b"".join(struct.pack(">d", v) for v in known)).hexdigest()


def loaded(db: Db, name: str, chunks: list[int]) -> None:
    """Load a series in chunks of days, with a refresh after each."""
    days = [(day, close_of(i)) for i, day in enumerate(days_of(name))]
    sizes = cycle(chunks)
    while days:
        size = next(sizes)
        load(db, 1, days[:size])
        days = days[size:]
        db.execute("SELECT FROM refresh_emas(1)")


@pytest.mark.parametrize("chunks", [[1000], [50, 1, 2, 1, 9, 1, 20, 3]], ids=["at once", "in chunks"])
@pytest.mark.parametrize("name", ["A", "G", "W", "W79"])
def test_worked_examples(db: Db, name: str, chunks: list[int]) -> None:
    loaded(db, name, chunks)
    days = days_of(name)
    wrong = []
    cases = [c for c in EXAMPLES["cases"] + EXAMPLES["digests"] if c["series"] == name]
    assert cases
    with db.cursor(row_factory=dict_row) as cursor:
        for case in cases:
            table = relation(case["variant"])
            query = f"SELECT * FROM {table} WHERE id = 1 AND tf = %s AND period = %s ORDER BY ts"
            rows = cursor.execute(query.encode(), (case["tf"], case["period"])).fetchall()
            label = f"{case['variant']} {case['tf']} {case['period']}"
            canonical = sum(not r["roll"] for r in rows)
            if (len(rows), canonical) != (case["n_rows"], case["n_canonical"]):
                wrong.append(f"{label}: {len(rows)} rows, {canonical} canonical")
                continue
            exact = "cal_anchor" not in case["variant"]
            wrong += [
                f"{label}: {key[7:]}"
                for key in case
                if key.startswith("sha256_") and exact and digest([r[key[7:]] for r in rows]) != case[key]
            ]
            at = {r["ts"].date(): r for r in rows}
            for expected in case.get("rows", []):
                row = at[days[expected["i"]]]
                for column, value in expected.items():
                    if column in ("i", "ts"):
                        continue
                    near = not exact and isinstance(value, float)
                    if row[column] != (pytest.approx(value, rel=1e-9) if near else value):
                        wrong.append(f"{label} {row['ts']}: {column} {row[column]} instead of {value}")
            wrong += [f"{label}: tf_days" for r in rows if r["tf_days"] != case["tf_days"]]
    assert wrong == []
