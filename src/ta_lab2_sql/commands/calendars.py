"""Trading calendars: list, show, import, add, edit them, and find the one that fits an asset."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ta_lab2_sql import calendars
from ta_lab2_sql.assets import resolve
from ta_lab2_sql.errors import WrongUsage
from ta_lab2_sql.options import ParamType, SomeAssets
from ta_lab2_sql.queries import query
from ta_lab2_sql.schema.version import check_version
from ta_lab2_sql.settings import Settings, pass_settings

if TYPE_CHECKING:
    import psycopg

# Days that `show` lists without --to, and the most that one edit may name.
SHOWN_DAYS = 60
MOST_DAYS = 3700


class Names(ParamType):
    """Names of calendars with commas between them."""

    name = "calendars"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Each once, in the order given."""
        names = tuple(dict.fromkeys(value.replace(",", " ").split()))
        if not names:
            raise WrongUsage("which calendars?", "--among", "write XNYS,XLON")
        return names


@click.group(invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """List the trading calendars, or change them. An asset on a calendar expects rows on its sessions only.

    Without a word after it: the calendars stored, their zone, the week of today (seven of 0 and 1, Monday
    first), the days that are known, how many assets are on each, and whether it ends before they do. 71
    calendars of exchanges are shipped.

    \b
    Examples:
      ta-lab2 calendars import XNYS
      ta-lab2 assets set AAPL --calendar XNYS
      ta-lab2 calendars close XNYS 2025-01-09 --note "day of mourning"
    """
    if ctx.invoked_subcommand is not None:
        return
    settings = ctx.ensure_object(Settings)
    from psycopg.rows import dict_row

    with settings.connect("calendars") as connection, connection.cursor(row_factory=dict_row) as cursor:
        check_version(connection)
        found = cursor.execute(query("commands/calendars")).fetchall()
        ends = calendars.ends(connection)
    ending = {row["calendar"]: "has ended" if row["has_ended"] else "soon" for row in ends}
    found = [{**row, "ends": ending.get(row["calendar"])} for row in found]
    settings.show(found, title=f"{len(found)} calendar{'' if len(found) == 1 else 's'}")
    for row in ends:
        settings.note(calendars.told_end(row))
    if not found:
        settings.note("import some: ta-lab2 calendars import XNYS, or --all")


@command.command()
@click.argument("name")
@click.option(
    "--from", "first", type=click.DateTime(["%Y-%m-%d"]), metavar="D", help="First day; else today."
)
@click.option(
    "--to", "last", type=click.DateTime(["%Y-%m-%d"]), metavar="D", help=f"Last day; else {SHOWN_DAYS} on."
)
@pass_settings
def show(settings: Settings, name: str, first: datetime | None, last: datetime | None) -> None:
    """Show the sessions and exceptions of the calendar NAME, with their hours.

    \b
    Example:
      ta-lab2 calendars show XNYS --from 2024-11-25 --to 2024-12-01
    """
    from psycopg.rows import dict_row

    begin = first.date() if first else datetime.now(timezone.utc).date()
    end = last.date() if last else begin + timedelta(SHOWN_DAYS)
    with settings.connect("calendars") as connection, connection.transaction():
        check_version(connection)
        calendars.ensure(connection, [name], settings.note)
        with connection.cursor(row_factory=dict_row) as cursor:
            connection.execute("SELECT check_days(%s, %s)", (begin, end))
            asked = {"calendar": name, "first": begin, "last": end}
            found = cursor.execute(query("commands/calendar_days"), asked).fetchall()
    settings.show(found, title=f"{name}, {begin} to {end}")


@command.command("import")
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All calendars of the file.")
@click.option(
    "--file", "path", type=click.Path(dir_okay=False, path_type=Path), metavar="F",
    help="A file in the layout of the shipped one; default: that one.",
)  # fmt: skip
@click.option("--replace", is_flag=True, help="Also what a person closed or opened.")
@pass_settings
def import_(
    settings: Settings, names: tuple[str, ...], everything: bool, path: Path | None, replace: bool
) -> None:
    """Import calendars by NAME, or all. What changes for assets on them is taken up by the next refresh.

    \b
    Examples:
      ta-lab2 calendars import XNYS XLON
      ta-lab2 calendars import --all --file mine.csv
    """
    if bool(names) == everything:
        raise WrongUsage("which calendars?", "calendars import", "give names, or --all")
    found = calendars.read(path) if path else calendars.shipped()
    for name in names:
        if name not in found.names:
            raise calendars.unknown(name, found.names)
    with settings.connect("calendars") as connection, connection.transaction():
        check_version(connection)
        rows = calendars.store(connection, found if everything else found.only(names), replace=replace)
    settings.show(rows, title=f"imported from {found.source}")
    kept = sum(row["by_hand"] for row in rows)
    if kept and not replace:
        settings.note(f"{kept} exceptions made by hand stay; --replace takes those of the file instead")


@command.command()
@click.argument("name")
@click.option("--week", "mask", required=True, metavar="1111100", help="Seven of 0 and 1, Monday first.")
@click.option("--tz", metavar="TZ", help="Zone of its hours, an IANA name; for people.")
@click.option(
    "--from", "first", type=click.DateTime(["%Y-%m-%d"]), metavar="D",
    help="First day of a new week of a calendar that is there.",
)  # fmt: skip
@pass_settings
def add(settings: Settings, name: str, mask: str, tz: str | None, first: datetime | None) -> None:
    """Add the calendar NAME, or with --from another week to it.

    \b
    Examples:
      ta-lab2 calendars add FX --week 1111101
      ta-lab2 calendars add XTAE --week 1111100 --from 2026-01-05
    """
    try:
        calendars.check_week(mask)
    except ValueError as error:
        raise WrongUsage(str(error), "--week", "give one like 1111100") from None
    with settings.connect("calendars") as connection, connection.transaction():
        check_version(connection)
        there = connection.execute("SELECT 1 FROM calendars WHERE calendar = %s", (name,)).fetchone()
        if there and first is None:
            raise WrongUsage(f"calendar {name} is there already", name, "--from DAY adds a week to it")
        if not there and first is not None:
            raise WrongUsage(f"calendar {name} isn't there yet", name, "leave --from out")
        if not there:
            connection.execute(query("commands/calendar_add"), {"calendar": name, "tz": tz})
        begin = first.date() if first else date(1970, 1, 1)
        asked = {"calendar": name, "from_day": begin, "weekmask": mask}
        connection.execute(query("commands/calendar_add_week"), asked)
        _say(settings, connection, name, f"week {mask}" + (f" from {first:%Y-%m-%d}" if first else ""))


@command.command()
@click.argument("name")
@click.argument("days", metavar="DAY[..DAY]")
@click.option("--note", metavar="TEXT", help="Why.")
@pass_settings
def close(settings: Settings, name: str, days: str, note: str | None) -> None:
    """Make days of the calendar NAME no session.

    \b
    Example:
      ta-lab2 calendars close XNYS 2001-09-11..2001-09-14
    """
    _except(settings, name, days, False, note)


@command.command("open")
@click.argument("name")
@click.argument("days", metavar="DAY[..DAY]")
@click.option("--note", metavar="TEXT", help="Why.")
@pass_settings
def open_(settings: Settings, name: str, days: str, note: str | None) -> None:
    """Make days of the calendar NAME sessions.

    \b
    Example:
      ta-lab2 calendars open XTKS 2024-05-04
    """
    _except(settings, name, days, True, note)


@command.command()
@click.option("--ids", type=SomeAssets(), metavar="all|1,AAPL|@file", help="Only these assets.")
@click.option("--among", type=Names(), metavar="C,..", help="Only these calendars; default: all there are.")
@click.option("--apply", "assigns", is_flag=True, help="Put the assets on what is suggested.")
@pass_settings
def suggest(
    settings: Settings,
    ids: tuple[int | str, ...] | None,
    among: tuple[str, ...] | None,
    assigns: bool,
) -> None:
    """Name the calendar that fits the days of assets far better than the one that they are on, or none.

    Stored and shipped calendars are looked at. Counted are sessions without a row and rows on no session,
    between an asset's first row and its last; at least 60 rows, of which more than ten don't fit now, and at
    most a tenth of these with what is suggested. Where calendars fit equally the usual one stands first, and
    --apply takes it only if --among says which may be taken.

    \b
    Examples:
      ta-lab2 calendars suggest
      ta-lab2 calendars suggest --ids AAPL,MSFT --among XNYS --apply
    """
    with settings.connect("calendars suggest") as connection, connection.transaction():
        check_version(connection)
        wanted = (
            [asset for (asset,) in connection.execute("SELECT asset_ids()")]
            if ids is None
            else resolve(connection, ids)
        )
        connection.execute("SELECT check_ids(%s::int[])", (list(wanted),))
        looked_at = calendars.suggest(connection, wanted, among)
        found = [row for row in looked_at if row["suggested"]]
        chosen = [row for row in found if assigns and (among is not None or not row["ties"])]
        calendars.assign(connection, {row["id"]: row["suggested"] for row in chosen}, settings.note)
    taken = {row["id"] for row in chosen}
    if settings.json:
        settings.show([{**row, "assigned": row["id"] in taken} for row in found])
        return
    if found:
        settings.show(
            [{**row, "ties": ", ".join(row["ties"]) or None} for row in found],
            title=f"{len(found)} of {len(wanted)} assets fit another calendar far better",
        )
    elif looked_at:
        settings.note(f"{len(looked_at)} assets: no calendar fits far better than what is set")
    if len(looked_at) < len(wanted):
        more = len(wanted) - len(looked_at)
        settings.note(
            f"{more} asset{'s have' if more > 1 else ' has'} no valid days yet: ta-lab2 refresh bars"
        )
    _after(settings, found, taken, assigns)


def _after(settings: Settings, found: list[dict[str, Any]], taken: set[int], assigns: bool) -> None:
    """What was done with suggestions, and what there is to do."""
    if taken:
        settings.note(f"{len(taken)} asset{'s' if len(taken) > 1 else ''} assigned: ta-lab2 refresh all")
    left = [row for row in found if row["id"] not in taken]
    if not left:
        return
    row = left[0]
    if assigns:
        names = ",".join(sorted({row["suggested"] for row in left}))
        settings.note(
            f"{len(left)} not assigned, as others fit equally; say which may be taken: --among {names}"
        )
    else:
        settings.note(
            f"--apply assigns them, ties with --among; or: "
            f"ta-lab2 assets set {row['symbol'] or row['id']} --calendar {row['suggested']}"
        )


def _except(settings: Settings, name: str, days: str, is_session: bool, note: str | None) -> None:
    """Close or open a range of days."""
    first, last = _range(days)
    with settings.connect("calendars") as connection, connection.transaction():
        check_version(connection)
        calendars.ensure(connection, [name], settings.note)
        connection.execute("SELECT check_days(%s, %s)", (first, last))
        asked = {"calendar": name, "first": first, "last": last, "is_session": is_session, "note": note}
        connection.execute(query("commands/calendar_except"), asked)
        _say(settings, connection, name, f"{days} {'opened' if is_session else 'closed'}")


def _range(text: str) -> tuple[date, date]:
    """A day, or two with .. between them."""
    found = re.fullmatch(r"(\d{4}-\d{2}-\d{2})(?:\.\.(\d{4}-\d{2}-\d{2}))?", text)
    try:
        if not found:
            raise ValueError(text)
        first, last = date.fromisoformat(found[1]), date.fromisoformat(found[2] or found[1])
    except ValueError:
        raise WrongUsage(
            f"'{text}' is no day", "DAY[..DAY]", "write 2024-01-31, or 2024-01-29..2024-01-31"
        ) from None
    if last < first or (last - first).days >= MOST_DAYS:
        raise WrongUsage(
            f"'{text}' is an empty or too long a range", "DAY[..DAY]", "write the earlier day first"
        )
    return first, last


def _say(settings: Settings, connection: psycopg.Connection[Any], name: str, what: str) -> None:
    """Apply what was edited and tell what it means for assets."""
    changed = calendars.apply(connection).get(name, 0)
    row = connection.execute("SELECT count(*) FROM assets WHERE calendar = %s", (name,)).fetchone()
    assets = row[0] if row else 0
    if settings.json:
        settings.show_one({"calendar": name, "days_changed": changed, "assets": assets})
        return
    told = f"{name}: {what}; {changed} day{'' if changed == 1 else 's'} changed"
    settings.note(told + (f"; {assets} assets are on it: ta-lab2 refresh all" if assets and changed else ""))
