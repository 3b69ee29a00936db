"""The log of loads and refreshes: who, when, what, how long, with which outcome."""

from __future__ import annotations

import dataclasses
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ta_lab2_sql import errors
from ta_lab2_sql._version import __version__
from ta_lab2_sql.queries import query
from ta_lab2_sql.settings import jsonable

if TYPE_CHECKING:
    import psycopg


@dataclasses.dataclass(slots=True)
class Log:
    """What the log will say of a run when it has ended."""

    run_id: int
    outcome: str = "done"
    assets: int | None = None
    changed: int | None = None
    failed: int | None = None
    work: list[dict[str, Any]] | None = None
    error: str | None = None


@contextmanager
def logged(connection: psycopg.Connection[Any], command: str, options: dict[str, Any]) -> Iterator[Log]:
    """Log a run from its beginning to its end, on the driver's own connection (autocommit)."""
    values = {
        "command": command,
        "options": json.dumps(options, default=jsonable),
        "host": socket.gethostname(),
        "version": __version__,
    }
    row = connection.execute(query("runs/begin"), values).fetchone()
    assert row is not None
    log = Log(run_id=row[0])
    try:
        yield log
    except KeyboardInterrupt:
        log.outcome, log.error = "interrupted", "interrupted"
        raise
    except BaseException as error:
        told = errors.describe(error)
        log.outcome = "failed"
        log.error = told.format_message() if told else f"{type(error).__name__}: {error}"
        raise
    finally:
        _end(connection, log)


def _end(connection: psycopg.Connection[Any], log: Log) -> None:
    """The log serves the work: when it can't be written, the work counts all the same."""
    values = dataclasses.asdict(log)
    values["work"] = None if log.work is None else json.dumps(log.work)
    with suppress(Exception):
        connection.execute(query("runs/end"), values)
