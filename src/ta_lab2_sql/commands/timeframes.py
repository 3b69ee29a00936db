"""Show the catalogue of timeframes, or the windows of one."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Any

import click

from ta_lab2_sql.errors import WrongUsage
from ta_lab2_sql.queries import query
from ta_lab2_sql.schema.version import check_version
from ta_lab2_sql.settings import Settings, pass_settings
from ta_lab2_sql.taxonomy import families, groups_of

if TYPE_CHECKING:
    import psycopg

FAMILIES = families()[1:]


@click.command()
@click.argument("tf", required=False)
@click.option("--family", metavar="F", help=f"One of {', '.join(FAMILIES)}.")
@click.option("--windows", is_flag=True, help="List the windows of TF instead.")
@click.option(
    "--from", "first", type=click.DateTime(["%Y-%m-%d"]), metavar="D", help="First day; else today."
)
@click.option(
    "--count",
    type=click.IntRange(1, 10_000),
    default=12,
    show_default=True,
    metavar="N",
    help="Windows to list.",
)
@pass_settings
def command(
    settings: Settings, tf: str | None, family: str | None, windows: bool, first: datetime | None, count: int
) -> None:
    """Show the timeframes with the first window that each has for an asset beginning on a day.

    With TF only that one; with --windows its first windows, as bar_windows() gives them.

    \b
    Examples:
      ta-lab2 timeframes --family cal_us
      ta-lab2 timeframes 1W_CAL_US --windows --from 2024-01-01
    """
    from psycopg.rows import dict_row

    if family is not None and family not in FAMILIES:
        raise WrongUsage(f"unknown family '{family}'", "--family", f"give one of {', '.join(FAMILIES)}")
    if windows and tf is None:
        raise WrongUsage("which timeframe's windows?", "--windows", "ta-lab2 timeframes 1W_CAL_US --windows")
    day = first.date() if first else datetime.now(timezone.utc).date()
    with settings.connect("timeframes") as connection, connection.cursor(row_factory=dict_row) as cursor:
        check_version(connection)
        if tf is not None:
            connection.execute("SELECT check_timeframes('all', %s)", ([tf],))
        found = _read(cursor, tf, family, windows, day, count)
    what = f"windows of {tf}" if windows else "timeframes"
    if not (windows or settings.json):
        found = [_row(timeframe) for timeframe in found]
    settings.show(found, title=f"{what} for an asset that begins on {day}")


def _row(timeframe: dict[str, Any]) -> dict[str, Any]:
    """A timeframe for people."""
    least, most = timeframe["days_min"], timeframe["days_max"]
    exception = "" if timeframe["canonical"] else "; not canonical"
    return {
        "tf": timeframe["tf"],
        "family": timeframe["family"].replace("|", ", "),
        "days": str(most) if least == most else f"{least}-{most}",
        "window from": timeframe["next_start"],
        "to": timeframe["next_end"],
        "label": (timeframe["label"] or "") + exception,
    }


def _read(
    cursor: psycopg.Cursor[dict[str, Any]],
    tf: str | None,
    family: str | None,
    windows: bool,
    day: date,
    count: int,
) -> list[dict[str, Any]]:
    if windows:
        wanted = {"tf": tf, "first": day, "count": count}
        return cursor.execute(query("commands/timeframe_windows"), wanted).fetchall()
    groups = groups_of(family) if family else None
    return cursor.execute(query("commands/timeframes"), {"tf": tf, "groups": groups, "first": day}).fetchall()
