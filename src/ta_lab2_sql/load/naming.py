"""Which asset a row belongs to: what the options say, what the file says, what its name says."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable, Sequence

from ta_lab2_sql.load.faults import Question, shown
from ta_lab2_sql.load.options import LARGEST_ID, LoadOptions
from ta_lab2_sql.load.sources import Source

YEAR = re.compile(r"(?:19|20)\d\d")
# The minutes and the seconds of a day stand in names of files of daily prices.
A_DAY = frozenset(("1440", "86400"))


@dataclasses.dataclass(frozen=True)
class Asset:
    """What is known of an asset before the database is asked."""

    symbol: str | None
    id: int | None

    @property
    def label(self) -> str:
        """How people call it."""
        return self.symbol or str(self.id)


def named(text: str) -> Asset:
    """The asset that an option names: digits are an id, anything else is a symbol."""
    if not text.isascii() or not text.isdigit():
        return Asset(text, None)
    return Asset(None, _id(text, "--asset"))


def _id(text: str, where: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= LARGEST_ID:
        raise Question(f"{shown(text)} is not an asset id", where, f"ids are 1 to {LARGEST_ID}")
    return int(text)


def pattern(text: str) -> re.Pattern[str]:
    """The expression of a pattern of file names: {symbol}, {id} and * stand for any characters."""
    if "{symbol}" not in text and "{id}" not in text:
        raise Question(f"{text!r} names no asset", "--name-pattern", "write {symbol} or {id} where it stands")
    made = ""
    for part in re.split(r"(\{symbol\}|\{id\}|\*)", text):
        made += {"{symbol}": "(?P<symbol>.+)", "{id}": "(?P<id>[0-9]+)", "*": ".*"}.get(part, re.escape(part))
    try:
        return re.compile(made)
    except re.error:
        raise Question(f"{text!r} names one thing twice", "--name-pattern", "use each once") from None


def from_name(source: Source, options: LoadOptions) -> Asset:
    """The asset that the pattern finds in the name of a file."""
    assert options.name_pattern is not None
    # Archives hide the ending of what they hold: a pattern is tried with and without.
    wanted = [options.name_pattern, re.sub(r"\.(csv|txt)$", "", options.name_pattern)]
    for text in wanted:
        for name in source.names:
            if found := pattern(text).fullmatch(name):
                groups = found.groupdict()
                symbol, number = groups.get("symbol"), groups.get("id")
                return Asset(
                    f"{options.symbol_prefix}{symbol}{options.symbol_suffix}" if symbol else None,
                    _id(number, source.shown) if number else None,
                )
    raise Question(
        f"the name doesn't fit the pattern {options.name_pattern}", source.shown, f"try {suggested([source])}"
    )


def suggested(sources: Sequence[Source]) -> str:
    """The options to type for files that don't say which asset they hold."""
    names = [source.names[0] for source in sources if source.shown != "stdin"]
    if not names:
        return "--asset SYMBOL"
    made = _pattern_for(names)
    both = f"--name-pattern '{made}'" if made else ""
    if len(names) > 1:
        return both or "load each with --asset SYMBOL, or rename the files"
    symbol = re.split(r"[_. ]", names[0])[0] or "SYMBOL"
    return " or ".join(
        part for part in (f"--asset {symbol if not symbol.isdigit() else 'SYMBOL'}", both) if part
    )


def _pattern_for(names: Sequence[str]) -> str | None:
    """A pattern that finds another symbol in each name, if there is one."""
    stems = [os.path.splitext(name) for name in names]
    ending = stems[0][1] if len({ending for _, ending in stems}) == 1 else ".*"
    with_ids = [re.fullmatch(r"([^_]+)_([0-9]{1,9})", stem) for stem, _ in stems]
    numbers = [m[2] for m in with_ids if m]
    is_id = len(set(numbers)) == len(names) and not A_DAY & set(numbers)
    if is_id and not all(map(YEAR.fullmatch, numbers)):
        return f"{{symbol}}_{{id}}{ending}"
    if all(
        re.fullmatch(r"[A-Za-z0-9.^=-]+", stem) and not re.search(r"-1d-|-\d{4}-", stem) for stem, _ in stems
    ):
        return f"{{symbol}}{ending}"
    tails = [re.fullmatch(r"([A-Za-z0-9.^=]+?)([-_ ].*)", stem) for stem, _ in stems]
    if not all(tails):
        return None
    common = _common([m[2] for m in tails if m])
    if len(names) == 1:
        common = re.sub(r"\d.*$", "", re.sub(r"(?<=-1d).*$", "-", common))
    elif common == tails[0][2]:  # type: ignore[index]
        return f"{{symbol}}{common}{ending}"
    return f"{{symbol}}{common}*{ending}" if common else f"{{symbol}}_*{ending}"


def _common(texts: Sequence[str]) -> str:
    """What all texts begin with."""
    least, most = min(texts), max(texts)
    same = (i for i, pair in enumerate(zip(least, most, strict=False)) if pair[0] != pair[1])
    return least[: next(same, len(least))]


def checked(symbols: Iterable[tuple[str, str, int, str]], options: LoadOptions) -> None:
    """Refuse texts of symbol columns that are digits (7203, 005930), never an id, or hold blanks."""
    for symbol, file, line, column in symbols:
        full = f"{options.symbol_prefix}{symbol}{options.symbol_suffix}"
        if full.isdigit():
            raise Question(
                f"the symbol {symbol} is digits alone, which would be an id",
                f"{file}, line {line}",
                "--symbol-suffix .T or --symbol-prefix X: makes symbols of them",
            )
        if re.search(r"[\s,@\"'`]", symbol):
            raise Question(
                f"{shown(symbol)} is no symbol: symbols have no blanks, commas, @ or quotes",
                f"{file}, line {line}, column {column}",
                "--columns symbol=NAME takes another column, --asset SYMBOL makes one asset of all rows",
            )
