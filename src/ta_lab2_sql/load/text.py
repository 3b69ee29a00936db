"""Text files: their encoding, their lines, and the cells of a line."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import IO

from ta_lab2_sql.load.faults import bad
from ta_lab2_sql.load.sources import DAMAGED, Source

SAMPLE = 1 << 16
LONGEST_LINE = 1 << 20
DELIMITERS = (",", ";", "\t", "|")
# Any number of blanks, as tables are printed.
BLANKS = " "
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WESTERN = "windows-1252"
# Tried where no byte order and no UTF-8 tells: the one that makes most sense of the header is taken.
OLDER = ("windows-1250", "windows-1251", "gb18030", "big5", "shift_jis", "euc-kr")
COMMENT = re.compile(r"\s*(?:#|//|sep=|--)", re.IGNORECASE)


def sample_of(source: Source) -> bytes:
    """The first bytes of a file."""
    with source.open() as stream:
        try:
            return stream.read(SAMPLE)
        except DAMAGED as error:
            raise bad(f"the compressed data is damaged or ends early ({error})", source.shown) from None


def encoding_of(sample: bytes) -> str:
    """The encoding that the first bytes of a file look like."""
    for mark, name in MARKS:
        if sample.startswith(mark):
            return name
    zeros = sample[:2000]
    if zeros.count(0) > len(zeros) // 4:
        return "utf-16-le" if zeros[1::2].count(0) > zeros[::2].count(0) else "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, final=len(sample) < SAMPLE)
    except UnicodeDecodeError:
        return WESTERN
    return "utf-8"


def first_lines(sample: bytes, encoding: str, *, strict: bool = False) -> list[str]:
    """The whole lines of a sample, whose end may be cut; raises UnicodeError when `strict`."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict" if strict else "replace")
    lines = re.split(r"\r\n|\n|\r", decoder.decode(sample).removeprefix("\ufeff"))
    if len(sample) >= SAMPLE and len(lines) > 1:
        lines.pop()
    return lines


def looks_binary(lines: Sequence[str]) -> bool:
    """Whether what should be text is mostly signs that no text has."""
    text = "".join(lines[:50])[:4000]
    return sum(c < " " and c not in "\t\f\x1a" for c in text) * 20 > len(text)


def read_lines(stream: IO[bytes], encoding: str, shown: str) -> Iterator[str]:
    """The lines of a text without their ends; the first is line 1."""
    if encoding.startswith("utf-16"):
        yield from _wide_lines(stream, encoding, shown)
        return
    number = 0
    while True:
        number += 1
        try:
            raw = stream.readline(LONGEST_LINE)
        except DAMAGED as error:
            raise bad(f"the compressed data is damaged or ends early ({error})", shown, number) from None
        if not raw:
            return
        if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
            raise bad(f"the line is longer than {LONGEST_LINE:,} bytes", shown, number)
        if b"\0" in raw:
            at = raw.index(b"\0") + 1
            raise bad("a NUL byte; is this a text file?", shown, number, at, "--encoding names its encoding")
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError as error:
            raise NotThisEncoding(encoding, shown, number, error.start + 1) from None
        if "\r" in text[:-2]:
            # Lines that end as they did on old Macintoshes.
            yield from text.rstrip("\r\n").split("\r")
        else:
            yield text.rstrip("\r\n")


def _wide_lines(stream: IO[bytes], encoding: str, shown: str) -> Iterator[str]:
    number = 0
    try:
        for number, line in enumerate(io.TextIOWrapper(stream, encoding, newline=None), start=1):
            yield line.rstrip("\n").removeprefix("\ufeff") if number == 1 else line.rstrip("\n")
    except UnicodeError:
        raise bad(f"bytes that are not {encoding}", shown, number + 1, todo="give --encoding") from None


class NotThisEncoding(Exception):
    """A byte that the encoding doesn't know; another may be tried."""

    def __init__(self, encoding: str, shown: str, line: int, column: int) -> None:
        super().__init__(encoding)
        self.encoding, self.shown, self.line, self.column = encoding, shown, line, column


def split_line(line: str, delimiter: str) -> list[str]:
    """The cells of one line; raises csv.Error when a quote is not closed."""
    if delimiter == BLANKS:
        line = re.sub(r"[ \t]+", BLANKS, line.strip())
    if '"' not in line:
        return [cell.strip() for cell in line.split(delimiter)]
    row = next(csv.reader([line], delimiter=delimiter, strict=True, skipinitialspace=True), [])
    return [cell.strip() for cell in row]


def unwrapped(line: str) -> str:
    """A line that is one quoted field as a whole, without those quotes."""
    text = line.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1].replace('""', '"')
    return line
