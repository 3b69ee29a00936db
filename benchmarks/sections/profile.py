"""Where the functions spend their time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.run import BTC, Run


def measure(run: Run) -> None:
    """The costliest functions of a full build and of appended days."""
    with profiled(run, "Top functions of a full build of one asset"):
        run.execute(run.forget)
        run.execute(run.refresh(BTC))
    run.execute("SELECT bench.hold_back(%s, 20)", BTC)
    run.execute(run.refresh(BTC))
    with profiled(run, "Top functions of 20 appended days of one asset"):
        for _ in range(20):
            run.execute("SELECT bench.next_day(%s)", [BTC])
            run.execute(run.refresh(BTC))


@contextmanager
def profiled(run: Run, title: str) -> Iterator[None]:
    """Where the functions of what runs inside spent their time."""
    run.execute("SELECT pg_stat_reset()")
    run.execute("SET track_functions = 'all'")
    yield
    run.execute("SET track_functions = 'none'")
    run.execute("SELECT pg_stat_force_next_flush()")
    rows = run.connection.execute(
        "SELECT funcname, calls, round(self_time::numeric, 1), round(total_time::numeric, 1) FROM "
        "pg_stat_user_functions WHERE schemaname = 'public' AND self_time > 0 ORDER BY self_time "
        "DESC LIMIT 10"
    ).fetchall()
    table = run.section(title, "function", "calls", "own ms", "with callees ms")
    table.rows += rows
