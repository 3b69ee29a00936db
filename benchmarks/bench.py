"""Measure this project against what people would write instead: python -m benchmarks.bench --help."""

from __future__ import annotations

import signal
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click
import psycopg

try:
    import duckdb  # noqa: F401
    import numpy  # noqa: F401
    import polars  # noqa: F401
    import talib  # noqa: F401
except ImportError as error:
    sys.exit(f"error: {error}; the peers need their libraries: pip install -e '.[bench]'")

from benchmarks import place, report
from benchmarks.run import Run, Sizes
from benchmarks.sections import assets as throughput
from benchmarks.sections import (
    build,
    change,
    earlier,
    growth,
    load,
    many,
    model,
    prices_in,
    profile,
    read,
    sessions,
    storage,
)

# In this order: some leave behind what the next ones need.
SECTIONS = {
    "build": build,
    "storage": storage,
    "change": change,
    "read": read,
    "profile": profile,
    "sessions": sessions,
    "assets": throughput,
    "many": many,
    "growth": growth,
    "model": model,
    "earlier": earlier,
    "prices": prices_in,
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--assets", default=10, show_default=True, type=click.IntRange(1, 1000), help="Assets for throughput."
)
@click.option(
    "--days",
    default=3653,
    show_default=True,
    type=click.IntRange(100, 5754),
    help="Days of each of them.",
)
@click.option(
    "--many",
    default=500,
    show_default=True,
    type=click.IntRange(2),
    help="Young assets for a day over all.",
)
@click.option("--runs", default=3, show_default=True, type=click.IntRange(1), help="Runs of each contestant.")
@click.option("--quick", is_flag=True, help="About a minute: short histories, few assets, two runs.")
@click.option(
    "--part",
    "parts",
    multiple=True,
    type=click.Choice(list(SECTIONS)),
    help="Only this part; may be repeated.",
)
@click.option(
    "--db-url",
    help="A server to create the database ta_lab2_bench on. Default: an embedded one of its own.",
)
@click.option(
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(__file__).parent / "results",
    help="Folder of the report. Default: benchmarks/results.",
)
@click.option("--name", default="latest", show_default=True, help="Name of the report's files.")
def main(
    assets: int,
    days: int,
    many: int,
    runs: int,
    quick: bool,
    parts: tuple[str, ...],
    db_url: str | None,
    folder: Path,
    name: str,
) -> None:
    """One run, one report (Markdown and JSON)."""
    sizes = Sizes(assets, days, many, 365, runs, None)
    if quick:
        sizes = Sizes(min(assets, 2), min(days, 730), min(many, 25), 120, 2, 1000)
    began = time.perf_counter()

    def say(text: str) -> None:
        click.echo(f"{time.perf_counter() - began:6.1f} s  {text}", err=True)

    failed: list[str] = []
    # So that a run that is ended from outside takes its server with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with place.database(db_url) as url:
        run = Run(url, sizes, say)
        header: dict[str, Any] = {
            "when": datetime.now(timezone.utc).isoformat(timespec="minutes"),
            "machine": place.machine(),
            "server": place.server(run.connection),
            "sizes": vars(sizes),
            "data": f"bundled daily prices of BTC, SOL and GOOG; one asset means BTC"
            f"{f', its last {sizes.peer_days} days' if sizes.peer_days else ''}; {sizes.assets} assets of "
            f"{sizes.days} days and {sizes.many} of {sizes.many_days} are BTC with other starts and prices.",
        }
        load.measure(run)
        for part, section in SECTIONS.items():
            if parts and part not in parts:
                continue
            try:
                section.measure(run)
            except (psycopg.Error, RuntimeError) as error:
                # What was measured so far is worth having; wrong numbers (AssertionError) aren't.
                failed.append(f"{part}: {str(error).strip()}")
                say(failed[-1])
            header["seconds"] = time.perf_counter() - began
            header["failed"] = failed
            path = report.save(folder, name, header, run.sections, run.facts)
        run.connection.close()
        click.echo(path)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
