"""Where SQL goes when it is installed: to a server, or into a file."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ta_lab2_sql.errors import WorkFailed

if TYPE_CHECKING:
    import psycopg

# CREATE OR REPLACE can't change: a function's result or argument names, a view's columns. One that takes one
# more argument with a default stands beside the one of before, and a call fits both (42725). ALTER TABLE
# can't drop a column that a view shows (2BP01).
REPLACE_REFUSED = frozenset({"42P13", "42P16", "42725", "2BP01"})


class Sink(Protocol):
    """Where SQL goes: to a server, or into a file."""

    def run(self, text: str, label: str) -> None:
        """Run a text of SQL as it stands, parameters and percent signs untouched."""


@dataclass(slots=True)
class ServerSink:
    """Runs SQL on a connection as one simple query per text."""

    connection: psycopg.Connection[Any]

    def run(self, text: str, label: str) -> None:
        import psycopg

        try:
            self.connection.execute(text.encode(), prepare=False)
        except psycopg.Error as error:
            if error.sqlstate in REPLACE_REFUSED or error.sqlstate == "42501":
                raise
            raise FailedObject(text, label, error) from error


@dataclass(slots=True)
class FileSink:
    """Collects SQL for `migrate --sql`."""

    out: io.StringIO

    def run(self, text: str, label: str) -> None:
        self.out.write(f"\n-- {label}\n{text.rstrip()}\n")


class FailedObject(WorkFailed):
    """A SQL object that the server refused: file, line and the server's words."""

    def __init__(self, text: str, label: str, error: psycopg.Error) -> None:
        diag = error.diag
        what = f"{diag.message_primary or error} (SQLSTATE {error.sqlstate})"
        super().__init__(
            what,
            f"{label}:{failing_line(text, diag)}",
            diag.message_hint or "nothing was changed; correct the file",
        )


def failing_line(text: str, diag: Any) -> int:
    """The line of a file at which the server stopped; its first statement when the server doesn't say."""
    if diag.statement_position:
        return text.count("\n", 0, int(diag.statement_position) - 1) + 1
    first = re.search(r"^\s*(?:CREATE|ALTER|INSERT|DROP)\b", text, flags=re.M | re.I)
    line = text.count("\n", 0, first.end()) + 1 if first else 1
    inside = re.search(r"\bline (\d+)\b", diag.context or "")
    body = re.search(r"\$\w*\$", text)
    if inside and body:
        return text.count("\n", 0, body.end()) + int(inside.group(1))
    return line
