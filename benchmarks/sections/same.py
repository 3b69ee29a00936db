"""Both sides have the same numbers, else no time counts."""

from __future__ import annotations

import random

from benchmarks import emas
from benchmarks.peer_long import FAMILIES, bars_relation
from benchmarks.run import BTC, Run

VALUES = ("ema", "d1", "d2", "d1_roll", "d2_roll")
BAR_VALUES = ("ema_bar", "d1_bar", "d2_bar", "d1_roll_bar", "d2_roll_bar")
COMPACT_BARS = "SELECT count(*) FROM (SELECT * FROM bars WHERE id = %s EXCEPT ALL TABLE compact.bars) AS x"
VECTORS = """
SELECT count(*)
FROM (SELECT * FROM emas WHERE id = %s) AS a
FULL JOIN compact.emas AS b USING (id, tf, bar_seq)
WHERE a.n_closed IS DISTINCT FROM b.n_closed
    OR cardinality(a.bar_space) <> cardinality(b.bar_space)
    OR cardinality(a.day_space) <> cardinality(b.day_space)
    OR EXISTS (
        SELECT 1 FROM unnest(a.bar_space || a.day_space, b.bar_space || b.day_space) AS v (x, y)
        WHERE NOT abs(v.x - v.y) <= 1e-9 * abs(v.y))
"""


def same_numbers(run: Run) -> None:
    """Bars bit for bit, EMAs within 1e-9, over a sample of timeframes."""
    rng = random.Random(7)
    for family in FAMILIES:
        same_bars(run, family, rng)
    differ = run.one(COMPACT_BARS, BTC)
    assert differ == 0, f"bars: {differ} rows differ from the compact peer's"
    for variant in run.variants:
        same_emas(run, variant, rng)
    if run.has_emas:
        differ = run.one(VECTORS, BTC)
        assert differ == 0, f"emas: {differ} vectors differ from the compact peer's"


def same_bars(run: Run, family: str, rng: random.Random) -> None:
    """Snapshots, ours against the long peer's, both ways."""
    relation = bars_relation(family)
    names = [frame.tf for frame in run.peer.frames_of(family) if frame.tf != "1D"]
    chosen = [names[0], names[-1], *rng.sample(names, min(4, len(names)))]
    for a, b in ((relation, f"peer.{relation}"), (f"peer.{relation}", relation)):
        differ = run.one(
            f"SELECT count(*) FROM (SELECT * FROM {a} WHERE id = %s AND tf = ANY(%s) "
            f"EXCEPT ALL SELECT * FROM {b} WHERE id = %s AND tf = ANY(%s)) AS x",
            BTC,
            chosen,
            BTC,
            chosen,
        )
        assert differ == 0, f"{relation}: {differ} rows differ from the peer's"


def same_emas(run: Run, variant: str, rng: random.Random) -> None:
    """Daily values and derivatives, ours beside the long peer's."""
    relation = emas.relation(variant)
    names = [frame.tf for frame in run.peer.frames_of(emas.family(variant))]
    chosen = [names[0], *rng.sample(names, min(4, len(names)))]
    wrong = " OR ".join(
        f"(a.{column} IS NULL) <> (b.{column} IS NULL) OR abs(a.{column} - b.{column}) > 1e-9 * abs(b.ema)"
        for column in (*VALUES, *(BAR_VALUES if "cal" in variant else ()))
    )
    ours, theirs = (
        f"(SELECT * FROM {schema}.{relation} WHERE id = {BTC} AND tf = ANY(%s))"
        for schema in ("public", "peer")
    )
    differ = run.one(
        f"SELECT count(*) FROM {ours} AS a FULL JOIN {theirs} AS b USING (id, tf, period, ts) "
        f"WHERE a.roll IS DISTINCT FROM b.roll OR a.tf_days IS DISTINCT FROM b.tf_days OR {wrong}",
        chosen,
        chosen,
    )
    assert differ == 0, f"{relation}: {differ} rows differ from the peer's"
