"""Tables for people. On a terminal they fit its width, and no value is ever cut short."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column of texts; numbers stand at the right and don't wrap."""

    name: str
    values: Sequence[str]
    numeric: bool = False

    def natural(self) -> int:
        """The width that needs no wrapping."""
        return max(map(width, (self.name, *self.values)))

    def least(self) -> int:
        """The width below which a word would break."""
        words = [word for value in self.values for word in ([value] if self.numeric else value.split())]
        return max(map(width, (*_parts(self.name), *words)), default=0)


def render(
    columns: Sequence[Column], title: str | None, room: int | None, *, header: bool = True
) -> list[tuple[str, bool]]:
    """Lines, and whether each is a heading. room: characters of a line; None: as many as it takes.

    A table that is too wide leaves out columns without a value, then stands closer, then wraps texts
    between words; when all that doesn't do, each row becomes a block of its own.
    """
    lines = [(title, False)] if title else []
    filled = [column for column in columns if any(column.values)]
    for some in (columns, filled):
        for margin, gap in ((2, 3), (0, 2)):
            widths = [column.natural() for column in some]
            if room is None or _total(widths, margin, gap) <= room:
                return lines + _grid(some, widths, margin, gap, header)
    assert room is not None
    for gap in (2, 1):
        if _total([column.least() for column in filled], 0, gap) <= room:
            return lines + _grid(filled, _shared(filled, room, gap), 0, gap, header)
    return lines + _blocks(filled, room)


def width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _total(widths: Sequence[int], margin: int, gap: int) -> int:
    return sum(widths) + gap * (len(widths) - 1) + 2 * margin


def _shared(columns: Sequence[Column], room: int, gap: int) -> list[int]:
    """Each column's least width, and what is left for those that would take the most lines."""
    wanted = [column.natural() for column in columns]
    widths = [column.least() for column in columns]
    for _ in range(room - _total(widths, 0, gap)):
        at = max(range(len(widths)), key=lambda at: wanted[at] / max(widths[at], 1))
        widths[at] += widths[at] < wanted[at]
    return widths


def _grid(
    columns: Sequence[Column], widths: Sequence[int], margin: int, gap: int, header: bool
) -> list[tuple[str, bool]]:
    def row(cells: Sequence[str], wrap: Callable[[str, int], list[str]]) -> list[str]:
        pieces = [wrap(text, size) or [""] for text, size in zip(cells, widths, strict=True)]
        lines = []
        for line in range(max(map(len, pieces))):
            shown = [_aligned(column, part[line] if line < len(part) else "", size)
                     for column, part, size in zip(columns, pieces, widths, strict=True)]  # fmt: skip
            lines.append((" " * margin + (" " * gap).join(shown)).rstrip())
        return lines

    rule = " " * (margin // 2) + "─" * _total(widths, margin - margin // 2, gap)
    found = [("", False)]
    if header:
        found += [(line, True) for line in row([column.name for column in columns], _wrap_name)]
        found.append((rule, False))
    for values in zip(*(column.values for column in columns), strict=True):
        found += [(line, False) for line in row(values, _wrap)]
    return [*found, ("", False)]


def _aligned(column: Column, text: str, size: int) -> str:
    blank = " " * (size - width(text))
    return blank + text if column.numeric else text + blank


def _wrap(text: str, size: int) -> list[str]:
    return (
        [text]
        if width(text) <= size
        else textwrap.wrap(text, size, break_on_hyphens=False, break_long_words=False)
    )


def _parts(name: str) -> list[str]:
    """Where a column's name may wrap: between words, after underscores."""
    return re.findall("[^ _]*_|[^ _]+", name)


def _wrap_name(name: str, size: int) -> list[str]:
    lines: list[str] = []
    for part in re.findall("[^ _]*_| *[^ _]+", name):
        if lines and len(lines[-1] + part) <= size:
            lines[-1] += part
        else:
            lines.append(part.lstrip())
    return lines


def _blocks(columns: Sequence[Column], room: int) -> list[tuple[str, bool]]:
    names = max(width(column.name) for column in columns)
    found = [("", False)]
    for values in zip(*(column.values for column in columns), strict=True):
        for column, value in zip(columns, values, strict=True):
            lines = _wrap(value, max(room - names - 2, 20)) if value else []
            labels = [column.name, *([""] * len(lines))]
            found += [(f"{label:<{names}}  {line}", False)
                      for label, line in zip(labels, lines, strict=False)]  # fmt: skip
        found.append(("", False))
    return found
