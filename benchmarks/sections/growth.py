"""Exponents of time against days, assets, timeframes, periods."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from functools import partial

from benchmarks.run import BTC, FIRST, Run, Section
from benchmarks.timing import clocked, in_turn

ASSETS = (1, 2, 4, 8)
TIMEFRAMES = (12, 24, 48, 96)
PERIODS = (2, 4, 8, 16)


def measure(run: Run) -> None:
    """Full builds by one connection, of four sizes each."""
    run.execute(run.forget)
    run.execute("TRUNCATE cmc_price_histories7, raw_changes, bench.held")
    run.load_base()
    run.keep_newest()
    note = "Least squares of log time on log size, full builds by one connection."
    table = run.section("Growth", "against", "sizes", "times", "exponent", note=note)
    available = run.one("SELECT count(*) FROM cmc_price_histories7 WHERE id = 1")
    longest = min(available, run.sizes.peer_days or 5600)
    lengths = {longest // part: FIRST + number for number, part in enumerate((8, 4, 2, 1))}
    for days, asset in lengths.items():
        run.execute("SELECT bench.repeat_asset(%s, %s, 0, %s, 1.5)", BTC, asset, days)
    exponent(run, table, "days", tuple(lengths), lambda days: run.spread([lengths[days]], 1, truncate=True))
    more = [2001 + number for number in range(max(ASSETS))]
    run.repeat(more, longest // 4, 97)
    exponent(run, table, "assets", ASSETS, lambda count: run.spread(more[:count], 1, truncate=True))
    exponent(run, table, "timeframes (bars)", TIMEFRAMES, partial(of_timeframes, run))
    if run.has_emas:
        exponent(run, table, "periods (EMAs multi_tf)", PERIODS, partial(of_periods, run))


def of_timeframes(run: Run, count: int) -> float:
    """N-day bars of so many timeframes, short and long ones."""
    names = [frame.tf for frame in run.peer.frames_of("multi_tf") if frame.tf != "1D"]
    random.Random(3).shuffle(names)
    run.execute(run.forget)
    run.execute(f"SELECT * FROM refresh_bars({BTC}, '1d')")
    return clocked(
        lambda: run.execute(f"SELECT * FROM refresh_bars({BTC}, 'multi_tf', p_tfs => %s)", names[:count])
    )


def of_periods(run: Run, count: int) -> float:
    """EMAs of so many periods."""
    rows = run.connection.execute("SELECT period FROM dim_period ORDER BY period").fetchall()
    run.execute(run.forget)
    with run.connection.transaction(force_rollback=True):
        run.execute("DELETE FROM dim_period WHERE NOT period = ANY(%s)", [row[0] for row in rows[:count]])
        run.execute(f"SELECT * FROM refresh_bars({BTC})")
        return clocked(lambda: run.execute(f"SELECT * FROM refresh_emas({BTC}, 'multi_tf')"))


def exponent(
    run: Run, table: Section, name: str, sizes: Sequence[int], work: Callable[[int], float]
) -> None:
    """The slope of log time over log size."""
    found = in_turn(run.sizes.runs, [(str(size), partial(work, size)) for size in sizes])
    x = [math.log(size) for size in sizes]
    y = [math.log(found[str(size)].median) for size in sizes]
    mx, my = sum(x) / len(x), sum(y) / len(y)
    slope = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sum((a - mx) ** 2 for a in x)
    times = ", ".join(str(found[str(size)]) for size in sizes)
    table.rows.append((name, ", ".join(map(str, sizes)), times, slope))
    told = {str(size): found[str(size)].as_json() for size in sizes}
    run.facts.setdefault("growth", {})[name] = {"exponent": slope, "times": told}
