"""The one pass that carries all EMAs of a series against the worked N-day examples, bit for bit."""

from __future__ import annotations

import gzip
import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import psycopg
import pytest

EXAMPLES: dict[str, Any] = json.loads(
    gzip.decompress((Path(__file__).parents[1] / "fixtures" / "ema_examples.json.gz").read_bytes())
)
DAILY = [c for c in EXAMPLES["cases"] + EXAMPLES["digests"] if c["variant"].startswith("multi_tf")]
LANES = (
    "SELECT v FROM ema_lanes(%s::float8[], %s::int[], %s::float8[], %s::float8[], %s::int[], %s::float8[])"
)


def closes(name: str) -> list[float]:
    """The closes of a series depend on the row number only."""
    return [100 + ((i * 7919) % 997) / 10 for i in range({"A": 420, "G": 407, "W": 78, "W79": 79}[name])]


def digest(values: list[float]) -> str:
    return hashlib.sha256(b"".join(struct.pack(">d", v) for v in values)).hexdigest()


def mean(values: list[float]) -> float:
    total = 0.0
    for value in values:
        total += value
    return total / len(values)


@pytest.mark.parametrize("case", DAILY, ids=lambda c: f"{c['series']}-{c['variant']}-{c['tf']}-{c['period']}")
def test_worked_examples(db: psycopg.Connection[Any], case: dict[str, Any]) -> None:
    x, d, p = closes(case["series"]), case["tf_days"], case["period"]
    if len(x) < p * d:
        assert case["n_rows"] == 0
        return
    if case["variant"] == "multi_tf_v2":
        alpha, ends = 2.0 / (p * d + 1.0), list(range(p * d, len(x) + 1))
        rows = db.execute(LANES, (x, ends, [alpha], [], [p * d], [mean(x[: p * d])])).fetchall()
        assert digest([v[0] for (v,) in rows]) == case["sha256_ema"]
        return
    alpha, bars = 2.0 / (p + 1.0), x[d - 1 :: d]
    rows = db.execute(
        LANES, (bars, list(range(p, len(bars) + 1)), [alpha], [], [p], [mean(bars[:p])])
    ).fetchall()
    shown = [rows[0][0][0]]
    for i in range(p * d, len(x)):
        before = rows[i // d - p][0]
        shown += db.execute(LANES, ([x[i]], [1], [alpha], before, None, None)).fetchall()[0][0]
    assert digest(shown) == case["sha256_ema"]


def test_many_periods_seed_one_by_one_and_resume(db: psycopg.Connection[Any]) -> None:
    x, periods = closes("A"), list(range(1, 41))
    alphas, seeds = [2.0 / (p + 1.0) for p in periods], [mean(x[:p]) for p in periods]
    ends = list(range(1, len(x) + 1))
    whole = [v for (v,) in db.execute(LANES, (x, ends, alphas, [], periods, seeds))]
    assert [len(v) for v in whole] == [min(i, 40) for i in ends]
    for j, p in enumerate(periods):
        one = db.execute(LANES, (x, ends[p - 1 :], [alphas[j]], [], [p], [seeds[j]])).fetchall()
        assert [v[j] for v in whole[p - 1 :]] == [v[0] for (v,) in one]
    for cut in (5, 18, 19, 33, 200):
        at = [p - cut if p > cut else None for p in periods]
        rest = db.execute(
            LANES, (x[cut:], ends[: len(x) - cut], alphas, whole[cut - 1], at, seeds)
        ).fetchall()
        assert [v for (v,) in rest] == whole[cut:]


def test_a_null_close_is_refused(db: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.Error) as caught:
        db.execute(LANES, ([1.0, None], [2], [0.5], [1.0], None, None)).fetchall()
    assert caught.value.sqlstate == "TA030"
