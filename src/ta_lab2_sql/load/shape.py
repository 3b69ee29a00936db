"""What a file looks like: where its rows begin, which column has which role, which layout it is."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ta_lab2_sql.load import layouts
from ta_lab2_sql.load.faults import Question, bad, shown
from ta_lab2_sql.load.headings import DAY_LIKE, NUMBER_LIKE, Block, date_column, of_lines, of_names
from ta_lab2_sql.load.layouts import GENERAL, NUMBERS, PRICES, ROLES, Layout, bare, key
from ta_lab2_sql.load.options import LoadOptions
from ta_lab2_sql.load.text import BLANKS, COMMENT, DELIMITERS, split_line, unwrapped

LOOKED_AT = 60
WHOSE = ("symbol", "id", "name")
MOMENT = re.compile(r"(?:19|20)\d{6}|1\d{9}(?:\d{3}){0,3}")
PLAIN_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d{1,3})?")
COMMA_FRACTION = re.compile(r"[-+]?\d+,\d{1,2} ?%?")


@dataclasses.dataclass(frozen=True)
class Shape:
    """How the rows of a file are read."""

    layout: Layout
    encoding: str
    delimiter: str
    first_line: int
    names: tuple[str, ...]
    blocks: tuple[Block, ...]
    left_out: tuple[str, ...]
    wrapped: bool = False
    header: bool = True
    plain: bool = False

    @property
    def one_price(self) -> bool:
        """Whether the rows have one price only."""
        return not any({"open", "high", "low"} & set(block.at) for block in self.blocks)

    @property
    def shares_columns(self) -> bool:
        """Whether a column has two roles."""
        return any(len({*block.at.values()}) < len(block.at) for block in self.blocks)

    @property
    def roles(self) -> frozenset[str]:
        """The roles that the file has."""
        return frozenset(role for block in self.blocks for role in block.at)

    @property
    def volume_power(self) -> int:
        """The power of ten that the name of the volume's column puts behind its numbers."""
        if "volume" not in self.roles or not self.header or self.layout.fixed:
            return 0
        return layouts.shipped()[GENERAL].power(self.column("volume"))

    def column(self, role: str, symbol: str | None = None) -> str:
        """The name of the column with a role, for messages."""
        for block in self.blocks:
            if role in block.at and (symbol is None or block.symbol in (None, symbol)):
                at = block.at[role]
                name = self.names[at] if at < len(self.names) else ""
                return name or str(at + 1)
        return role


def is_blank(line: str, delimiter: str = ",") -> bool:
    """Whether a line says nothing: empty, delimiters only, or a comment."""
    if line[:1].isdigit():
        return False
    return not line.strip(f" \t\r\n{delimiter}") or COMMENT.match(line) is not None


class NoHeader(Exception):
    """Nothing in the sample reads as a header or a row with these delimiters."""


@dataclasses.dataclass
class _Sample:
    """The lines of a sample, split by one delimiter, with their numbers."""

    delimiter: str
    rows: list[tuple[int, list[str]]]
    wrapped: bool

    def data(self, first_line: int) -> list[list[str]]:
        return [cells for number, cells in self.rows if number >= first_line]


def find_shape(lines: Sequence[str], encoding: str, options: LoadOptions, file: str) -> Shape:
    """The shape of a file from its first lines; what the options say counts more than what is found."""
    if not any(line.strip() for line in lines):
        raise bad("the file is empty", file)
    start = "".join(lines[:20]).lstrip()[:200].lower()
    if start.startswith(("<!doctype", "<html", "<?xml")):
        raise bad("a web page, not a table of prices", file, todo="download the file again")
    if start.startswith(("{", "[{", "[[")):
        raise bad("JSON, not a table of prices", file, todo="write it as CSV with one line a day")
    chosen = layouts.named(options.layout) if options.layout else None
    if (fixed := chosen or _fixed_width(lines)) is not None and fixed.fixed:
        return _fixed_shape(fixed, encoding)
    found: list[tuple[tuple[int, int], Shape]] = []
    for delimiter in (*_delimiters(lines, options, chosen), BLANKS):
        if delimiter == BLANKS and (found or options.delimiter):
            break
        if not any(delimiter in line for line in lines):
            continue
        sample = _split(lines, delimiter, options)
        try:
            shape = _shape(sample, encoding, options, chosen, file)
        except NoHeader:
            continue
        found.append(((len(shape.roles), len(shape.names)), shape))
    if not found:
        raise _nothing(lines, options, chosen, file)
    return max(found, key=lambda scored: scored[0])[1]


def _delimiters(lines: Sequence[str], options: LoadOptions, chosen: Layout | None) -> Sequence[str]:
    if options.delimiter:
        return (options.delimiter,)
    if chosen and chosen.delimiter:
        return (chosen.delimiter,)
    said = re.match(r"\s*\"?sep=(.)\"?\s*$", lines[0], re.IGNORECASE)
    return (said[1],) if said else DELIMITERS


def _split(lines: Sequence[str], delimiter: str, options: LoadOptions) -> _Sample:
    begin = options.skip_lines or 0
    numbered = [
        (n, text)
        for n, line in enumerate(lines, start=1)
        if n > begin and (text := _header_in_comment(line, delimiter) if is_blank(line) else line)
    ]
    quoted = [line for _, line in numbered if line.strip()[:1] == '"']
    wrapped = len(quoted) >= max(1, len(numbered) - 1) and all(_is_one_field(q, delimiter) for q in quoted)
    rows = []
    for number, line in numbered[: LOOKED_AT * 5]:
        try:
            rows.append((number, split_line(unwrapped(line) if wrapped else line, delimiter)))
        except csv.Error:
            rows.append((number, [line]))
    return _Sample(delimiter, rows, wrapped)


def _header_in_comment(line: str, delimiter: str) -> str | None:
    """The header that a comment is: #date,open,high,low,close."""
    text = re.sub(r"^\s*(?:#|//)+\s*", "", line)
    if text == line or delimiter not in text:
        return None
    roles = layouts.shipped()[GENERAL].roles([name.strip(' "') for name in text.split(delimiter)])
    return text if "date" in roles and "close" in roles else None


def _is_one_field(line: str, delimiter: str) -> bool:
    try:
        return len(split_line(line, delimiter)) == 1 and delimiter in unwrapped(line)
    except csv.Error:
        return False


# -- header, header lines, no header ------------------------------------------------------------------------


def _shape(sample: _Sample, encoding: str, options: LoadOptions, chosen: Layout | None, file: str) -> Shape:
    if not options.no_header:
        shape = _of_several(sample, encoding, options, chosen, lines=True)
        if shape is not None:
            return shape
        for position, (number, cells) in enumerate(sample.rows[:LOOKED_AT]):
            names = _with_index(cells, sample.data(number + 1))
            if len(names) > 1 and (layout := _layout_of(names, options, chosen, sample, number, file)):
                return _with_header(sample, position, names, layout, encoding, options, file)
        shape = _of_several(sample, encoding, options, chosen, lines=False)
        if shape is not None:
            return shape
    for position, (number, cells) in enumerate(sample.rows[:LOOKED_AT]):
        if len(cells) > 1 and _is_data(cells):
            if position and not options.no_header and _are_names(sample.rows[position - 1][1], len(cells)):
                break
            shape = _without_header(sample, number, cells, encoding, options, chosen, file)
            if shape is not None:
                return shape
            break
    raise NoHeader


def _with_index(names: list[str], data: Sequence[Sequence[str]]) -> list[str]:
    """The names of a header, with an empty one in front where each row begins with a name that it lacks."""
    rows = [row for row in data[:50] if len(row) > 1]
    if not rows or not all(len(row) == len(names) + 1 and row[-1] for row in rows):
        return names
    days = layouts.shipped()[GENERAL].roles(names).get("date", ())
    if any(all(_is_day(row, at) for row in rows) for at in days):
        return names
    return ["", *names]


def _layout_of(
    names: Sequence[str],
    options: LoadOptions,
    chosen: Layout | None,
    sample: _Sample,
    number: int,
    file: str,
) -> Layout | None:
    """The layout of a header; None when the cells are no header of daily prices."""
    if any(PLAIN_NUMBER.fullmatch(name) for name in names if name):
        return None
    data = [row for row in sample.data(number + 1) if len(row) == len(names)]
    if chosen is not None:
        roles = _assigned(chosen, names, options, data)
        return chosen if "date" in roles and "close" in roles else None
    keys = [key(name) for name in names]
    fitting = [(found, lay) for lay in layouts.shipped().values() if (found := lay.fits(keys)) is not None]
    # A layout that needs more of the header's names than another is the closer one.
    fitting = [(n, lay) for n, lay in fitting if not any(n < other for other, _ in fitting)]
    fitting = [(n, lay) for n, lay in fitting if lay.in_order] or fitting
    readings: dict[tuple[Any, ...], Layout] = {}
    for _, lay in fitting:
        roles = _assigned(lay, names, options, data)
        if "date" in roles and "close" in roles:
            reading = (*sorted(roles.items()), lay.basis, lay.stamp, lay.order, lay.decimal)
            readings.setdefault(reading, lay)
    if len(readings) > 1:
        two = " and ".join(lay.name for lay in list(readings.values())[:2])
        raise Question(
            f"the header fits the layouts {two}, which read it differently",
            f"{file}, line {number}",
            "say which: --layout NAME",
        )
    if readings:
        return next(iter(readings.values()))
    general = layouts.shipped()[GENERAL]
    roles = _assigned(general, names, options, data)
    return general if "date" in roles and "close" in roles else None


def _assigned(
    layout: Layout, names: Sequence[str], options: LoadOptions, data: Sequence[Sequence[str]]
) -> dict[str, int]:
    """A column for each role that a header offers; the options come first."""
    roles = layout.roles(names)
    taken: dict[str, int] = {}
    for role, name in options.columns.items():
        taken[role] = _column_named(name, names)
    used = set(taken.values())
    # A file without opening prices: an option may give one column to two prices.
    shared = {at for role, at in taken.items() if role in PRICES}
    general = layouts.shipped()[GENERAL]
    if layout.name != GENERAL:
        # Somebody has put columns of his own beside the maker's, such as one of symbols.
        usual, theirs = general.roles(names), {at for places in roles.values() for at in places}
        whose = () if set(WHOSE) & set(roles) else WHOSE
        for role in (*whose, "volume", "marketcap"):
            if role not in roles:
                roles[role] = [at for at in usual.get(role, ()) if at not in theirs]
    if "date" not in roles and "date" not in taken and "close" in roles and data:
        # A name that nobody knows, above cells that can only be days.
        used |= {at for places in roles.values() for at in places}
        at = date_column(names, data, ())
        if at is None or at in used:
            counts = [at for at in range(len(names)) if at not in used and _are_moments(data, at)]
            at = counts[0] if len(counts) == 1 else None
        roles["date"] = [] if at is None else [at]
        used = set(taken.values())
    if "close" not in roles and "adjusted" in roles:
        roles["close"] = roles.pop("adjusted")
    order = sorted(roles, key=lambda role: (role in ("clock", "name"), ROLES.index(role)))
    for role in order:
        if role in taken:
            continue
        free = [at for at in roles[role] if at not in used or (role in PRICES and at in shared)]
        if role == "symbol":
            free = [at for at in free if key(names[at]) != "index" or not _counts(data, at)]
        if not free:
            continue
        at = _likeliest(role, free, names, data, taken)
        taken[role] = at
        used.add(at)
    return taken


def _likeliest(
    role: str,
    free: Sequence[int],
    names: Sequence[str],
    data: Sequence[Sequence[str]],
    taken: Mapping[str, int],
) -> int:
    """Of several columns the one whose cells are days; in the traded unit, and not zero throughout."""
    if role == "date":
        return next((at for at in free if all(_is_day(row, at) for row in data)), free[0])
    if role != "volume" or len(free) == 1 or not data:
        return free[0]
    general = layouts.shipped()[GENERAL]
    symbol = next((row[taken["symbol"]] for row in data if len(row) > taken.get("symbol", 1 << 30)), "")
    base = key(re.split(r"[/_:-]", symbol)[0]) if symbol else ""
    for at in free:
        unit = key(names[at]).removeprefix("volume")
        if unit and base and (base == unit or key(symbol).startswith(unit)):
            return at
    free = [at for at in free if not general.is_money(names[at])] or free
    for at in free:
        if any(row[at].strip("0.,") for row in data if len(row) > at):
            return at
    return free[0]


def _is_day(row: Sequence[str], at: int) -> bool:
    return at >= len(row) or DAY_LIKE.fullmatch(row[at]) is not None


def _are_moments(data: Sequence[Sequence[str]], at: int) -> bool:
    """Whether a column holds days in eight digits or counts since 1970 and nothing else."""
    return all(at < len(row) and MOMENT.fullmatch(row[at]) for row in data)


def _counts(data: Sequence[Sequence[str]], at: int) -> bool:
    """Whether a column only numbers the rows."""
    cells = [row[at] for row in data if at < len(row)]
    if len(cells) < 2 or not all(cell.isascii() and cell.isdigit() for cell in cells):
        return False
    return all(int(two) - int(one) == 1 for one, two in itertools.pairwise(cells))


def _column_named(wanted: str, names: Sequence[str]) -> int:
    if wanted in names:
        return list(names).index(wanted)
    keys = [key(name) for name in names]
    if key(wanted) in keys:
        return keys.index(key(wanted))
    if wanted.isdigit() and 1 <= int(wanted) <= max(len(names), 1):
        return int(wanted) - 1
    raise Question(
        f"no column {wanted!r}",
        "--columns",
        f"the columns are {', '.join(n or '(unnamed)' for n in names[:20])}",
    )


def _with_header(
    sample: _Sample,
    position: int,
    names: list[str],
    layout: Layout,
    encoding: str,
    options: LoadOptions,
    file: str,
) -> Shape:
    number = sample.rows[position][0]
    following = sample.rows[position + 1 :]
    first = next((n for n, cells in following if not _is_subheading(cells, len(names))), number + 1)
    data = sample.data(first)
    roles = _assigned(layout, names, options, data)
    _check_twice(names, {r: at for r, at in roles.items() if r not in options.columns}, data, file, number)
    _check_alike(names, roles, options.columns, file, number)
    _check_prices(roles, names, file, number)
    return _made(layout, encoding, sample, first, names, (Block(None, roles),), options)


def _is_subheading(cells: Sequence[str], width: int) -> bool:
    """A line of units or remarks below a header: nothing in it is a day or a number."""
    return (
        len(cells) == width
        and not cells[0]
        and any(cells)
        and not any(DAY_LIKE.fullmatch(c) or NUMBER_LIKE.fullmatch(c) for c in cells)
    )


def _check_twice(
    names: Sequence[str], roles: Mapping[str, int], data: Sequence[Sequence[str]], file: str, number: int
) -> None:
    for role, at in roles.items():
        places = [i for i, name in enumerate(names) if name and name == names[at]]
        is_same_day = role == "date" and all(
            row[i : i + 1] == row[at : at + 1] for row in data for i in places
        )
        if len(places) > 1 and not is_same_day:
            second = places[1] + 1
            raise bad(
                f"column {names[at]!r} stands twice in the header", file, number, second,
                f"--columns {role}={second} takes the one at that place",
            )  # fmt: skip


def _check_alike(
    names: Sequence[str], roles: Mapping[str, int], said: Collection[str], file: str, number: int
) -> None:
    """Refuse to choose among columns whose names differ in words that say nothing: PriceBTC, PriceUSD."""
    general = layouts.shipped()[GENERAL]
    bares = [bare(name, general.fillers) for name in names]
    for role in ("close", "open", "high", "low"):
        at = roles.get(role)
        if at is None or role in said or key(names[at]) in {key(name) for name in general.columns[role]}:
            continue
        others = {*roles.values()} - {at}
        alike = [names[i] for i, text in enumerate(bares) if text == bares[at] and i not in others]
        if bares[at] and len(alike) > 1:
            columns = ",".join(f"{r}={names[roles[r]]}" for r in PRICES if r in roles)
            raise Question(
                f"which is the {role}: {', '.join(alike[:5])}?",
                f"{file}, line {number}",
                f"say which: --columns '{columns}', or the others",
            )


def _check_prices(roles: Mapping[str, int], names: Sequence[str], file: str, number: int) -> None:
    there = {"open", "high", "low"} & set(roles)
    if there and len(there) < 3:
        missing = [role for role in ("open", "high", "low") if role not in roles]
        there_are = ", ".join(name or "(unnamed)" for name in names[:20])
        otherwise = ""
        if "close" in roles:
            takes = ",".join(f"{role}={names[roles['close']]}" for role in missing)
            otherwise = f"; --columns '{takes}' takes the closing price instead"
        raise Question(
            f"no column for {', '.join(missing)}",
            f"{file}, line {number}",
            f"name it: --columns {missing[0]}=NAME; the columns are {there_are}{otherwise}",
        )


def _made(
    layout: Layout,
    encoding: str,
    sample: _Sample,
    first: int,
    names: Sequence[str],
    blocks: tuple[Block, ...],
    options: LoadOptions,
    header: bool = True,
) -> Shape:
    used = {at for block in blocks for at in block.at.values()}
    left_out = tuple(n or f"column {i + 1}" for i, n in enumerate(names) if i not in used) if header else ()
    shape = Shape(
        layout, encoding, sample.delimiter, first, tuple(names), blocks, left_out, sample.wrapped, header
    )
    return dataclasses.replace(shape, plain=_is_plain(shape, sample.data(first), options))


def _is_plain(shape: Shape, data: Sequence[Sequence[str]], options: LoadOptions) -> bool:
    """Whether the server can take the file's lines as they stand."""
    if (
        len(shape.blocks) != 1
        or shape.shares_columns
        or shape.wrapped
        or not data
        or shape.delimiter == BLANKS
        or len(shape.names) > 60
    ):
        return False
    if (
        shape.encoding not in ("utf-8", "utf-8-sig", "windows-1252")
        or options.decimal
        or shape.layout.decimal
    ):
        return False
    at = shape.blocks[0].at
    numbers = [i for role, i in at.items() if role in NUMBERS]
    others = [i for i in range(len(shape.names)) if i not in at.values()]
    return all(
        len(row) == len(shape.names)
        and all(not row[i] or PLAIN_NUMBER.fullmatch(row[i]) for i in numbers)
        and not any(COMMA_FRACTION.fullmatch(row[i]) for i in others)
        for row in data
    )


def _of_several(
    sample: _Sample, encoding: str, options: LoadOptions, chosen: Layout | None, *, lines: bool
) -> Shape | None:
    """A header that names assets: by a line of symbols beside one of fields, or a column for each asset."""
    rows = sample.rows[:LOOKED_AT]
    at = next((i for i, (_, cells) in enumerate(rows) if len(cells) > 1 and _is_data(cells)), None)
    if not at:
        return None
    first, width = rows[at][0], len(rows[at][1])
    heading: list[list[str]] = []
    for _, cells in reversed(rows[max(0, at - 4) : at]):
        if len(cells) != width:
            break
        heading.insert(0, cells)
    if not heading or (len(heading) == 1 and lines):
        return None
    general = layouts.shipped()[GENERAL]
    labels = [name for cells in heading for name in cells]
    fitting = [(len(n), lay) for lay in layouts.shipped().values() if (n := lay.fits(map(key, labels)))]
    layout = chosen or max(fitting, key=lambda found: found[0], default=(0, general))[1]
    data = sample.data(first)
    if lines:
        found = of_lines(heading, data, layout, general)
    elif len(heading) == 2 and not any(heading[1][1:]):
        # Names of columns, and the name of the index in a line of its own.
        found = of_names([heading[1][0], *heading[0][1:]], data, layout, general)
    else:
        found = of_names(heading[-1], data, layout, general)
    if found is None:
        return None
    blocks, names = found
    return _made(layout, encoding, sample, first, names, blocks, options)


def _are_names(cells: Sequence[str], width: int) -> bool:
    """Whether a line above the rows says what their columns are, in words that nobody here knows."""
    return len(cells) == width and all(
        cell and not DAY_LIKE.fullmatch(cell) and not NUMBER_LIKE.fullmatch(cell) for cell in cells
    )


def _is_data(cells: Sequence[str]) -> bool:
    """Whether a line looks like a day with prices."""
    days = [i for i, cell in enumerate(cells) if DAY_LIKE.fullmatch(cell)]
    if not days:
        return False
    others = [cell for i, cell in enumerate(cells) if i != days[0] and cell]
    return not others or any(NUMBER_LIKE.fullmatch(cell) for cell in others)


def _without_header(
    sample: _Sample,
    number: int,
    cells: Sequence[str],
    encoding: str,
    options: LoadOptions,
    chosen: Layout | None,
    file: str,
) -> Shape | None:
    data = sample.data(number)
    width = len(cells)
    if options.columns:
        roles = {role: _column_named(name, [""] * width) for role, name in options.columns.items()}
        layout = chosen or layouts.shipped()[GENERAL]
        return _made(layout, encoding, sample, number, [""] * width, (Block(None, roles),), options, False)
    fitting = []
    for layout in [chosen] if chosen else layouts.shipped().values():
        for row in layout.headerless:
            if len(row) == width and _is_headerless(layout, row, data):
                fitting.append((layout, row))
    if not fitting:
        return None
    narrow = [f for f in fitting if f[0].first_cell] or fitting
    layout, row = narrow[0]
    roles = {role: i for i, role in enumerate(row) if role != "-"}
    return _made(layout, encoding, sample, number, [""] * width, (Block(None, roles),), options, False)


def _is_headerless(layout: Layout, row: Sequence[str], data: Sequence[Sequence[str]]) -> bool:
    """Whether the rows have the layout's first cell, and prices where it says: high on top, low below."""
    if layout.first_cell and not all(re.fullmatch(layout.first_cell, cells[0]) for cells in data[:20]):
        return False
    at = {role: i for i, role in enumerate(row)}
    checked = broken = 0
    for cells in data[:200]:
        if len(cells) != len(row) or not DAY_LIKE.fullmatch(cells[at["date"]]):
            return False
        if "symbol" in at and (not cells[at["symbol"]] or DAY_LIKE.fullmatch(cells[at["symbol"]])):
            return False
        if "symbol" in at and PLAIN_NUMBER.fullmatch(cells[at["symbol"]]):
            return False
        if "clock" in at and not re.match(r"\d{1,2}:?\d\d", cells[at["clock"]]):
            return False
        try:
            open_, high, low, close = (float(cells[at[role]]) for role in PRICES)
        except ValueError:
            continue
        checked += 1
        if not layout.first_cell and "-" in at and not cells[at["volume"]].isdigit():
            # Beside columns that aren't used another price may stand there.
            return False
        if not low <= min(open_, close) <= max(open_, close) <= high:
            broken += 1
    # A maker who is known by the first cell may have a broken day now and then.
    return checked > 0 and broken * 20 <= (checked if layout.first_cell else 0)


# -- fixed width --------------------------------------------------------------------------------------------


def _fixed_width(lines: Sequence[str]) -> Layout | None:
    """The layout of lines of one length that are not separated at all."""
    for layout in layouts.shipped().values():
        if not layout.fixed:
            continue
        end = max(at + width - 1 for at, width in layout.fixed.values())
        kept = [line for line in lines if len(line) >= end and not is_blank(line)]
        start, width = layout.fixed["date"]
        marked = [line for line in kept if _kept(line, layout.keep[:1])]
        if marked and all(re.fullmatch(r"\d{8}", line[start - 1 : start - 1 + width]) for line in marked):
            return layout
    return None


def _kept(line: str, keep: Sequence[tuple[int, str]]) -> bool:
    return all(line[at - 1 : at - 1 + len(value)] == value for at, value in keep)


def _fixed_shape(layout: Layout, encoding: str) -> Shape:
    roles = {role: i for i, role in enumerate(layout.fixed)}
    names = tuple(layout.fixed)
    return Shape(layout, encoding, "", 1, names, (Block(None, roles),), (), header=True)


def fixed_cells(layout: Layout, line: str) -> list[str] | None:
    """The cells of a line of fixed width; None when the layout leaves such lines out."""
    if not _kept(line, layout.keep):
        return None
    cells = [line[at - 1 : at - 1 + width].strip() for at, width in layout.fixed.values()]
    if layout.scale:
        cells = [
            f"{cell}e{layout.scale}" if role in PRICES and cell else cell
            for role, cell in zip(layout.fixed, cells, strict=True)
        ]
    return cells


# -- nothing fits -------------------------------------------------------------------------------------------


def _nothing(lines: Sequence[str], options: LoadOptions, chosen: Layout | None, file: str) -> Exception:
    number, line = next((n, text) for n, text in enumerate(lines, start=1) if not is_blank(text))
    delimiter = max(DELIMITERS, key=line.count)
    try:
        names = split_line(line, options.delimiter or delimiter)
    except csv.Error:
        names = [line]
    where = f"{file}, line {number}"
    if _is_data(names) and len(names) > 1:
        todo = "say what the columns are: --no-header --columns date=1,open=2,high=3,low=4,close=5,volume=6"
        return Question(f"no header, and which of the {len(names)} columns is what isn't clear", where, todo)
    if len(names) == 1:
        return bad(
            f"no header and no prices: {shown(line)}", file, number,
            todo="--delimiter says how columns are separated, --skip-lines where the header is",
        )  # fmt: skip
    named = ", ".join(name or "(unnamed)" for name in names[:12])
    if chosen is not None:
        return Question(
            f"the file doesn't fit the layout {chosen.name}: its columns are {named}",
            where,
            "leave --layout away, or name columns: --columns date=NAME,close=NAME",
        )
    roles = layouts.shipped()[GENERAL].roles(names)
    wanted = PRICES if {"open", "high", "low"} & set(roles) else ("close",)
    missing = [role for role in ("date", *wanted) if role not in roles]
    return Question(
        f"no column for {', '.join(missing) or 'date, close'} among {named}",
        where,
        f"name them: --columns {','.join(f'{role}=NAME' for role in missing or ['date', 'close'])}",
    )


def lines_of(shape: Shape, lines: Iterator[str]) -> Iterator[tuple[int, str]]:
    """The numbered lines of a file from its first row on."""
    for number, line in enumerate(lines, start=1):
        if number >= shape.first_line:
            yield number, line
