"""Where the functions spend their time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.run import BTC, Run
from benchmarks.sections.change import REVISE

DAYS = 20
REVISIONS = 10
BACK = 30
# Young assets whose new day is taken in lists of so many.
MANY = 100
TOGETHER = 50


def measure(run: Run) -> None:
    """The costliest functions of each kind of work: a build, days, revisions, lists of assets."""
    run.execute(run.forget)
    with profiled(run, "a full build of one asset"):
        run.execute(run.refresh(BTC))
    run.execute("SELECT bench.hold_back(%s, %s)", BTC, DAYS)
    run.execute(run.refresh(BTC))
    with profiled(run, f"{DAYS} appended days of one asset"):
        for _ in range(DAYS):
            run.execute("SELECT bench.next_day(%s)", [BTC])
            run.execute(run.refresh(BTC))
    with profiled(run, f"{DAYS} calls with nothing new"):
        for _ in range(DAYS):
            run.execute(run.refresh(BTC))
    rows = run.one("SELECT max(bar_seq) FROM cmc_price_bars_1d WHERE id = %s", BTC)
    with profiled(run, f"{REVISIONS} revisions {BACK} days back"):
        for i in range(REVISIONS):
            run.execute(REVISE, i / REVISIONS, BTC, BTC, rows - BACK)
            run.execute(run.refresh(BTC))
    if run.one("SELECT count(*) FROM pg_proc WHERE proname = 'refresh_day_of_many'"):
        many(run, run.many[:MANY])


def many(run: Run, assets: list[int]) -> None:
    """A new day of young assets in lists, and the plan when there is nothing new."""
    run.repeat(assets, run.sizes.many_days, 11)
    for asset in assets:
        run.execute("SELECT bench.hold_back(%s, 1)", asset)
        run.execute(run.refresh(asset))
    run.execute("ANALYZE")
    run.execute("SELECT bench.next_day(%s)", assets)
    with profiled(run, f"a day of {len(assets)} assets, in lists of {TOGETHER}"):
        for first in range(0, len(assets), TOGETHER):
            run.execute("SELECT FROM refresh_day_of_many(%s)", assets[first : first + TOGETHER])
    with profiled(run, f"the plan of {len(assets) + 1} assets with nothing new"):
        run.execute("SELECT FROM refresh_plan()")


@contextmanager
def profiled(run: Run, title: str) -> Iterator[None]:
    """Where the functions of what runs inside spent their time, and how much of all of it."""
    run.execute("SELECT pg_stat_reset()")
    run.execute("SET track_functions = 'all'")
    yield
    run.execute("SET track_functions = 'none'")
    run.execute("SELECT pg_stat_force_next_flush()")
    rows = run.connection.execute(
        "SELECT funcname, calls, round(self_time::numeric, 1), round(total_time::numeric, 1),"
        " round(100 * (self_time / sum(self_time) OVER ())::numeric, 1) FROM pg_stat_user_functions"
        " WHERE schemaname = 'public' AND self_time > 0 ORDER BY self_time DESC LIMIT 10"
    ).fetchall()
    table = run.section(
        f"Top functions of {title}", "function", "calls", "own ms", "with callees ms", "% of all"
    )
    table.rows += rows
