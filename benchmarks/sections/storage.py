"""What one asset takes on disk."""

from __future__ import annotations

from benchmarks.peer_long import FAMILIES
from benchmarks.run import BARS, BTC, BUILT, Run

# What, whether it needs EMAs, which tables of ours, which of the long peer's.
COMPARED = (
    ("bars, five families", False, f"c.relname ~ '{BARS}'", "c.relname LIKE 'cmc_price_bars%'"),
    ("EMAs, six variants", True, "c.relname LIKE 'emas%'", "c.relname LIKE 'cmc_ema%'"),
    ("everything", True, f"c.relname ~ '{BUILT}'", "true"),
)


def measure(run: Run) -> None:
    """Bytes with indexes, ours against the long tables of the same asset."""
    run.execute(run.forget)
    run.execute(run.refresh(BTC))
    run.peer.build([BTC], FAMILIES, run.variants)
    columns = ("what", "ours MB", "long form MB", "ratio")
    note = "Ours after a build from nothing, peer's right after its build."
    table = run.section("Storage of one asset, indexes included", *columns, note=note)
    for name, needs_emas, ours, theirs in COMPARED:
        if run.has_emas or not needs_emas:
            a, b = size(run, "public", ours), size(run, "peer", theirs)
            table.rows.append((name, a / 1e6, b / 1e6, b / a))
            run.facts[f"storage {name}"] = {"ours": a, "peer": b, "ratio": b / a}
    days = size(run, "public", "c.relname = 'cmc_price_bars_1d'")
    table.rows.append(("validated days (both need them)", days / 1e6, days / 1e6, 1.0))


def size(run: Run, schema: str, condition: str) -> int:
    """Bytes of some tables."""
    return int(
        run.one(
            "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class AS c "
            f"WHERE c.relkind = 'r' AND c.relnamespace = '{schema}'::regnamespace AND {condition}"
        )
    )
