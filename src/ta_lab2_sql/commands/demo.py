"""Show the whole thing on bundled real prices: migrate, load, refresh, a table, a chart."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import importlib.util
import shlex
import shutil
import sys
import time
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ta_lab2_sql import calendars
from ta_lab2_sql.errors import WrongUsage, describe
from ta_lab2_sql.load import Loaded, LoadOptions, load_files
from ta_lab2_sql.queries import query
from ta_lab2_sql.refresh.run import run_refresh
from ta_lab2_sql.schema.migration import Migration
from ta_lab2_sql.settings import Settings, pass_settings

if TYPE_CHECKING:
    import psycopg

FILES = {
    "BTC-EUR": ("BTC-EUR_2020_2023.csv.gz", "BTC-EUR_2023_2025.csv.gz"),
    "ETH-USD": ("ETH-USD.csv.gz",),
    "AAPL": ("AAPL.csv.gz",),
}
CALENDARS = {"AAPL": "XNYS"}
CHART = "ta-lab2-demo.html"
NEXT = """\
Next:
  ta-lab2 status                                   how fresh it is, how big, where
  ta-lab2 load MINE.csv --asset MINE               your own prices; ta-lab2 refresh all builds them
  ta-lab2 db psql                                  look around with SQL; try
    SELECT "timestamp", open, high, low, close FROM cmc_price_bars_multi_tf
    WHERE id = {first} AND tf = '7D' ORDER BY "timestamp" DESC LIMIT 5;
    SELECT ts, ema, roll FROM cmc_ema_multi_tf
    WHERE id = {first} AND tf = '7D' AND period = 21 ORDER BY ts DESC LIMIT 5;
  ta-lab2 db stop                                  stop the embedded server; the data stay"""


@click.command()
@pass_settings
def command(settings: Settings) -> None:
    """Load BTC, ETH and AAPL (bundled real prices), build bars and EMAs, show what was built.

    AAPL is put on the trading calendar of its exchange, XNYS, so that weekends and holidays are no gaps.
    Running it again changes nothing. A chart goes to ta-lab2-demo.html in the current folder when the plot
    extra is installed.

    \b
    Example:
      ta-lab2 demo
    """
    started = time.monotonic()
    with settings.connect("demo") as connection:
        Migration(connection, settings.schema).upgrade()
        loaded = _load(settings, connection)
    ids = [row.id for row in loaded]
    changed = any(row.inserted or row.updated for row in loaded)
    settings.note(f"prices {'loaded' if changed else 'were there already'}, refreshing bars and EMAs")
    run_refresh(settings, "all", ids=ids)
    with settings.connect("demo") as connection:
        built = _built(connection, ids)
    chart = _plot(settings, ids[0])
    elapsed = time.monotonic() - started
    if settings.json:
        settings.show_one(
            {
                "loaded": [dataclasses.asdict(row) for row in loaded],
                "built": built,
                "chart": chart,
                "seconds": round(elapsed, 3),
            }
        )
        return
    names = ", ".join(f"{row.symbol} ({row.id})" for row in loaded)
    settings.show(built, title=f"built in {elapsed:.1f} s from {names}")
    if chart:
        click.echo(f"chart: {chart}")
    if not settings.quiet:
        click.echo(f"{NEXT.format(first=ids[0])}{_where()}")


def _where() -> str:
    """A word on how to call the program, for those whose shell doesn't find it by its name."""
    program = Path(sys.argv[0])
    if program.name != "ta-lab2" or shutil.which("ta-lab2"):
        return ""
    with contextlib.suppress(ValueError):
        program = program.absolute().relative_to(Path.cwd())
    return f"\nThe command is {program}, or: export PATH={shlex.quote(str(program.parent.absolute()))}:$PATH"


def _load(settings: Settings, connection: psycopg.Connection[Any]) -> list[Loaded]:
    """Load the bundled files; never on top of prices that somebody loaded from elsewhere."""
    folder = files("ta_lab2_sql") / "demo_data"
    names = [name for found in FILES.values() for name in found]
    loaded = []
    with contextlib.ExitStack() as stack, connection.transaction():
        wanted = {"symbols": list(FILES), "files": names}
        foreign = {asset for (asset,) in connection.execute(query("commands/demo_foreign"), wanted)}
        for symbol, found in FILES.items():
            paths = [str(stack.enter_context(as_file(folder / name))) for name in found]
            (row,) = load_files(connection, paths, LoadOptions(asset=symbol)).assets
            if row.id in foreign and (row.inserted or row.updated):
                raise WrongUsage(
                    f"asset {symbol} ({row.id}) holds other prices than the demo's",
                    settings.masked_url(),
                    "give the demo a schema of its own: ta-lab2 --schema demo demo; nothing was changed",
                )
            loaded.append(row)
            if row.inserted and symbol in CALENDARS:
                calendars.assign(connection, {row.id: CALENDARS[symbol]}, settings.note)
    return loaded


def _built(connection: psycopg.Connection[Any], ids: list[int]) -> list[dict[str, Any]]:
    from psycopg.rows import dict_row

    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query("commands/demo_built"), {"ids": ids}).fetchall()


def _plot(settings: Settings, asset: int) -> str | None:
    """Write a chart with the command plot; the demo goes on without one."""
    name = "ta_lab2_sql.commands.plot"
    if importlib.util.find_spec(name) is None:
        return None
    silent = dataclasses.replace(settings, json=False, quiet=True)
    arguments = [str(asset), "7D", "--ema", "21,50", "-o", CHART]
    try:
        with contextlib.redirect_stdout(sys.stderr):
            importlib.import_module(name).command.main(arguments, standalone_mode=False, obj=silent)
    except Exception as error:
        failure = describe(error)
        settings.note(f"no chart: {failure.format_message() if failure else error}")
        return None
    return str(Path(CHART).resolve())
