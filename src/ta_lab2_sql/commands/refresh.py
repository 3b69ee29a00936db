"""Bring validated days, bars and EMAs up to date."""

from __future__ import annotations

import difflib
import re
import signal
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ta_lab2_sql.errors import WrongUsage
from ta_lab2_sql.settings import Settings, pass_settings

if TYPE_CHECKING:
    ParamType = click.ParamType[Any]
else:
    ParamType = click.ParamType

FAMILIES = ("1d", "multi_tf", "cal_us", "cal_iso", "cal_anchor_us", "cal_anchor_iso")
VARIANTS = ("multi_tf", "multi_tf_v2", "cal_us", "cal_iso", "cal_anchor_us", "cal_anchor_iso")
LARGEST_ID = 2**31 - 1


class Name(ParamType):
    """One of some names, or `all`; a wrong one is told the nearest."""

    name = "name"

    def __init__(self, what: str, names: tuple[str, ...]) -> None:
        self.what, self.names = what, names

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str | None:
        """None stands for all."""
        # The relations of cal_us are called multi_tf_cal_us; both names will do.
        name = re.sub("^multi_tf_(?=cal)", "", value)
        if name == "all":
            return None
        if name not in self.names:
            near = difflib.get_close_matches(name, [*self.names, "all"], n=3, cutoff=0.4)
            names = ", ".join((*self.names, "all"))
            todo = f"did you mean {' or '.join(near)}?" if near else f"give one of {names}"
            raise WrongUsage(f"unknown {self.what} '{value}'", f"--{self.what}", todo)
        return name


class Ids(ParamType):
    """`all`, or ids with commas or blanks between them, or @file."""

    name = "ids"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...] | None:
        """None stands for all; doubles count once."""
        if isinstance(value, tuple) or value.strip() == "all":
            return None if not isinstance(value, tuple) else value
        text, where = value, "--ids"
        if value.startswith("@"):
            path = Path(value[1:]).expanduser()
            where = f"--ids, file {path}"
            try:
                lines = path.read_text(encoding="utf-8").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "not a text in UTF-8"
                raise WrongUsage(f"can't read the ids: {reason}", where, "name a file of ids") from None
            text = " ".join(line.split("#", 1)[0] for line in lines)
        words = text.replace(",", " ").split()
        if not words:
            raise WrongUsage("no ids", where, "give all, ids like 1,52, or @file")
        for word in words:
            if not re.fullmatch("[0-9]{1,10}", word) or int(word) > LARGEST_ID:
                raise WrongUsage(f"'{word}' is not an asset id", where, "give all, ids like 1,52, or @file")
        return tuple(dict.fromkeys(int(word) for word in words))


class Periods(ParamType):
    """`lut` for the catalogue's periods, or numbers with commas between them."""

    name = "periods"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...] | None:
        """None stands for all of the catalogue."""
        if isinstance(value, tuple) or value.strip() == "lut":
            return None if not isinstance(value, tuple) else value
        words = value.replace(",", " ").split()
        if not words:
            raise WrongUsage("an empty list of periods", "--periods", "give lut, or periods like 9,21")
        for word in words:
            if not re.fullmatch("[0-9]{1,6}", word) or not 1 <= int(word) <= 100_000:
                raise WrongUsage(
                    f"bad period '{word}'", "--periods", "give lut, or periods of 1 to 100000 like 9,21"
                )
        return tuple(dict.fromkeys(int(word) for word in words))


class Moment(ParamType):
    """A day (its start in UTC) or a moment; without an offset it is UTC."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Refuse what is neither."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", value.strip()))
        except ValueError:
            option = param.opts[0] if param else "the command line"
            raise WrongUsage(
                f"'{value}' is not a date", option, "write it as 2024-01-31 or 2024-01-31T12:00:00+00:00"
            ) from None
        return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


class Workers(ParamType):
    """A number of workers, or `auto`; at most the CPUs of this machine."""

    name = "workers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Below 1 is 1."""
        from ta_lab2_sql.refresh import cpus

        if value == "auto":
            return cpus()
        try:
            return max(1, min(int(value), cpus()))
        except ValueError:
            raise WrongUsage(f"'{value}' workers", "--workers", "give a number, or auto") from None


def refresh_options(command: Any) -> Any:
    """The options that `refresh` and `plan` share."""
    options = [
        click.option("--family", type=Name("family", FAMILIES), metavar="F",
                     help=f"Bars of one family: {', '.join(FAMILIES)}, all."),
        click.option("--variant", type=Name("variant", VARIANTS), metavar="V",
                     help=f"EMAs of one variant: {', '.join(VARIANTS)}, all."),
        click.option("--ids", type=Ids(), metavar="all|1,52|@file",
                     help="Assets; a file has one or more ids a line, # begins a comment. Default: all."),
        click.option("--tf", "tfs", multiple=True, metavar="T",
                     help="Only this timeframe, canonical or not; may be repeated."),
        click.option("--periods", type=Periods(), metavar="lut|9,21",
                     help="EMA periods that must be there; lut (default): all of dim_period."),
        click.option("--workers", type=Workers(), metavar="N|auto", default=str(6), show_default=True,
                     help="Assets at a time on each --db-url; at most the CPUs of this machine."),
        click.option("--full-rebuild", is_flag=True, help="Build what is named from nothing."),
        click.option("--lookback-days", type=click.IntRange(0, 100_000), metavar="N", default=3,
                     show_default=True,
                     help="Compare the last N days with what is stored, for sources behind the triggers."),
        click.option("--tz", metavar="TZ", help="Zone of the local day, an IANA name; the asset keeps it."),
        click.option("--time-min", type=Moment(), metavar="D", help="Examine only raw rows from here on ..."),
        click.option("--time-max", type=Moment(), metavar="D", help="... and before this (1d and all)."),
        click.option("--keep-rejects/--no-keep-rejects", default=True, show_default=True,
                     help="Keep rejected days in cmc_price_bars_1d_rejects."),
        click.option("--include-non-canonical", is_flag=True,
                     help="Also timeframes that the catalogue doesn't mark canonical."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def check_combination(what: str, options: dict[str, Any]) -> None:
    """Refuse options that contradict each other or the stage."""
    where = "the command line"
    if what == "bars" and options["variant"] is not None:
        raise WrongUsage("bars have families, not variants", where, "give --family, or refresh emas")
    if what == "emas" and options["family"] is not None:
        raise WrongUsage("EMAs have variants, not families", where, "give --variant, or refresh bars")
    if what == "bars" and options["periods"] is not None:
        raise WrongUsage("bars have no periods", where, "leave --periods out, or refresh emas")
    least, most = options["time_min"], options["time_max"]
    if least is None and most is None:
        return
    if what == "emas" or options["variant"] is not None:
        raise WrongUsage("EMAs can't be bounded in time", where, "an EMA starts with its asset; bound reads")
    if options["family"] not in (None, "1d"):
        raise WrongUsage(
            f"family {options['family']} can't be bounded in time",
            where,
            "only raw rows can: --family 1d or all",
        )
    if least is not None and most is not None and least >= most:
        raise WrongUsage("an empty range", where, "give a --time-max after --time-min")


@click.command()
@click.argument("what", type=click.Choice(["bars", "emas", "all"]))
@refresh_options
@click.option("--fail-on-rejects", is_flag=True, help="Exit 1 when a day of this run was rejected.")
@click.option("--fail-fast", is_flag=True, help="Begin no other asset after a failure.")
@click.option("--plan", "plan_only", is_flag=True, help="Say what would be done and why; change nothing.")
@click.option("--events", is_flag=True, help="Print one JSON object a line while it runs.")
@pass_settings
def command(settings: Settings, /, what: str, plan_only: bool, events: bool, **options: Any) -> None:
    """Bring validated days and bars (bars), EMAs and what they read (emas), or everything (all) up to date.

    Each asset is a transaction of its own: one that fails is listed and doesn't hold up the others.
    Ctrl-C cancels what runs; an asset is then as before or up to date, never half done.

    \b
    Examples:
      ta-lab2 refresh all
      ta-lab2 refresh bars --family cal_us --ids 1,52
      ta-lab2 refresh emas --variant multi_tf --tf 7D --tf 30D --full-rebuild

    --json prints one document at the end. --events prints an object a line: `start` (assets, unchanged,
    to_do, workers), `asset` for each (id, outcome done, failed or cancelled, changed, seconds, rows,
    failure with sqlstate, message and todo, and done, to_do, seconds_left of the run), `end` with the totals.
    """
    from ta_lab2_sql.progress import reporter
    from ta_lab2_sql.refresh import Request, execute

    check_combination(what, options)
    if plan_only:
        from ta_lab2_sql.plan import show_plan

        show_plan(settings, Request(what, **options))
        return
    if threading.current_thread() is threading.main_thread():
        # A scheduler's request to end is handled like Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    result = execute(settings, Request(what, **options), reporter(settings, events))
    if not events:
        _show(settings, result)
    result.raise_for_trouble()


def _show(settings: Settings, result: Any) -> None:
    """The table of what was done, and the failures."""
    from ta_lab2_sql.plan import nothing_new
    from ta_lab2_sql.progress import asset_record

    if settings.json:
        results = [asset_record(outcome) for outcome in sorted(result.outcomes, key=lambda o: o.id)]
        settings.show_one({**result.summary(), "families": result.by_family(), "results": results})
        return
    if result.to_do == 0 and result.fatal is None:
        settings.note(nothing_new(result.looked_at))
        return
    took = f"{result.done} of {result.to_do} assets in {result.seconds:.2f} s"
    table = result.by_family()
    if table:
        unused = {name for name in table[0] if name != "written" and not any(row[name] for row in table)}
        rows = [{name: value for name, value in row.items() if name not in unused} for row in table]
        settings.show(rows, title=f"refresh {result.request.what}: {took}")
    if result.failures:
        settings.show(result.failures, title="failed")
    if result.not_started:
        settings.note(f"{len(result.not_started)} of {result.to_do} assets were not begun")
