"""Load daily prices: CSV of many makers, gzip, zip, Parquet, Arrow."""

from __future__ import annotations

from typing import Any

import click

from ta_lab2_sql.errors import WorkFailed, WrongUsage
from ta_lab2_sql.load import LoadOptions, Report, load_files
from ta_lab2_sql.load.mapping import columns_option
from ta_lab2_sql.runs import logged
from ta_lab2_sql.schema.version import check_version
from ta_lab2_sql.settings import Settings, pass_settings


def delimiter(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """One character; a tab may be written as \\t or tab."""
    if value is None:
        return None
    value = {"\\t": "\t", "tab": "\t", "comma": ",", "semicolon": ";"}.get(value, value)
    if len(value) != 1:
        raise WrongUsage(f"{value!r} is not one character", "--delimiter", "like ';' or tab")
    return value


def encoding(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """An encoding that Python knows."""
    import codecs

    if value is not None:
        try:
            codecs.lookup(value)
        except LookupError:
            raise WrongUsage(
                f"no encoding {value!r}", "--encoding", "like utf-8, windows-1252, utf-16"
            ) from None
    return value


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--asset", metavar="ID|SYMBOL", help="The asset of all files.")
@click.option("--id", "number", type=click.IntRange(1, 2**31 - 1), metavar="N", help="--asset by its id.")
@click.option(
    "--name-pattern", metavar="P", help="Where the files' names have it: '{symbol}.csv', '{symbol}_{id}.csv'."
)
@click.option("--symbol-prefix", default="", metavar="S", help="Put before symbols that the files give.")
@click.option("--symbol-suffix", default="", metavar="S", help="Put behind symbols that the files give: .T")
@click.option(
    "--new-assets/--no-new-assets", default=True, help="Whether unknown symbols and ids make new assets."
)
@click.option("--calendar", metavar="C", help="Trading calendar of the assets that have none.")
@click.option("--layout", metavar="L", help="A layout by name, or FILE.toml; default: found by the content.")
@click.option("--format", "form", metavar="L", help="Older spelling of --layout: cmc, generic.")
@click.option(
    "--columns",
    callback=columns_option,
    metavar="ROLE=NAME,..",
    help="Name columns: date=snapped_at,close=price.",
)
@click.option("--delimiter", callback=delimiter, metavar="C", help="What separates columns.")
@click.option("--decimal", type=click.Choice([".", ","]), help="The sign before fractions.")
@click.option("--date-format", metavar="F", help="How days are written: %d.%m.%Y.")
@click.option("--date-order", type=click.Choice(["dmy", "mdy", "ymd"]), help="The order of a day's parts.")
@click.option("--skip-lines", type=click.IntRange(0), metavar="N", help="Lines before the header.")
@click.option("--no-header", is_flag=True, help="The first line is a row; name columns by number.")
@click.option("--encoding", callback=encoding, metavar="E", help="The encoding of the text.")
@click.option(
    "--on-conflict", type=click.Choice(["first", "last"]), help="Which line of a day counts when they differ."
)
@click.option("--replace", is_flag=True, help="Delete stored days in the files' range that no line has.")
@click.option("--adjusted", is_flag=True, help="Load prices times adjusted close / close.")
@click.option("--sparse", is_flag=True, help="Take rows that lie weeks apart.")
@click.option("--each-file", is_flag=True, help="A transaction a file; failed ones are named, exit code 1.")
@click.option(
    "--skip-bad-lines", type=click.IntRange(0), default=0, metavar="N", help="Leave out up to N bad lines."
)
@click.option("--dry-run", is_flag=True, help="Show what would be stored, write nothing.")
@pass_settings
def command(
    settings: Settings,
    /,
    files: tuple[str, ...],
    number: int | None,
    form: str | None,
    asset: str | None,
    layout: str | None,
    **options: Any,
) -> None:
    """Load daily prices; all FILEs in one transaction, the same file twice changes nothing.

    Most files are read as they come: delimiter, encoding, columns, form of the days and signs of numbers are
    found by the content, and said. ta-lab2 layouts lists what is known by name; options overrule what was
    found, one at a time. Files may be gzipped or zipped (ARCHIVE.zip:NAME), Parquet or Arrow; - is stdin.

    A row belongs to --asset; else to the symbol or id that the file's columns or header give; else to what
    --name-pattern finds in the file's name.

    \b
    Examples:
      ta-lab2 load AAPL.csv --asset AAPL
      ta-lab2 load prices/*.csv --name-pattern '{symbol}.csv'
      ta-lab2 load all_stocks_5yr.csv
      ta-lab2 load BTC_1.csv --name-pattern '{symbol}_{id}.csv'
      ta-lab2 load - --asset 42 --dry-run < prices.csv
    """
    if files.count("-") > 1:
        raise WrongUsage("stdin can be read once", "the command line", "name - only once")
    asset, layout = _once(asset, number, "--asset", "--id"), _once(layout, form, "--layout", "--format")
    wanted = LoadOptions(asset=asset, layout=layout, **options)
    with settings.connect("load") as connection:
        check_version(connection)
        told = {"files": list(files), "asset": asset, "layout": layout, **options}
        with logged(connection, "load", {k: v for k, v in told.items() if v}) as log:
            report = load_files(connection, files, wanted)
            log.assets = len(report.assets)
            log.changed = sum(bool(row.inserted or row.updated or row.deleted) for row in report.assets)
            log.failed = len(report.failed) or None
    _show(settings, report, wanted, len(files))
    if report.failed:
        raise WorkFailed(
            f"{len(report.failed)} of {len(files)} files could not be loaded",
            report.failed[0].split(": ", 1)[0],
            "the others are in; correct these and load them again",
        )


def _once(one: Any, other: Any, name: str, older: str) -> str | None:
    if one is not None and other is not None:
        raise WrongUsage(f"{name} and {older} say the same", "the command line", f"give {name} only")
    value = one if one is not None else other
    return None if value is None else str(value)


def _show(settings: Settings, report: Report, options: LoadOptions, count: int) -> None:
    for line in report.understood(verbose=settings.verbose):
        settings.note(line)
    for failure in report.failed:
        settings.warn(failure)
    if report.new_assets:
        names = ", ".join(report.new_assets[:10]) + (" .." if len(report.new_assets) > 10 else "")
        settings.note(f"new asset{'s' if len(report.new_assets) > 1 else ''}: {names}")
    if settings.json:
        settings.show(report.records())
        return
    for row in report.assets:
        if row.factor is not None:
            from ta_lab2_sql.load.words import factor

            settings.note(f"{row.symbol or row.id}: all days by a factor of {factor(row.factor)}: a split?")
    files = f"{count} file{'s' if count > 1 else ''}"
    if options.dry_run:
        settings.show(report.days, title=f"{files} would be stored like this; nothing was written")
        return
    shown = [{k: v for k, v in r.items() if k not in ("files", "factor")} for r in report.records()]
    settings.show(shown, title=f"loaded {files}")
    if report.assets and not any(row.inserted or row.updated or row.deleted for row in report.assets):
        click.echo("nothing changed")
