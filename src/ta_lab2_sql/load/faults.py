"""What is wrong with a file, line by line, and the questions that only its owner can answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ta_lab2_sql.errors import WorkFailed, WrongUsage

NAMED = 10


def shown(text: str) -> str:
    """A cell for a message."""
    return repr(text if len(text) <= 40 else text[:37] + "...")


@dataclasses.dataclass(frozen=True)
class Fault:
    """One thing that can't be read: what, where, and the option that would help."""

    what: str
    file: str
    line: int
    column: str | int | None = None
    todo: str | None = None

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" + ("" if self.column is None else f", column {self.column}")
        return f"{self.what}; {where}" + (f"; {self.todo}" if self.todo else "")


class BadFile(WorkFailed):
    """A file that can't be loaded: up to ten faults, each with its file, line and column."""

    def __init__(
        self, faults: Sequence[Fault], total: int | None = None, *, may_be_skipped: bool = False
    ) -> None:
        self.faults = list(faults)
        self.total = total or len(self.faults)
        first = self.faults[0]
        nothing = "nothing was loaded"
        if self.total == 1:
            where = str(Fault("", first.file, first.line, first.column)).removeprefix("; ")
            todo = first.todo or "correct the file"
            if may_be_skipped:
                todo += ", or --skip-bad-lines 1 leaves the line out"
            super().__init__(first.what, where, f"{nothing}; {todo}")
            return
        files = {fault.file for fault in self.faults}
        where = first.file if len(files) == 1 else f"{len(files)} files"
        todo = f"correct them, or --skip-bad-lines {self.total} leaves them out"
        super().__init__(f"{self.total:,} lines can't be read", where, f"{nothing}; {todo}")
        self.details = [str(fault) for fault in self.faults[:NAMED]]
        if self.total > NAMED:
            self.details.append(f"and {self.total - NAMED:,} more")


def bad(what: str, file: str, line: int = 1, column: str | int | None = None, todo: str = "") -> BadFile:
    """One fault as an error."""
    return BadFile([Fault(what, file, line, column, todo or None)])


class Question(WrongUsage):
    """Something that only the owner of the file knows, and the option that tells it."""
