"""List the assets; add, change or delete some."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from ta_lab2_sql.errors import WrongUsage
from ta_lab2_sql.options import LARGEST_ID, OneAsset, SomeAssets
from ta_lab2_sql.queries import query
from ta_lab2_sql.schema.version import check_version
from ta_lab2_sql.settings import Settings, pass_settings

if TYPE_CHECKING:
    import psycopg

    from ta_lab2_sql.assets import Asset

IDS = click.option("--ids", type=SomeAssets(), metavar="1,AAPL|@file", help="Assets, besides those named.")
ASSETS = click.argument("assets", nargs=-1, type=OneAsset(), metavar="ASSET...")


@click.group(invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """List the assets: symbol, name, calendar, zone, raw days (UTC), valid days, bars, rejects.

    An asset is named by its id or its symbol, here as wherever a command takes one. Loads make assets
    by themselves; add makes one before it has prices.

    \b
    Examples:
      ta-lab2 assets
      ta-lab2 assets add AAPL --name "Apple Inc."
      ta-lab2 assets set 1 --symbol BTC --tz UTC
      ta-lab2 assets set --ids @stocks.txt --calendar XNYS
      ta-lab2 assets delete AAPL --yes
    """
    if ctx.invoked_subcommand is None:
        settings = ctx.ensure_object(Settings)
        with settings.connect("assets") as connection:
            check_version(connection)
            _list(settings, connection)


def _list(settings: Settings, connection: psycopg.Connection[Any]) -> None:
    from psycopg.rows import dict_row

    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(query("commands/assets")).fetchall()
    settings.show(found, title=f"{len(found)} asset{'' if len(found) == 1 else 's'}")
    if not found:
        settings.note("load some: ta-lab2 load BTC.csv --asset BTC")


@command.command()
@click.argument("symbol")
@click.option(
    "--id", "asset", type=click.IntRange(1, LARGEST_ID), metavar="N", help="Its id; default: above all ids."
)
@click.option("--name", metavar="TEXT", help="Its full name.")
@click.option("--tz", metavar="TZ", help="Zone of its local day, an IANA name; default: America/New_York.")
@click.option("--calendar", metavar="C", help="Its trading calendar; default: it trades every day.")
@pass_settings
def add(
    settings: Settings,
    symbol: str,
    asset: int | None,
    name: str | None,
    tz: str | None,
    calendar: str | None,
) -> None:
    """Make the asset SYMBOL, before it has prices."""
    with settings.connect("assets add") as connection, connection.transaction():
        check_version(connection)
        calendar = _calendar(settings, connection, calendar)
        values = (asset, symbol, name or None, tz or None, calendar)
        row = connection.execute("SELECT add_asset(%s, %s, %s, %s, %s)", values).fetchone()
    assert row is not None
    if settings.json:
        settings.show_one({"id": row[0], "symbol": symbol})
    else:
        settings.note(f"{symbol} is asset {row[0]}")


@command.command("set")
@ASSETS
@IDS
@click.option("--symbol", metavar="S", help="What people call it; the old symbol is free again.")
@click.option("--name", metavar="TEXT", help="Its full name.")
@click.option("--tz", metavar="TZ", help="Zone of its local day; the next refresh builds anew what differs.")
@click.option("--calendar", metavar="C", help="Its trading calendar; the next refresh does the rest.")
@pass_settings
def set_(
    settings: Settings, /, assets: tuple[Asset, ...], ids: tuple[Asset, ...] | None, **options: str | None
) -> None:
    """Change what is known of some assets; an empty text ('') takes a value away."""
    values = {name: value or None for name, value in options.items() if value is not None}
    if not values:
        raise WrongUsage("nothing to set", "the command line", "give --symbol, --name, --tz or --calendar")
    with settings.connect("assets set") as connection, connection.transaction():
        check_version(connection)
        # First, so that no calendar is called imported for assets that there aren't.
        wanted = _named(connection, assets, ids)
        if "calendar" in values:
            values["calendar"] = _calendar(settings, connection, values["calendar"])
        parameters = (list(wanted), json.dumps(values))
        row = connection.execute("SELECT set_assets(%s::int[], %s::jsonb)", parameters).fetchone()
    changed = row[0] if row else 0
    if settings.json:
        settings.show_one({"ids": list(wanted), "changed": changed})
    else:
        settings.note(f"{changed} of {len(wanted)} asset{'' if len(wanted) == 1 else 's'} changed")


@command.command()
@ASSETS
@IDS
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_settings
def delete(
    settings: Settings, assets: tuple[Asset, ...], ids: tuple[Asset, ...] | None, yes: bool
) -> None:  # fmt: skip
    """Delete assets: their raw days, all that was made of them, and what is known of them.

    Each asset is a transaction of its own.
    """
    from ta_lab2_sql.assets import delete, label, symbols_of
    from ta_lab2_sql.runs import logged

    with settings.connect("assets delete") as connection:
        check_version(connection)
        wanted = _named(connection, assets, ids)
        connection.execute("SELECT check_ids(%s::int[])", (list(wanted),))
        symbols = symbols_of(connection, wanted)
        some = ", ".join(label(asset, symbols) for asset in wanted[:5]) + (", .." if len(wanted) > 5 else "")
        if not yes:
            if not sys.stdin.isatty():
                raise WrongUsage(f"this deletes {some}", "the command line", "add --yes if you mean it")
            click.confirm(f"Delete {some} with all their days?", abort=True, err=True)
        gone = []
        with logged(connection, "assets delete", {"ids": list(wanted)}) as log:
            log.assets, log.changed = len(wanted), 0
            for asset in wanted:
                gone.append(delete(connection, asset))
                log.changed = len(gone)
    settings.show(gone, title="deleted")


def _calendar(settings: Settings, connection: psycopg.Connection[Any], name: str | None) -> str | None:
    """The calendar of a name, `none` for none; a shipped one that isn't stored yet is imported."""
    from ta_lab2_sql import calendars

    if not name or name == "none":
        return None
    calendars.ensure(connection, [name], settings.note)
    return name


def _named(
    connection: psycopg.Connection[Any], assets: Sequence[Asset], ids: Sequence[Asset] | None
) -> tuple[int, ...]:
    """The assets of a command line."""
    from ta_lab2_sql.assets import resolve

    wanted = resolve(connection, (*assets, *(ids or ())))
    if not wanted:
        raise WrongUsage("which assets?", "the command line", "name some by id or symbol, or give --ids")
    return wanted
