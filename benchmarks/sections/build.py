"""Full builds of one asset: ours, and what others would write, in turn."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import emas
from benchmarks.frames import Days
from benchmarks.peer_long import FAMILIES, bars_relation
from benchmarks.peer_others import SqlPeer, duckdb_bars, talib_ema
from benchmarks.run import BTC, Run
from benchmarks.sections.same import same_numbers
from benchmarks.timing import clocked, in_turn

DAYS = f"SELECT * FROM refresh_bars({BTC}, '1d')"
BARS = f"SELECT * FROM refresh_bars({BTC})"
N_DAY = f"SELECT * FROM refresh_bars({BTC}, 'multi_tf')"
EMAS = f"SELECT * FROM refresh_emas({BTC})"
N_DAY_EMAS = f"SELECT * FROM refresh_emas({BTC}, 'multi_tf')"
NOTE = (
    "One connection. Peers start from our validated days, so 1d is ours alone. The long peer copies into "
    "bare tables, then makes the keys and analyses; client and server work at the same time, on two cores; "
    "ours uses one core of the server."
)


@dataclass(frozen=True)
class Ours:
    """A call of ours from nothing; before: what it finds done."""

    work: str
    call: str
    before: str = ""
    needs_emas: bool = False


OURS = (
    Ours("1d", DAYS),
    Ours("N-day bars", N_DAY, DAYS),
    Ours("all bars", BARS, DAYS),
    Ours("EMAs multi_tf", N_DAY_EMAS, BARS, needs_emas=True),
    Ours("all EMAs", EMAS, BARS, needs_emas=True),
    Ours("N-day bars and EMAs multi_tf with 1d", N_DAY_EMAS, needs_emas=True),
    Ours("everything with 1d", EMAS, needs_emas=True),
)
# Peer, what it builds, how, whether that takes EMAs.
PEERS: tuple[tuple[str, str, Callable[[Run], object], bool], ...] = (
    ("compact peer", "N-day bars", lambda run: run.compact.build(BTC, ("multi_tf",), False), False),
    ("plain SQL", "N-day bars", lambda run: SqlPeer(run.connection).build(BTC, False), False),
    (
        "DuckDB, nothing written back",
        "N-day bars",
        lambda run: duckdb_bars(Days(run.connection, BTC), run.peer.frames),
        False,
    ),
    ("compact peer", "all bars", lambda run: run.compact.build(BTC, FAMILIES, False), False),
    ("compact peer", "everything", lambda run: run.compact.build(BTC, FAMILIES, True), True),
)


def measure(run: Run) -> None:
    """Both sides must give the same numbers before a time counts."""
    n = run.one("SELECT count(*) FROM cmc_price_histories7 WHERE id = %s", BTC)
    # Once through everything: same numbers on all sides, warm caches.
    run.execute(run.forget)
    run.execute(run.refresh(BTC))
    run.execute("ANALYZE")
    run.peer.build([BTC], FAMILIES, run.variants)
    run.compact.build(BTC, FAMILIES, run.has_emas)
    same_numbers(run)
    found = in_turn(run.sizes.runs, contestants(run))
    run.facts["build"] = {name: samples.as_json() for name, samples in found.items()}
    columns = ("work", "ours", "peer", "time of the peer", "peer / ours")
    table = run.section(f"Full build of one asset, {n} days", *columns, note=NOTE)
    for name, samples in found.items():
        work, _, who = name.partition(": ")
        if who != "ours":
            ours = found.get(f"{work}: ours") or found.get(f"{work} with 1d: ours")
            table.rows.append((work, ours, who, samples, samples.median / ours.median if ours else math.nan))
    table.rows.append(("1d (validation)", found["1d: ours"], "none", None, None))
    ratio = found["all bars: ours"].median / found["N-day bars: ours"].median
    table.rows.append(("five families / multi_tf alone", ratio, "", None, None))
    run.facts["families_ratio"] = ratio
    against_talib(run)
    run.execute(run.forget)
    run.execute(run.refresh(BTC))
    run.execute("VACUUM ANALYZE")


def contestants(run: Run) -> list[tuple[str, Callable[[], object]]]:
    """Everybody who takes part, with what one run of it is."""

    def from_nothing(ours: Ours) -> Callable[[], float]:
        def work() -> float:
            run.execute(run.forget)
            if ours.before:
                run.execute(ours.before)
            return clocked(lambda: run.connection.execute(ours.call.encode()).fetchall())

        return work

    found: list[tuple[str, Callable[[], object]]] = [
        (f"{ours.work}: ours", from_nothing(ours)) for ours in OURS if run.has_emas or not ours.needs_emas
    ]
    found += [
        (f"{work}: {who}", lambda build=build: build(run))  # type: ignore[misc]
        for who, work, build, needs_emas in PEERS
        if run.has_emas or not needs_emas
    ]
    return [*found, ("long peer", lambda: long_peer(run))]


def long_peer(run: Run) -> dict[str, float]:
    """One build of everything tells what each part of it takes."""
    peer = run.peer
    peer.build([BTC], FAMILIES, run.variants)
    bars = [bars_relation(family) for family in FAMILIES]
    found = {
        "N-day bars: long peer": peer.seconds(bars[0]),
        "all bars: long peer": peer.seconds(*bars),
        "everything: long peer": peer.took["everything"],
    }
    if run.variants:
        long = [emas.relation(variant) for variant in run.variants]
        found["EMAs multi_tf: long peer"] = peer.seconds(long[0])
        found["all EMAs: long peer"] = peer.seconds(*long)
        found["N-day bars and EMAs multi_tf: long peer"] = peer.seconds(bars[0], long[0])
    return found


def against_talib(run: Run) -> None:
    """One EMA of daily closes, computed by TA-Lib or read from ours."""
    if not run.has_emas:
        return
    run.execute(run.refresh(BTC))
    ours = f"SELECT ema FROM ema_series('multi_tf', {BTC}, '1D', 21)"
    days = Days(run.connection, BTC)
    mine = [row[0] for row in run.connection.execute(ours.encode())]
    theirs = [value for value in talib_ema(days, 21) if not math.isnan(value)]
    for a, b in zip(mine, theirs, strict=True):
        assert abs(a - b) <= 1e-9 * abs(b), "TA-Lib gives another EMA"
    found = in_turn(
        max(run.sizes.runs, 5),
        [
            ("ours", lambda: run.fetch(ours)),
            ("TA-Lib with reading", lambda: talib_ema(Days(run.connection, BTC), 21)),
            ("TA-Lib alone", lambda: talib_ema(days, 21)),
        ],
        warm_up=True,
    )
    title = "One EMA of daily closes, computed by TA-Lib or read from ours"
    table = run.section(title, "who", "time", note="TA-Lib computes in memory and keeps nothing.")
    table.rows += list(found.items())
