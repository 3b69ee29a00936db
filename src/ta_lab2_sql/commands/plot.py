"""Draw candles, volume and EMAs into an HTML or PNG file."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import click

from ta_lab2_sql.errors import WrongUsage
from ta_lab2_sql.options import Moment, Name, OneAsset, Periods
from ta_lab2_sql.schema.version import check_version
from ta_lab2_sql.settings import Settings, pass_settings
from ta_lab2_sql.taxonomy import variants


@click.command()
@click.argument("asset", type=OneAsset(), metavar="ASSET")
@click.argument("tfs", nargs=-1, required=True, metavar="TF...")
@click.option(
    "--ema", "periods", type=Periods(), metavar="21,50", default=(), help="Periods of EMAs to draw."
)
@click.option(
    "--variant", type=Name("variant", variants()), metavar="V", help="Variant of the EMAs; else that of TF."
)
@click.option(
    "--from", "start", type=Moment(), metavar="D", help="First day (UTC); default: the newest 200 bars."
)
@click.option("--to", "end", type=Moment(), metavar="D", help="Day before which it ends (UTC).")
@click.option("--log", is_flag=True, help="Prices on a logarithmic axis.")
@click.option(
    "-o", "--output", "target", metavar="F", help="File to write; default: ASSET_TF.html in this folder."
)
@pass_settings
def command(
    settings: Settings,
    asset: int | str,
    tfs: tuple[str, ...],
    periods: tuple[int, ...] | None,
    variant: str | None,
    start: datetime | None,
    end: datetime | None,
    log: bool,
    target: str | None,
) -> None:
    """Draw ASSET (its id or symbol) in the timeframes TF, one under another: candles, volume, EMAs.

    EMAs are bold where bars closed (canonical), their previews are thin. The bar still forming is pale,
    missing days are shaded. An asset on a trading calendar is drawn session by session: missing sessions are
    shaded yellow, rows on no session blue. An HTML file is complete in itself and needs no network; a PNG
    needs no browser.

    \b
    Examples:
      ta-lab2 plot 1 7D --ema 21,50,200 -o btc.html
      ta-lab2 plot 1 1W_CAL_US 1M_CAL --from 2020-01-01 --log -o btc.png
    """
    from ta_lab2_sql.assets import resolve
    from ta_lab2_sql.plot.read import read
    from ta_lab2_sql.plot.write import FORMS, write

    target = target or re.sub(r"[^\w.+-]", "_", f"{asset}_{'_'.join(tfs)}.html")
    if Path(target).suffix.lower() not in FORMS:
        raise WrongUsage(f"a chart is no '{Path(target).suffix}' file", target, "name it .html or .png")
    with settings.connect("plot") as connection:
        check_version(connection)
        if periods is None:
            periods = tuple(p for (p,) in connection.execute("SELECT period FROM dim_period ORDER BY period"))
        (wanted,) = resolve(connection, [asset])
        with connection.transaction():
            # Bars, rows and EMAs of one moment.
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            chart = read(connection, wanted, tfs, periods, variant, start, end, log)
    write(chart, target)
    for note in chart.notes:
        settings.note(note)
    if settings.json:
        missing = len(chart.gaps) if chart.sessions is None else len(chart.sessions.missing)
        bars = {panel.tf: len(panel.candles) for panel in chart.panels}
        settings.show_one({"file": str(Path(target).resolve()), "bars": bars, "missing": missing})
    else:
        settings.note(f"{target}: {', '.join(f'{len(p.candles)} bars of {p.tf}' for p in chart.panels)}")
