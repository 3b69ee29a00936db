"""Read files of daily prices and bring them into the raw table, in one transaction.

Numbers and times travel as the text that stands in the file; the server turns them into values.
"""

from __future__ import annotations

import csv
import dataclasses
import gzip
import io
import re
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timezone
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from ta_lab2_sql.errors import WorkFailed, WrongUsage
from ta_lab2_sql.queries import query

if TYPE_CHECKING:
    import psycopg

FORMATS = ("cmc", "generic")
DELIMITERS = {"cmc": ";", "generic": ","}
PRICES = ("open", "high", "low", "close", "volume")
TIMES = ("timeopen", "timeclose", "timehigh", "timelow", "timestamp")
REQUIRED = {
    "cmc": frozenset((*TIMES, "name", *PRICES, "marketcap")),
    "generic": frozenset(("date", *PRICES)),
}
OPTIONAL = {"cmc": frozenset(("circulatingsupply", "id")), "generic": frozenset(("id", "name"))}
NUMBERS = frozenset((*PRICES, "marketcap", "circulatingsupply"))
LONGEST_LINE = 1 << 20
LONGEST_NUMBER = 100
LARGEST_ID = 2**31 - 1

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
NOT_FINITE = re.compile(r"nan|[+-]?inf(?:inity)?", re.IGNORECASE)
INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?"
    r"(?:Z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)"
)
DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]00:?00)?)?")
ID_IN_NAME = re.compile(r"_([0-9]{1,10})(?:\.[A-Za-z]+)*$")

Cells = Sequence[str]
# id, name, the five times, open, high, low, close, volume, marketcap, source_file
StagedRow = tuple[str | None, ...]


class BadFile(WorkFailed):
    """A file that can't be loaded: what is wrong, in which file, line and column."""

    def __init__(self, what: str, file: str, line: int, column: str | int | None = None) -> None:
        where = f"{file}, line {line}" + ("" if column is None else f", column {column}")
        super().__init__(what, where, "nothing was loaded; correct the file and load it again")


@dataclasses.dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did to one asset; `earliest` is the first stamp it changed."""

    id: int
    read: int
    inserted: int
    updated: int
    unchanged: int
    duplicates: int
    earliest: datetime | None


def id_from_name(name: str) -> int | None:
    """The asset id at the end of a file's name: BTC_1.csv -> 1, SOL_5426.csv.gz -> 5426."""
    found = ID_IN_NAME.search(name)
    if found is None or not 1 <= int(found[1]) <= LARGEST_ID:
        return None
    return int(found[1])


# -- lines and cells ----------------------------------------------------------------------------------------


def read_lines(stream: IO[bytes], file: str) -> Iterator[str]:
    """The lines of a UTF-8 text without their ends."""
    number = 0
    while True:
        number += 1
        try:
            raw = stream.readline(LONGEST_LINE)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise BadFile(f"the compressed data is damaged or ends early ({error})", file, number) from None
        if not raw:
            return
        if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
            raise BadFile(f"the line is longer than {LONGEST_LINE:,} bytes", file, number)
        if number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if b"\0" in raw:
            raise BadFile("a NUL byte; is this a text file in UTF-8?", file, number, raw.index(b"\0") + 1)
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadFile("a byte that is not UTF-8", file, number, error.start + 1) from None
        yield text.rstrip("\r\n")


def split_line(line: str, delimiter: str, file: str, number: int) -> list[str]:
    """The cells of one line."""
    try:
        cells = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        reason = "a quote is not closed" if "end of data" in str(error) else str(error)
        raise BadFile(f"the line can't be split: {reason}", file, number) from None
    return [cell.strip() for cell in cells]


def read_cells(lines: Iterator[str], delimiter: str, file: str) -> Iterator[list[str]]:
    """The cells of every line after the header; empty lines may stand at the end only."""
    empty = 0
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            empty = empty or number
            continue
        if empty:
            raise BadFile("an empty line in the middle of the file", file, empty)
        yield split_line(line, delimiter, file, number)


def names_of(line: str, delimiter: str) -> list[str]:
    """The column names of a header line, or nothing when it can't be split."""
    try:
        return [cell.strip().lower() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def detect_format(names: Iterable[str]) -> str:
    """The format that the column names look like."""
    return "cmc" if frozenset(names) & {*TIMES, "marketcap", "circulatingsupply"} else "generic"


def read_header(line: str, file: str, wanted: str | None) -> tuple[str, list[str]]:
    """The format of a file and its column names, from its first line."""
    splits = {delimiter: names_of(line, delimiter) for delimiter in (";", ",", "\t", "|")}
    delimiter = max(splits, key=lambda d: len(splits[d]))
    names = splits[delimiter]
    form = wanted or detect_format(names)
    if len(names) > 1 and delimiter != DELIMITERS[form]:
        raise BadFile(
            f"columns are separated by {delimiter!r}, the {form} format uses {DELIMITERS[form]!r}", file, 1
        )
    check_names(names, form, file)
    return form, names


def check_names(names: Sequence[str], form: str, file: str) -> None:
    """Every column that the format needs, each once, and none that it doesn't know."""
    missing = sorted(REQUIRED[form] - set(names))
    known = REQUIRED[form] | OPTIONAL[form]
    for position, name in enumerate(names, start=1):
        if name not in known:
            also = f"; missing: {', '.join(missing)}" if missing else ""
            raise BadFile(f"{name[:40]!r} is not a column of the {form} format{also}", file, 1, position)
        if name in names[: position - 1]:
            raise BadFile(f"column {name!r} stands twice in the header", file, 1, position)
    if missing:
        raise BadFile(f"missing in the header: {', '.join(missing)} ({form} format)", file, 1, missing[0])


# -- values ------------------------------------------------------------------------------------------------


def shown(text: str) -> str:
    """A cell for a message."""
    return repr(text if len(text) <= 40 else text[:37] + "...")


def number_fault(text: str) -> str | None:
    """What is wrong with a number; None when the server takes it as it stands."""
    if len(text) > LONGEST_NUMBER:
        return f"a number of {len(text)} characters, at most {LONGEST_NUMBER} are allowed"
    if NOT_FINITE.fullmatch(text):
        return None
    if not NUMBER.fullmatch(text):
        return f"{shown(text)} is not a number"
    size = abs(float(text))
    if size == float("inf"):
        return f"{shown(text)} is too large for a double"
    if size == 0.0 and re.search("[1-9]", re.split("[eE]", text)[0]):
        return f"{shown(text)} is too small for a double"
    return None


def instant_fault(text: str) -> str | None:
    """What is wrong with a time; None when the server takes it as it stands."""
    found = INSTANT.fullmatch(text)
    if found is None:
        return f"{shown(text)} is not a time like 2024-01-31T23:59:59.999Z"
    try:
        datetime.fromisoformat(f"{found[1]}T{found[2]}")
    except ValueError as error:
        return f"{shown(text)} is not a time: {error}"
    return None


def day_of(text: str) -> str | None:
    """The day that a date cell names, as YYYY-MM-DD; None when it names none."""
    found = DAY.fullmatch(text)
    if found is None:
        return None
    try:
        return date.fromisoformat(found[1]).isoformat()
    except ValueError:
        return None


class Reader:
    """Turns the cells of one file into rows for the staging table; the file must hold one asset."""

    def __init__(self, form: str, names: Sequence[str], file: str, asset: int | None) -> None:
        self.form, self.names, self.file = form, names, file
        self.source_file = Path(file).name
        self.at = {name: position for position, name in enumerate(names)}
        self.asset = asset
        self.first_name: str | None = None
        self.suffix = id_from_name(self.source_file)
        if asset is None and "id" not in self.at:
            if self.suffix is None:
                raise WrongUsage(
                    "which asset is this?", file, "give --id N, or end the file's name like BTC_1.csv"
                )
            self.asset = self.suffix

    def row(self, cells: Cells, line: int) -> StagedRow:
        """Check one line and put its cells in the order of the staging table."""
        if len(cells) != len(self.names):
            column = min(len(cells), len(self.names)) + 1
            raise BadFile(f"{len(cells)} columns, the header has {len(self.names)}", self.file, line, column)
        for name in self.names:
            if name in NUMBERS and (cell := cells[self.at[name]]) and (fault := number_fault(cell)):
                raise BadFile(fault, self.file, line, name)
        self._check_asset(cells, line)
        times = self._instants(cells, line) if self.form == "cmc" else self._day(cells, line)
        prices = (self._cell(cells, name) for name in (*PRICES, "marketcap"))
        return (str(self.asset), self._cell(cells, "name"), *times, *prices, self.source_file)

    def _cell(self, cells: Cells, name: str) -> str | None:
        return (cells[self.at[name]] or None) if name in self.at else None

    def _check_asset(self, cells: Cells, line: int) -> None:
        if "id" in self.at:
            text = cells[self.at["id"]]
            if not re.fullmatch("[0-9]{1,10}", text) or not 1 <= int(text) <= LARGEST_ID:
                raise BadFile(f"{shown(text)} is not an asset id", self.file, line, "id")
            if self.asset is None:
                self.asset = int(text)
            elif self.asset != int(text):
                raise BadFile(f"mixed ids: {text} among rows of {self.asset}", self.file, line, "id")
        if "name" in self.at:
            text = cells[self.at["name"]]
            if self.first_name is None:
                self.first_name = text
            elif self.first_name != text:
                what = f"mixed names: {shown(text)} among rows of {shown(self.first_name)}"
                raise BadFile(f"{what}, a file holds one asset", self.file, line, "name")

    def _instants(self, cells: Cells, line: int) -> StagedRow:
        for name in TIMES:
            text = cells[self.at[name]]
            fault = instant_fault(text) if text else "the stamp is empty" if name == "timestamp" else None
            if fault:
                raise BadFile(fault, self.file, line, name)
        return tuple(self._cell(cells, name) for name in TIMES)

    def _day(self, cells: Cells, line: int) -> StagedRow:
        text = cells[self.at["date"]]
        day = day_of(text)
        if day is None:
            raise BadFile(f"{shown(text)} is not a day like 2024-01-31", self.file, line, "date")
        close = f"{day}T23:59:59.999Z"
        return (f"{day}T00:00:00.000Z", close, None, None, close)


# -- files -------------------------------------------------------------------------------------------------


def read_csv(stream: IO[bytes], file: str, form: str | None, asset: int | None) -> Iterator[StagedRow]:
    """The staged rows of a CSV text."""
    lines = read_lines(stream, file)
    header = next(lines, None)
    if header is None or not header.strip():
        raise BadFile("the file is empty" if header is None else "the header is missing", file, 1)
    form, names = read_header(header, file, form)
    reader = Reader(form, names, file, asset)
    line = 1
    for line, cells in enumerate(read_cells(lines, DELIMITERS[form], file), start=2):
        yield reader.row(cells, line)
    if line == 1:
        raise BadFile("there are no rows after the header", file, 2)


def text_of(value: Any) -> str:
    """One Parquet value as the text that a CSV file would have; a time without zone is UTC."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        instant: str = value.astimezone(timezone.utc).isoformat(timespec="microseconds")
        return instant
    if isinstance(value, float):
        return repr(value)
    return str(value).strip()


def read_parquet(path: Path, form: str | None, asset: int | None) -> Iterator[StagedRow]:
    """The staged rows of a Parquet file, some thousand at a time; "line" counts its rows from 1."""
    try:
        import polars as pl
    except ModuleNotFoundError:
        todo = "pip install 'ta-lab2[parquet]'"
        raise WorkFailed("reading Parquet needs polars", str(path), todo) from None
    file, chunk = str(path), 10_000
    try:
        scan = pl.scan_parquet(path, glob=False)
        names = [name.strip().lower() for name in scan.collect_schema().names()]
        form = form or detect_format(names)
        check_names(names, form, file)
        reader, line = Reader(form, names, file, asset), 0
        while (part := scan.slice(line, chunk).collect()).height:
            for values in part.iter_rows():
                line += 1
                if any(isinstance(value, str) and "\0" in value for value in values):
                    raise BadFile("a NUL character", file, line)
                yield reader.row([text_of(value) for value in values], line)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadFile(f"not a readable Parquet file ({str(error).splitlines()[0]})", file, 1) from None
    if line == 0:
        raise BadFile("there are no rows", file, 1)


@contextmanager
def opened(path: str) -> Iterator[IO[bytes]]:
    """The bytes of a file or of stdin, unpacked when they are compressed, whatever the name says."""
    # stdin is left open for others to read on.
    with open(sys.stdin.fileno() if path == "-" else path, "rb", closefd=path != "-") as raw:
        if raw.peek(2)[:2] == b"\x1f\x8b":
            with gzip.open(raw) as unpacked:
                yield cast("IO[bytes]", unpacked)
        else:
            yield raw


def read_file(path: str, form: str | None = None, asset: int | None = None) -> Iterator[StagedRow]:
    """The staged rows of one file; `-` is stdin."""
    file = "stdin" if path == "-" else path
    with opened(path) as stream:
        if isinstance(stream, io.BufferedReader) and stream.peek(4)[:4] == b"PAR1":
            if path == "-":
                raise WrongUsage("Parquet can't come from stdin", "stdin", "name the file")
            yield from read_parquet(Path(path), form, asset)
        elif path.lower().endswith((".parquet", ".pq")):
            raise BadFile("not a Parquet file", file, 1)
        else:
            yield from read_csv(stream, file, form, asset)


# -- database ----------------------------------------------------------------------------------------------


def _copy(cursor: psycopg.Cursor[Any], path: str, form: str | None, asset: int | None) -> None:
    import psycopg

    line = 0
    try:
        with cursor.copy(query("load/copy")) as copy:
            for row in read_file(path, form, asset):
                line += 1
                copy.write_row(row)
    except psycopg.DataError as error:
        # What our own checks let through and the server doesn't take.
        found = re.search(r"line (\d+)(?:, column (\w+))?", error.diag.context or "")
        column = found[2] if found else None
        at = int(found[1]) + 1 if found else line + 1
        raise BadFile(error.diag.message_primary or str(error), path, at, column) from None


def load_files(
    connection: psycopg.Connection[Any],
    paths: Sequence[str],
    asset: int | None = None,
    form: str | None = None,
) -> list[Loaded]:
    """Load all files in one transaction; a row per asset."""
    from psycopg.rows import class_row

    with connection.transaction(), connection.cursor(row_factory=class_row(Loaded)) as cursor:
        # Before a long file is read: is there a table to load into at all?
        cursor.execute("SELECT FROM cmc_price_histories7 LIMIT 0")
        cursor.execute("SET LOCAL synchronous_commit = on")
        cursor.execute("SET LOCAL timezone = 'UTC'")
        cursor.execute("SET LOCAL datestyle = 'ISO, YMD'")
        cursor.execute(query("load/staging"))
        for path in paths:
            _copy(cursor, path, form, asset)
        cursor.execute(query("load/shift"))
        cursor.execute(query("load/there"))
        ids, first, last = connection.execute(query("load/range")).fetchone() or ([], None, None)
        cursor.execute(query("load/stored"), {"ids": ids, "first": first, "last": last})
        cursor.execute(query("load/days"))
        cursor.execute(query("load/upsert"))
        found = cursor.execute(query("load/counts")).fetchall()
        for loaded in found:
            if loaded.earliest is not None:
                cursor.execute(query("load/note"), {"id": loaded.id, "earliest": loaded.earliest})
    return found
