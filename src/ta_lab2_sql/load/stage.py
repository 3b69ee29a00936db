"""Bring the lines of a file into the staging tables: as they stand, or split into cells."""

from __future__ import annotations

import csv
import dataclasses
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from ta_lab2_sql.load.faults import Fault, bad
from ta_lab2_sql.load.headings import DAY_LIKE, NUMBER_LIKE
from ta_lab2_sql.load.layouts import NUMBERS, TIMES
from ta_lab2_sql.load.shape import Shape, fixed_cells, is_blank
from ta_lab2_sql.load.sources import DAMAGED, Source
from ta_lab2_sql.load.tables import parts, text_lines
from ta_lab2_sql.load.text import WESTERN, NotThisEncoding, read_lines, split_line, unwrapped

if TYPE_CHECKING:
    import psycopg

STAGED = ("id", "symbol", "name", "date", "clock", *TIMES, *NUMBERS)
NEEDED = frozenset(("date", "open", "high", "low", "close"))
CHUNK = 1 << 18
# What the server would read otherwise than it is meant: hexadecimal numbers, payloads of NaN, its end mark,
# and ends of lines within lines.
NOT_PLAIN = (b"0x", b"0X", b"(", b"\0", b"\\.")
LONE_RETURN = re.compile(rb"\r[^\n]")
NINES, TOO_LONG = bytes.maketrans(b"012345678", b"999999999"), b"9" * 101


@dataclasses.dataclass
class Lines:
    """What became of the lines of one file."""

    rows: int = 0
    skipped: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    faults: list[Fault] = dataclasses.field(default_factory=list)
    fault_lines: list[int] = dataclasses.field(default_factory=list)
    bad: int = 0

    def skip(self, why: str, line: int) -> None:
        """Leave a line out, with the reason."""
        self.skipped.setdefault(why, []).append(line)

    def fault(self, fault: Fault) -> None:
        """Note a line that can't be read; a few are kept, all are counted."""
        self.bad += 1
        self.fault_lines.append(fault.line)
        if len(self.faults) < 10:
            self.faults.append(fault)


class NotPlain(Exception):
    """The server can't take these bytes as they stand."""


def copy_plain(cursor: psycopg.Cursor[Any], source: Source, shape: Shape, file: int) -> None:
    """Send the bytes of a file as they are; the server splits the lines and reads the numbers.

    Raises NotPlain, or the server's DataError, where lines must be looked at one by one.
    """
    from psycopg import sql

    block = shape.blocks[0]
    roles = {at: role for role, at in block.at.items()}
    spare = [i for i in range(len(shape.names)) if i not in roles]
    columns = [roles.get(i) or f"x{i}" for i in range(len(shape.names))]
    encoding = "WIN1252" if shape.encoding == WESTERN else "UTF8"
    cursor.execute(
        sql.SQL(
            "ALTER TABLE price_rows ALTER file SET DEFAULT {file}, ALTER block SET DEFAULT {block},"
            " ALTER line RESTART WITH {line}"
        ).format(file=sql.Literal(file), block=_text(block.symbol), line=sql.Literal(shape.first_line))
    )
    for i in spare:
        # Columns that aren't loaded have to be read over.
        cursor.execute(
            sql.SQL("ALTER TABLE price_rows ADD IF NOT EXISTS {} text").format(sql.Identifier(f"x{i}"))
        )
    statement = sql.SQL(
        "COPY price_rows ({columns}) FROM STDIN (FORMAT csv, DELIMITER {delimiter}, ENCODING {encoding})"
    )
    with (
        source.open() as stream,
        cursor.copy(
            statement.format(
                columns=sql.SQL(", ").join(sql.Identifier(c) for c in columns),
                delimiter=sql.Literal(shape.delimiter),
                encoding=sql.Literal(encoding),
            )
        ) as copy,
    ):
        for _ in range(shape.first_line - 1):
            if b"\r" in stream.readline().rstrip(b"\r\n"):
                raise NotPlain
        for chunk in _chunks(stream, source.shown):
            if not _is_plain(chunk):
                raise NotPlain
            copy.write(chunk)


def _is_plain(chunk: bytes) -> bool:
    """Whether the server reads these lines as they are meant."""
    if any(sign in chunk for sign in NOT_PLAIN) or TOO_LONG in chunk.translate(NINES):
        return False
    return b"\r" not in chunk or LONE_RETURN.search(chunk) is None


def _text(value: str | None) -> Any:
    from psycopg import sql

    return sql.SQL("NULL::text") if value is None else sql.SQL("{}::text").format(sql.Literal(value))


def _chunks(stream: IO[bytes], shown: str) -> Iterator[bytes]:
    """The rest of a stream in pieces that end with a line."""
    while True:
        try:
            chunk = stream.read(CHUNK)
            if chunk and not chunk.endswith(b"\n"):
                chunk += stream.readline()
        except DAMAGED as error:
            raise bad(f"the compressed data is damaged or ends early ({error})", shown) from None
        if not chunk:
            return
        yield chunk


def copy_cells(cursor: psycopg.Cursor[Any], source: Source, shape: Shape, file: int) -> Lines:
    """Split the lines of a file and send their cells as text; what isn't a row is noted."""
    told = Lines()
    roles = [role for role in STAGED if role in shape.roles]
    places = [(block.symbol, [block.at.get(role) for role in roles]) for block in shape.blocks]
    with _lines(source, shape) as lines, cursor.copy(_copy_statement(roles)) as copy:
        for line, cells in _rows(lines, shape, source.shown, told):
            told.rows += 1
            for symbol, at in places:
                copy.write_row((file, line, symbol, *(None if i is None else cells[i] for i in at)))
    return told


@contextmanager
def _lines(source: Source, shape: Shape) -> Iterator[Iterator[str]]:
    """The lines of a text, or of a table written as one."""
    if source.kind != "text":
        yield text_lines(source)
        return
    with source.open() as stream:
        yield read_lines(stream, shape.encoding, source.shown)


def _copy_statement(roles: Sequence[str]) -> Any:
    from psycopg import sql

    columns = ("file", "line", "block", *roles)
    return sql.SQL("COPY price_cells ({}) FROM STDIN").format(
        sql.SQL(", ").join(map(sql.Identifier, columns))
    )


def _rows(lines: Iterator[str], shape: Shape, shown: str, told: Lines) -> Iterator[tuple[int, list[str]]]:
    """The rows of a file with their cells; lines that are no rows may stand at its end only."""
    width = len(shape.names)
    needed = 1 + max(at for block in shape.blocks for role, at in block.at.items() if role in NEEDED)
    heading = list(shape.names) if shape.header else None
    pending: list[Fault] = []
    for number, line in enumerate(lines, start=1):
        if number < shape.first_line:
            continue
        if is_blank(line, shape.delimiter):
            told.skip("empty or comment", number)
            continue
        cells, fault = _split(line, shape, shown, number)
        if cells is None and fault is None:
            told.skip("left out by the layout", number)
            continue
        if cells == heading:
            told.skip("the header again", number)
            continue
        if cells is not None and fault is None:
            fault = _width_fault(cells, width, needed, shape, shown, number)
        if not _is_row(cells, shape):
            pending.append(fault or Fault("the line is no row of prices", shown, number, 1))
            continue
        for waiting in pending:
            told.fault(waiting)
        pending.clear()
        if fault is not None:
            told.fault(fault)
            continue
        assert cells is not None
        yield number, cells + [""] * (width - len(cells))
    for waiting in pending:
        told.skip("no rows, at the end", waiting.line)


def _split(line: str, shape: Shape, shown: str, number: int) -> tuple[list[str] | None, Fault | None]:
    if shape.layout.fixed:
        return fixed_cells(shape.layout, line), None
    if "\0" in line:
        return None, Fault("a NUL byte; is this a text file?", shown, number, line.index("\0") + 1)
    try:
        return split_line(unwrapped(line) if shape.wrapped else line, shape.delimiter), None
    except csv.Error as error:
        reason = "a quote is not closed" if "end of data" in str(error) else str(error)
        return line.replace('"', "").split(shape.delimiter), Fault(
            f"the line can't be split: {reason}", shown, number
        )


def _is_row(cells: list[str] | None, shape: Shape) -> bool:
    """Whether a line means to be a row: its day looks like one, or its prices do."""
    if cells is None:
        return False
    at = shape.blocks[0].at
    if at["date"] < len(cells) and DAY_LIKE.fullmatch(cells[at["date"]]):
        return True
    if len(cells) == 1 and shape.delimiter in cells[0]:
        return True
    if len(cells) < len(shape.names):
        # The end of a row may have been cut off, with its day.
        numbers = [at[role] for role in NUMBERS if role in at and at[role] < len(cells)]
        return sum(NUMBER_LIKE.fullmatch(cells[i]) is not None for i in numbers) > 2
    return any(NUMBER_LIKE.fullmatch(cells[at[role]]) for role in ("open", "close") if role in at)


def _width_fault(
    cells: list[str], width: int, needed: int, shape: Shape, shown: str, number: int
) -> Fault | None:
    """What is wrong with a line of too many or too few cells."""
    if len(cells) > width:
        if not any(cells[width:]):
            return None
        what = f"{len(cells)} columns, {_expected(shape)}"
        todo = "decimal commas must not separate columns: quote such numbers, or separate columns by ;"
        if shape.delimiter != ",":
            todo = "a delimiter within a cell needs quotes around it"
        return Fault(what, shown, number, width + 1, todo)
    if len(cells) >= needed:
        return None
    if len(cells) == 1 and width > 1 and shape.delimiter in cells[0]:
        what = "the whole line is one quoted field"
        return Fault(what, shown, number, 1, "take the outer quotes away")
    return Fault(f"{len(cells)} columns, {_expected(shape)}", shown, number, len(cells) + 1)


def _expected(shape: Shape) -> str:
    return f"the {'header' if shape.header else 'first row'} has {len(shape.names)}"


def copy_frames(cursor: psycopg.Cursor[Any], source: Source, shape: Shape, file: int) -> Lines:
    """Send a Parquet or Arrow file part by part as text that reads back to the same numbers."""
    from psycopg import sql

    told, block = Lines(), shape.blocks[0]
    columns = [role for role in STAGED if role in block.at]
    cursor.execute(
        sql.SQL(
            "ALTER TABLE price_rows ALTER file SET DEFAULT {}, ALTER block SET DEFAULT {},"
            " ALTER line RESTART WITH 1"
        ).format(sql.Literal(file), _text(block.symbol))
    )
    statement = sql.SQL("COPY price_rows ({}) FROM STDIN (FORMAT csv)").format(
        sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with cursor.copy(statement) as copy:
        for rows, data in parts(source, [block.at[role] for role in columns]):
            told.rows += rows
            copy.write(data)
    return told


__all__ = ["Lines", "NotPlain", "NotThisEncoding", "copy_cells", "copy_frames", "copy_plain"]
