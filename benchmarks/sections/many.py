"""Hundreds of young assets: a day for all of them, and nothing new."""

from __future__ import annotations

from benchmarks.run import MANY, Run
from benchmarks.sections import cross_section
from benchmarks.timing import Samples

DAYS = 4
AUDITED = 20
# What, the command, how often; the first needs a day more.
COMMANDS = (
    ("one more day, ta-lab2 refresh --workers 2", ("refresh", "all", "--workers", "2"), 1),
    ("nothing new, ta-lab2 refresh", ("refresh", "all", "--workers", "2"), 3),
    ("ta-lab2 --version, for comparison", ("--version",), 3),
    ("ta-lab2 plan", ("plan",), 3),
)


def measure(run: Run) -> None:
    """By calls over two connections, and by commands."""
    prepare(run)
    size = run.sizes.many
    note = "Two connections; the command's times include the start of Python and the plan."
    table = run.section(f"{size} assets of {run.sizes.many_days} days", "work", "time", "an asset", note=note)

    def row(name: str, samples: Samples) -> None:
        table.rows.append((name, samples, Samples([samples.median / size])))
        run.facts.setdefault("many", {})[name] = samples.as_json()

    row("full build", Samples([run.spread(run.many, 2)]))
    run.execute("VACUUM ANALYZE")
    appended, nothing = Samples(), Samples()
    for _ in range(DAYS - 1):
        run.execute("SELECT bench.next_day(%s)", run.many)
        appended.values.append(run.spread(run.many, 2))
        nothing.values.append(run.spread(run.many, 2))
    row("one more day, calls over two connections", appended)
    row("nothing new, calls over two connections", nothing)
    run.execute("SELECT bench.next_day(%s)", run.many)
    for name, arguments, times in COMMANDS:
        row(name, Samples([run.cli(*arguments)[0] for _ in range(times)]))
    some = run.many[:AUDITED]
    spent = run.cli("audit", "--ids", ",".join(map(str, some)))[0]
    table.rows.append((f"ta-lab2 audit, {len(some)} of them", Samples([spent]), Samples([spent / len(some)])))
    cross_section.measure(run)


def prepare(run: Run) -> None:
    """Only these assets, some of their days held back."""
    for schema in ("peer", "compact", "plain"):
        run.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    run.execute(run.forget)
    run.execute("TRUNCATE cmc_price_histories7, raw_changes")
    run.load_base()
    run.repeat(run.many, run.sizes.many_days, 11)
    run.execute("DELETE FROM cmc_price_histories7 WHERE id < %s", MANY)
    for asset in run.many:
        run.execute("SELECT bench.hold_back(%s, %s)", asset, DAYS)
