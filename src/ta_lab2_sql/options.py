"""Types of options that several commands take."""

from __future__ import annotations

import difflib
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ta_lab2_sql.errors import WrongUsage
from ta_lab2_sql.refresh.connections import cpus
from ta_lab2_sql.taxonomy import families, variants

if TYPE_CHECKING:
    ParamType = click.ParamType[Any]
else:
    ParamType = click.ParamType

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


class OneAsset(ParamType):
    """An asset by id or symbol; which symbols there are, only the database knows."""

    name = "asset"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Digits are an id."""
        return value if isinstance(value, int) else asset_of(value, "the command line")


class SomeAssets(ParamType):
    """`all`, or ids and symbols with commas or blanks between them, or @file."""

    name = "assets"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int | str, ...] | None:
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
            # A symbol may hold a #, but not begin with it.
            text = " ".join(re.sub(r"(^|\s)#.*", "", line) for line in lines)
        words = text.replace(",", " ").split()
        if not words:
            raise WrongUsage("no ids", where, "give all, ids or symbols like 1,AAPL, or @file")
        return tuple(dict.fromkeys(asset_of(word, where) for word in words))


def asset_of(word: str, where: str) -> int | str:
    """The id or the symbol that a word is."""
    if not word.isascii() or not word.isdigit():
        return word
    if len(word) > 10 or int(word) > LARGEST_ID:
        raise WrongUsage(f"'{word}' is not an asset id", where, "give ids or symbols like 1,AAPL")
    return int(word)


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
        if value == "auto":
            return cpus()
        try:
            return max(1, min(int(value), cpus()))
        except ValueError:
            raise WrongUsage(f"'{value}' workers", "--workers", "give a number, or auto") from None


def refresh_options(command: Any) -> Any:
    """The options that `refresh` and `plan` share."""
    options = [
        click.option("--family", type=Name("family", families()), metavar="F",
                     help=f"Bars of one family: {', '.join(families())}, all."),
        click.option("--variant", type=Name("variant", variants()), metavar="V",
                     help=f"EMAs of one variant: {', '.join(variants())}, all."),
        click.option("--ids", type=SomeAssets(), metavar="all|1,AAPL|@file",
                     help="Assets by id or symbol; a file has one or more a line, # begins a comment. "
                          "Default: all."),
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
