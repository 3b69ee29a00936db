"""Load daily prices from CSV, CSV.gz or Parquet files."""

from __future__ import annotations

import click

from ta_lab2_sql.errors import WrongUsage
from ta_lab2_sql.load import FORMATS, LARGEST_ID, load_files
from ta_lab2_sql.runs import logged
from ta_lab2_sql.schema.version import check_version
from ta_lab2_sql.settings import Settings, pass_settings


@click.command()
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...",
    type=click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True),
)  # fmt: skip
@click.option("--id", "asset", type=click.IntRange(1, LARGEST_ID), metavar="N", help="Asset id of all files.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="Default: told from the header.")
@pass_settings
def command(settings: Settings, files: tuple[str, ...], asset: int | None, form: str | None) -> None:
    """Load daily prices; all FILEs in one transaction, the same file twice changes nothing.

    cmc is CoinMarketCap's export (`;`-separated, timeOpen .. timestamp), generic is
    date,open,high,low,close,volume (a day ends at 23:59:59.999 UTC); an id or a name column may be
    added when the file holds one asset. Files may be gzipped or Parquet; `-` reads stdin.

    Without --id the asset id is the id column's, else the number that ends the file's name:
    BTC_1.csv is asset 1.

    \b
    Examples:
      ta-lab2 load BTC_1.csv SOL_5426.csv.gz
      ta-lab2 load - --id 42 --format generic < prices.csv
    """
    if files.count("-") > 1:
        raise WrongUsage("stdin can be read once", "the command line", "name - only once")
    with settings.connect("load") as connection:
        check_version(connection)
        options = {"files": list(files), "id": asset, "format": form}
        with logged(connection, "load", {k: v for k, v in options.items() if v is not None}) as log:
            loaded = load_files(connection, files, asset, form)
            log.assets = len(loaded)
            log.changed = sum(bool(row.inserted or row.updated) for row in loaded)
    settings.show(loaded, title=f"loaded {len(files)} file{'s' if len(files) > 1 else ''}")
    if not settings.json and not any(row.inserted or row.updated for row in loaded):
        click.echo("nothing changed")
