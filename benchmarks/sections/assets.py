"""Throughput of many assets by connections, and of the driver."""

from __future__ import annotations

import sys
from functools import partial

from benchmarks.run import BUILT, Run, Section, observed
from benchmarks.timing import Samples, in_turn

CONNECTIONS = (1, 2, 4, 8)


def measure(run: Run) -> None:
    """Throughput by connections, and the driver as a process."""
    run.execute("DROP SCHEMA IF EXISTS peer CASCADE; DROP SCHEMA IF EXISTS plain CASCADE")
    run.execute(run.forget)
    run.repeat(run.ids, run.sizes.days, 97)
    days = run.one("SELECT count(*) FROM cmc_price_histories7 WHERE id = ANY(%s)", run.ids)
    table = run.section(
        f"Full build of {len(run.ids)} assets, {days} days in all",
        "connections",
        "time",
        "assets a second",
        "against one connection",
        note="One thread a connection, each asset one call; server and threads share the cores.",
    )
    base: Samples | None = None
    contestants = [(str(n), partial(run.spread, run.ids, n, truncate=True)) for n in CONNECTIONS]
    measured = in_turn(min(2, run.sizes.runs), contestants)
    for name, samples in measured.items():
        base = base or samples
        table.rows.append((name, samples, len(run.ids) / samples.median, base.median / samples.median))
    run.facts["workers"] = {n: s.as_json() for n, s in measured.items()}
    run.facts["build_per_asset"] = measured["1"].median / len(run.ids)
    driver(run, table)
    bytes_now = run.one(
        "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class AS c WHERE c.relkind = 'r' "
        f"AND c.relnamespace = 'public'::regnamespace AND c.relname ~ '{BUILT}|^cmc_price'"
    )
    raw = run.one("SELECT count(*) FROM cmc_price_histories7")
    run.facts["bytes_per_day"] = float(bytes_now) / max(raw, 1)


def driver(run: Run, table: Section) -> None:
    """The command as a process: throughput and memory, beside the peer's."""
    what = "all" if run.has_emas else "bars"
    if not run.has("refresh"):
        return
    run.execute(run.forget)
    spent, memory = run.cli("refresh", what, "--workers", "2")
    table.rows.append(("ta-lab2 refresh --workers 2", Samples([spent]), len(run.ids) / spent, None))
    run.facts["driver_memory_mb"] = memory
    code = (
        "import psycopg, sys; from benchmarks.peer_long import *; from benchmarks import emas; "
        "c = psycopg.connect(sys.argv[1], autocommit=True); "
        f"LongPeer(c, 'memory').build([{run.ids[0]}], FAMILIES, {tuple(run.variants)!r})"
    )
    _, peer_memory = observed([sys.executable, "-c", code, run.url])
    run.execute("DROP SCHEMA IF EXISTS memory CASCADE")
    peak = run.section("Peak memory of the client process", "who", "MB")
    peak.rows += [
        (f"ta-lab2 refresh {what}, {len(run.ids)} assets", memory),
        ("long peer, one asset", peer_memory),
    ]
