"""Write a relation to Parquet or CSV, streamed."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import click

from ta_lab2_sql import export
from ta_lab2_sql.assets import resolve
from ta_lab2_sql.errors import WrongUsage
from ta_lab2_sql.options import Moment, Name, SomeAssets
from ta_lab2_sql.schema.version import check_version
from ta_lab2_sql.settings import Settings, pass_settings
from ta_lab2_sql.taxonomy import variants

FORMS = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv"}


class ListingCommand(click.Command):
    """Its help ends with the relations."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Relations"):
            formatter.write_text(", ".join(export.RELATIONS))


@click.command(cls=ListingCommand)
@click.argument("relation", metavar="RELATION")
@click.option("--ids", type=SomeAssets(), metavar="all|1,AAPL|@file", help="Assets; default: all.")
@click.option("--tf", "tfs", multiple=True, metavar="T", help="Timeframe; may be repeated. Default: all.")
@click.option("--period", "periods", multiple=True, type=click.IntRange(1, 100_000), metavar="P",
              help="Period of EMAs; may be repeated. Default: all.")  # fmt: skip
@click.option("--variant", type=Name("variant", variants()), metavar="V",
              help="Variant; only with ema_matrix.")  # fmt: skip
@click.option("--from", "start", type=Moment(), metavar="D", help="First day or moment (UTC).")
@click.option("--to", "end", type=Moment(), metavar="D", help="Day or moment before which it ends (UTC).")
@click.option(
    "--format", "form", type=click.Choice(["parquet", "csv"]), help="Default: told by the file's name."
)
@click.option("-o", "--output", "target", required=True, metavar="F", help="File to write; - is stdout.")
@pass_settings
def command(
    settings: Settings,
    relation: str,
    ids: tuple[int | str, ...] | None,
    tfs: tuple[str, ...],
    periods: tuple[int, ...],
    variant: str | None,
    start: datetime | None,
    end: datetime | None,
    form: str | None,
    target: str,
) -> None:
    """Write the rows of RELATION to a Parquet or CSV file, ordered by its key, as of one moment.

    Memory stays small however long the relation is. The file appears whole or not at all. ema_matrix has a
    column for each period (ema_6, ema_9, ..). --from and --to bound the row's close stamp.

    \b
    Examples:
      ta-lab2 export cmc_ema_multi_tf --ids 1 --tf 7D -o btc.parquet
      ta-lab2 export ema_matrix --variant cal_us --tf 1W_CAL_US -o weeks.parquet
      ta-lab2 export cmc_price_bars_multi_tf --tf 30D --from 2024-01-01 -o - | head
    """
    wanted = export.relation_named(relation)
    form = form or _form(settings, target)
    began = time.monotonic()
    with settings.connect("export") as connection:
        check_version(connection)
        wanted_ids = None if ids is None else resolve(connection, ids)
        chosen = export.Filter(wanted_ids, tfs or None, periods or None, start, end)
        planned = export.plan(connection, wanted, chosen, variant)
        with _progress(settings, planned.expected, target) as advance:
            rows = export.write(planned, target, form, advance)
        remark = None if rows is None else export.remark(planned, rows)
        connection.rollback()
    seconds = time.monotonic() - began
    if remark:
        settings.warn(remark if rows else f"no rows: {remark}")
    if target == "-":
        return
    size = Path(target).stat().st_size
    if settings.json:
        settings.show_one(
            {"relation": relation, "file": str(Path(target).resolve()), "rows": rows, "bytes": size,
             "seconds": round(seconds, 3)}
        )  # fmt: skip
    else:
        noun = "row" if rows == 1 else "rows"
        settings.note(f"{target}: {rows:,} {noun}, {size / 1e6:,.1f} MB, {seconds:.1f} s")


def _form(settings: Settings, target: str) -> str:
    if target == "-":
        return "json" if settings.json else "csv"
    ending = Path(target).suffix.lower()
    if ending not in FORMS:
        raise WrongUsage(
            f"what is a '{ending}' file?" if ending else "the file's name has no ending",
            target,
            "name it .parquet or .csv, or give --format",
        )
    return FORMS[ending]


@contextlib.contextmanager
def _progress(settings: Settings, expected: int, target: str) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal."""
    if settings.quiet or settings.json or not sys.stderr.isatty() or (target == "-" and sys.stdout.isatty()):
        yield lambda rows: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    bar = Progress(
        BarColumn(), TaskProgressColumn(), TextColumn("{task.completed:,.0f} rows"), TimeRemainingColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task("", total=expected or None)
        yield lambda rows: bar.advance(task, rows)
