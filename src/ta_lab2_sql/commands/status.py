"""Tell how fresh everything is, how big, and what the last run did."""

from __future__ import annotations

import re
import textwrap
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from ta_lab2_sql import calendars
from ta_lab2_sql._version import __version__
from ta_lab2_sql.assets import resolve
from ta_lab2_sql.errors import WorkFailed, WrongUsage
from ta_lab2_sql.options import ParamType, SomeAssets
from ta_lab2_sql.queries import query
from ta_lab2_sql.schema.version import check_version, current_revision
from ta_lab2_sql.settings import Settings, pass_settings

if TYPE_CHECKING:
    import psycopg

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
# An asset lags when its newest raw day is this many days, or sessions of its calendar, older than the newest.
LAGS = 3
MOST_ROWS = 20


class Age(ParamType):
    """A duration like 36h, 2d or 90m."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Refuse what has no unit."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([mhdw])", value.strip())
        if found is None:
            raise WrongUsage(f"'{value}' is not an age", "--max-age", "write it as 90m, 36h, 2d or 1w")
        return timedelta(**{UNITS[found[2]]: float(found[1])})


@click.command()
@click.option(
    "--max-age",
    type=Age(),
    metavar="36h",
    help="Exit 1 when an asset's newest day, with all made of it, is older; m, h, d or w. "
    "Of an asset on a calendar the age begins with the end of the first session without a row.",
)
@click.option("--ids", type=SomeAssets(), metavar="all|1,AAPL|@file", help="Only these assets.")
@click.option("--runs", is_flag=True, help="List the last runs instead.")
@click.option(
    "--count",
    type=click.IntRange(1, 100_000),
    default=20,
    show_default=True,
    metavar="N",
    help="Runs to list.",
)
@pass_settings
def command(
    settings: Settings, max_age: timedelta | None, ids: tuple[int | str, ...] | None, runs: bool, count: int
) -> None:  # fmt: skip
    """Tell whether everything is fresh, since when not, which assets lag behind, how big it is, what version
    it is, and what the last run did.

    \b
    Examples:
      ta-lab2 status
      ta-lab2 status --max-age 36h --ids 1,52     exit 1 when one of them is older
      ta-lab2 status --runs
    """
    from psycopg.rows import dict_row

    with settings.connect("status") as connection, connection.cursor(row_factory=dict_row) as cursor:
        check_version(connection)
        if runs:
            found = cursor.execute(query("commands/status_runs"), {"count": count}).fetchall()
            listed = found if settings.json else [_run(row) for row in found]
            settings.show(listed, title=f"last {len(found)} runs" if len(found) != 1 else "last run")
            return
        told = _look(connection, cursor, None if ids is None else resolve(connection, ids))
    old = [] if max_age is None else _older(told, max_age)
    told["older"] = [row["id"] for row in old]
    if settings.json:
        settings.show_one(told)
    else:
        _print(settings, told)
    if old:
        shown = ", ".join(f"{row['symbol'] or row['id']} ({_day(row['fresh_until'])})" for row in old[:5])
        more = f" and {len(old) - 5} more" if len(old) > 5 else ""
        raise WorkFailed(
            f"{len(old)} of {len(told['assets'])} assets are older than {_age(max_age)}: {shown}{more}",
            settings.masked_url(),
            "load newer days and run ta-lab2 refresh all",
        )


def _run(row: dict[str, Any]) -> dict[str, Any]:
    """A run for people, in short names: the table is wide."""
    short = {"run_id": "run", "started_at": "started", "run_by": "by"}
    return {short.get(name, name): value for name, value in row.items()}


def _look(
    connection: psycopg.Connection[Any], cursor: psycopg.Cursor[dict[str, Any]], ids: tuple[int, ...] | None
) -> dict[str, Any]:
    if ids is not None:
        cursor.execute("SELECT check_ids(%s::int[])", (list(ids),))
    from ta_lab2_sql.schema import distribute

    layout = distribute.layout(connection)
    server = cursor.execute(query("commands/status_server")).fetchone()
    assert server is not None
    wanted = {"ids": None if ids is None else list(ids)}
    assets = cursor.execute(query("commands/status_assets"), wanted).fetchall()
    last = cursor.execute(query("commands/status_runs"), {"count": 1}).fetchone()
    return {
        "version": __version__,
        "revision": current_revision(connection),
        # check_version has compared them; it would have raised.
        "database_is_at_this_version": True,
        **server,
        "layout": str(layout),
        "balance": distribute.balance(connection, layout),
        "fresh": not any(row["waits_for"] for row in assets),
        "assets": assets,
        "waiting": [row["id"] for row in assets if row["waits_for"]],
        "lagging": [row["id"] for row in assets if (row["behind_days"] or 0) > LAGS],
        "calendars": calendars.ends(connection),
        "sizes": distribute.sizes(connection, layout),
        "last_run": last,
    }


def _older(told: dict[str, Any], age: timedelta) -> list[dict[str, Any]]:
    """The assets that aren't built up to the age; one that was never built is older than anything.

    Of an asset on a calendar the age begins when its first session without a row has ended.
    """
    oldest = told["now"] - age
    return [row for row in told["assets"] if row["age_begins"] is None or row["age_begins"] < oldest]


def _day(moment: datetime | None) -> str:
    return "never" if moment is None else moment.date().isoformat()


def _age(age: timedelta | None) -> str:
    hours = 0.0 if age is None else age.total_seconds() / 3600
    return f"{hours:g} h" if hours < 96 else f"{hours / 24:g} days"


def _bytes(size: int) -> str:
    value, units = float(size), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:.3g} {units[0]}"


def _ago(then: datetime, now: datetime) -> str:
    from ta_lab2_sql.refresh.plan import duration

    return f"{duration(max((now - then).total_seconds(), 0))} ago"


def _print(settings: Settings, told: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    assets = told["assets"]
    room = max(console.width - 10, 20) if console.is_terminal else 10_000

    def line(name: str, text: str, style: str = "") -> None:
        lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
        wrapped = ("\n" + " " * 10).join(lines)
        console.print(Text.assemble((f"{name:<10}", "bold"), (wrapped, style)))

    line(
        "database",
        f"{settings.masked_url()}, schema {told['schema']}, PostgreSQL {told['server']}, {told['layout']}",
    )
    line("version", f"ta-lab2 {told['version']}, database the same (revision {told['revision']})")
    if not assets:
        line("assets", "none; load some: ta-lab2 load BTC.csv --asset BTC")
    else:
        newest = max((row["raw_until"] for row in assets if row["raw_until"]), default=None)
        line("assets", f"{len(assets)}, newest day {_day(newest)}")
        waiting = [row for row in assets if row["waits_for"]]
        since = min((row["waits_since"] for row in waiting if row["waits_since"]), default=None)
        if waiting:
            when = f", the first since {_ago(since, told['now'])}" if since else ""
            text = f"no: {len(waiting)} of {len(assets)} assets wait for a refresh{when}"
            line("fresh", f"{text}; run ta-lab2 refresh all", "red")
        else:
            line("fresh", "yes: everything loaded is built", "green")
        if told["lagging"]:
            line(
                "lagging",
                f"{len(told['lagging'])} assets end more than {LAGS} days before the newest",
                "yellow",
            )
    for ends in told["calendars"]:
        line("calendar", calendars.told_end(ends), "yellow")
    total = sum(row["bytes"] for row in told["sizes"])
    parts = ", ".join(f"{row['relation']} {_bytes(row['bytes'])}" for row in told["sizes"][:4])
    line("size", f"{_bytes(total)}: {parts}")
    if told["balance"]:
        sizes = [row["bytes"] for row in told["balance"]]
        line("balance", f"{len(told['balance'])} parts of {_bytes(min(sizes))} to {_bytes(max(sizes))}")
        if settings.verbose:
            settings.show(told["balance"])
    _print_run(line, told)
    _print_assets(settings, told)


def _print_run(line: Any, told: dict[str, Any]) -> None:
    run = told["last_run"]
    if run is None:
        line("last run", "none yet")
        return
    took = "" if run["took"] is None else f" in {run['took'].total_seconds():.1f} s"
    changed = "" if run["changed"] is None else f", {run['changed']} of {run['assets']} assets changed"
    failed = f", {run['failed']} failed" if run["failed"] else ""
    text = (
        f"{run['command']}, {_ago(run['started_at'], told['now'])}: {run['outcome']}{took}{changed}{failed}"
    )
    error = f"; {run['error']}" if run["error"] else ""
    line("last run", text + error, "" if run["outcome"] in ("done", "running") else "red")


def _print_assets(settings: Settings, told: dict[str, Any]) -> None:
    """The assets that need a look: waiting, lagging, or all under -v."""
    named = set(told["waiting"]) | set(told["lagging"]) | set(told["older"])
    rows = [row for row in told["assets"] if settings.verbose or row["id"] in named]
    if not rows:
        return
    shown = rows if settings.verbose else rows[:MOST_ROWS]
    title = "assets" if settings.verbose else "assets that wait or lag"
    if len(shown) < len(rows):
        title += f" ({len(shown)} of {len(rows)}, -v shows all)"
    settings.show(
        [
            {
                "id": row["id"],
                **({"symbol": row["symbol"]} if any(other["symbol"] for other in rows) else {}),
                "raw until": _day(row["raw_until"]),
                "days until": _day(row["days_until"]),
                "bars until": _day(row["bars_until"]),
                "EMAs until": _day(row["emas_until"]),
                "waits for": row["waits_for"],
                "new days": row["new_days"],
                "since": None if row["waits_since"] is None else _ago(row["waits_since"], told["now"]),
                "days behind": round(row["behind_days"]) if (row["behind_days"] or 0) > LAGS else None,
            }
            for row in shown
        ],
        title=title,
    )
