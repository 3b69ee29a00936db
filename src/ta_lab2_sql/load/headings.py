"""Headers of several assets: lines of fields above lines of symbols, or a column for each symbol."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping, Sequence

from ta_lab2_sql.load.layouts import NUMBERS, Layout, key

DAY_LIKE = re.compile(
    r"'?\d{4}[-/. ] ?\d{1,2}[-/. ] ?\d{1,2}(?!\d).*"
    r"|'?\d{1,2}[-/. ]\d{1,2}[-/. ](?:\d{4}|\d{2})(?!\d).*"
    r"|(?:1\d\d[-/.年]|民[國国] ?\d{2,3}年)\d{1,2}[-/.月]\d{1,2}日?"
    r"|\d{4}(?:年|년) ?\d{1,2}(?:月|월) ?\d{1,2}(?:日|일).*"
    r"|\d{6}|\d{8,19}(?:\.\d*)?|\d{8}[ T]\d.*|\d\.\d{4,}[eE]\+?\d\d?"
    r"|(?:[^\W\d_]{2,12}\.?,? +)?\d{1,2}(?:\.|º|st|nd|rd|th|er)?[-/ ]*(?:de )?[^\W\d_]{3,}\.?,?[-/ ]*"
    r"(?:de )?\d{2,4}(?!\d).*"
    r"|(?:[^\W\d_]{2,12}\.?,? +)?[^\W\d_]{3,}\.?[- ]*\d{1,2}(?:st|nd|rd|th)?,?[- ]*\d{4}(?!\d).*"
    r"|(?:[^\W\d_]{2,12}\.?,? +)?[^\W\d_]{3,}\.?(?:[- ]+\d{1,2}){2}(?!\d).*"
    r"|[^\W\d_]{3} [^\W\d_]{3} +\d{1,2} \d\d:\d\d:\d\d (?:[A-Z]{3,4} )?\d{4}"
    r"|\d{4}[-/ ][^\W\d_]{3,}\.?[-/ ]\d{1,2}(?!\d).*"
)
NUMBER_LIKE = re.compile(
    r"[(]?[-+−]?[^\w\s]{0,2} ?[-+−]?\d[\d.,'’   ]*(?:[eE][-+]?\d+)? ?[^\W\d]{0,4}%?[€$)]?"
)
WRITTEN_DAY = re.compile(r"\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}(?!\d).*|.*[^\W\d_]{3}.*")
QUIET_SYMBOL = re.compile(r"[A-Z]?[a-z0-9][a-z0-9.-]*|[A-Z0-9][A-Z0-9.^=/&:+-]*")
LOUD_SYMBOL = re.compile(r"[\^.]?[A-Z0-9][A-Z0-9.^=/_&-]{0,19}")
SYMBOL = re.compile(r"[^\W_][\w.^=/&:+-]{0,63}|[\^.]\w{1,20}")
FIELD_ROWS = frozenset({"price", "prices", "attribute", "attributes", "field", "fields"})
SYMBOL_ROWS = frozenset({"ticker", "tickers", "symbol", "symbols"})


@dataclasses.dataclass(frozen=True)
class Block:
    """The columns of one asset in a line; without a symbol the line's own columns say which."""

    symbol: str | None
    at: Mapping[str, int]


Found = tuple[tuple[Block, ...], list[str]]


def roles_of(layout: Layout, general: Layout) -> dict[str, str]:
    """The role that each name of a column of numbers means."""
    return {key(s): role for role in NUMBERS for s in (*general.columns[role], *layout.columns.get(role, ()))}


def date_column(names: Sequence[str], data: Sequence[Sequence[str]], dates: Collection[str]) -> int | None:
    """The column of days: called so, else the first in which every cell is written as a day."""
    rows = [row for row in data[:50] if len(row) >= len(names)]
    for at, name in enumerate(names):
        # A file may number its rows in a first column without a name.
        if key(name) in dates and (name or at == 0) and all(DAY_LIKE.fullmatch(row[at]) for row in rows):
            return at
    written = (at for at in range(len(names)) if rows and all(_is_written(row[at]) for row in rows))
    return next(written, None)


def _is_written(cell: str) -> bool:
    return DAY_LIKE.fullmatch(cell) is not None and WRITTEN_DAY.fullmatch(cell) is not None


def of_lines(
    heading: Sequence[Sequence[str]], data: Sequence[Sequence[str]], layout: Layout, general: Layout
) -> Found | None:
    """The columns of each asset under a line of fields and a line of symbols; None where it isn't so."""
    role_of = roles_of(layout, general)
    dates = {key(name) for name in general.columns["date"]}
    date = next((at for at, cell in enumerate(data[0]) if DAY_LIKE.fullmatch(cell)), 0)
    called = (at for cells in heading for at, cell in enumerate(cells) if cell and key(cell) in dates)
    date = next((at for at in called if at < len(data[0]) and DAY_LIKE.fullmatch(data[0][at])), date)
    width = len(heading[0])
    others = [at for at in range(width) if at != date]
    fields = max(heading, key=lambda cells: sum(key(cells[at]) in role_of for at in others))
    of_fields = [at for at in others if key(fields[at]) in role_of]
    if not of_fields:
        return None
    symbols = _symbols(heading, fields, of_fields, date)
    if symbols is None:
        return None
    at: dict[str | None, dict[str, int]] = {}
    for i in of_fields:
        at.setdefault(symbols[i], {"date": date}).setdefault(role_of[key(fields[i])], i)
    blocks = _whole(at)
    names = [" ".join(dict.fromkeys(x for x in (fields[i], symbols[i]) if x)) for i in range(width)]
    names[date] = (
        next((cells[date] for cells in reversed(heading) if key(cells[date]) in dates), "") or "Date"
    )
    return (blocks, names) if blocks else None


def _symbols(
    heading: Sequence[Sequence[str]], fields: Sequence[str], of_fields: Sequence[int], date: int
) -> list[str] | None:
    """The symbol above or below each field; None when no line has them."""
    alone = any(
        cells is not fields and not any(c for i, c in enumerate(cells) if i != date) for cells in heading
    )
    for cells in heading:
        if cells is fields:
            continue
        filled = _filled(cells, date) if heading.index(cells) < heading.index(fields) else list(cells)
        if not all(SYMBOL.fullmatch(filled[i]) for i in of_fields):
            continue
        told = key(cells[date]) in SYMBOL_ROWS or key(fields[date]) in FIELD_ROWS or alone
        several = len({filled[i] for i in of_fields}) > 1
        if told or (several and len({key(fields[i]) for i in of_fields}) < len(of_fields)):
            return filled
    return None


def _filled(cells: Sequence[str], date: int) -> list[str]:
    """A line in which a name stands over several columns, in the first of them only."""
    filled, last = list(cells), ""
    for at, cell in enumerate(cells):
        if at != date:
            filled[at] = last = cell or last
    return filled


def of_names(
    names: Sequence[str], data: Sequence[Sequence[str]], layout: Layout, general: Layout
) -> Found | None:
    """The columns of each asset where names are symbols, or symbols and fields; None where they aren't."""
    role_of = roles_of(layout, general)
    dates = {key(name) for name in general.columns["date"]}
    date = date_column(names, data, dates)
    if date is None or key(names[date]) not in dates:
        return None
    others = [
        at for at, name in enumerate(names) if at != date and name and key(name) not in general.no_symbols
    ]
    pairs = {at: _pair(names[at], role_of) for at in others}
    if sum(pair is not None for pair in pairs.values()) >= 2:
        found: dict[str | None, dict[str, int]] = {}
        for at, pair in pairs.items():
            if pair is not None:
                found.setdefault(pair[0], {"date": date}).setdefault(pair[1], at)
        if whole := _whole(found):
            return whole, list(names)
    # Fields rather than symbols; a field of one letter is none where not all four prices have theirs.
    telling = sum(len(names[at]) > 1 and key(names[at]) in role_of for at in others)
    telling += sum(key(name) in general.no_symbols for name in names if name)
    is_loud = all(LOUD_SYMBOL.fullmatch(names[at]) for at in others)
    if (
        not others
        or len({names[at] for at in others}) < len(others)
        or (telling * 2 >= len(others) and telling)
        or not all(SYMBOL.fullmatch(names[at]) and not names[at].isdigit() for at in others)
        or (
            not is_loud
            and (
                telling
                or len(others) < 2
                or not all(map(QUIET_SYMBOL.fullmatch, map(names.__getitem__, others)))
            )
        )
        or not all(_may_be_price(row[at], general) for row in data for at in others if at < len(row))
    ):
        return None
    return tuple(Block(names[at], {"date": date, "close": at}) for at in others), list(names)


def _may_be_price(cell: str, general: Layout) -> bool:
    return not cell or NUMBER_LIKE.fullmatch(cell) is not None or cell.lower() in general.unknown


def _whole(found: Mapping[str | None, dict[str, int]]) -> tuple[Block, ...]:
    """The blocks when each has a closing price and all or none of the others."""
    for at in found.values():
        if "close" not in at and "adjusted" in at:
            at["close"] = at.pop("adjusted")
    good = all("close" in at and len({"open", "high", "low"} & set(at)) in (0, 3) for at in found.values())
    return tuple(Block(symbol, at) for symbol, at in found.items()) if good else ()


def _pair(name: str, role_of: Mapping[str, str]) -> tuple[str, str] | None:
    """Symbol and role of a name such as AAPL.Open, Close_AAPL or ('Close', 'AAPL')."""
    plain = re.sub(r"^\(|\)$|['\"]", "", name)
    for sign in (", ", ",", "|", "_", ".", ":", " ", "-"):
        for left, right in (plain.rpartition(sign)[::2], plain.partition(sign)[::2]):
            if left and right and key(right) in role_of and LOUD_SYMBOL.fullmatch(left):
                return left, role_of[key(right)]
            if left and right and key(left) in role_of and LOUD_SYMBOL.fullmatch(right):
                return right, role_of[key(left)]
    return None
