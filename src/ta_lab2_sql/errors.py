"""What goes wrong, as one line and one exit code."""

from __future__ import annotations

import re
import sys
from typing import Any, ClassVar

import click

MIGRATE = "run ta-lab2 migrate"


class TaLabError(click.ClickException):
    """A failure that users can understand: what happened, where, and what to do about it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, where: str | None = None, todo: str | None = None) -> None:
        self.what, self.where, self.todo = what, where, todo
        # Lines to print before the error itself, when one line can't name everything.
        self.details: list[str] = []
        super().__init__("; ".join(one_line(part).rstrip(".;") for part in (what, where, todo) if part))


class WorkFailed(TaLabError):
    """The work finished, but not all of it succeeded."""

    exit_code: ClassVar[int] = 1


class WrongUsage(TaLabError):
    """The command line or the input names something that doesn't exist."""

    exit_code: ClassVar[int] = 2


class DatabaseUnusable(TaLabError):
    """The database can't be reached, is behind, or refuses us."""

    exit_code: ClassVar[int] = 3


USAGE_STATES = frozenset({"TA001", "TA002", "TA003", "TA004"})
# Classes of SQLSTATE that say that the database can't be used: connection, login, resources, shutdown.
UNUSABLE_CLASSES = frozenset({"08", "28", "53", "57P", "3D"})
NOT_MIGRATED_STATES = frozenset({"42P01", "42883", "3F000"})


def one_line(text: str) -> str:
    """The text without line breaks and without passwords."""
    return mask(" ".join(str(text).split()))


def mask(text: str) -> str:
    """The text with every password in a URL or a connection string replaced by ***."""
    text = re.sub(r"(\b[a-z][a-z0-9+.-]*://[^:/@\s?]*:)\S+@", r"\1***@", text, flags=re.I)
    return re.sub(r"(\b(?:ssl)?password\s*=\s*)('(?:[^'\\]|\\.)*'|[^&\s]+)", r"\1***", text, flags=re.I)


def from_database(error: Any) -> TaLabError:
    """Turn a psycopg error into the failure that its SQLSTATE stands for."""
    state: str = error.sqlstate or ""
    diag = error.diag
    what = diag.message_primary or str(error) or type(error).__name__
    where, todo = diag.message_detail, diag.message_hint
    if state in USAGE_STATES:
        return WrongUsage(what, where, todo)
    if state.startswith("TA") and state != "TA040":
        return WorkFailed(what, where, todo)
    if state == "TA040":
        return DatabaseUnusable(what, where, todo or MIGRATE)
    if state == "42501":
        return DatabaseUnusable(
            what, where or "the database", todo or "grant the privilege, or connect as another role"
        )
    if state in NOT_MIGRATED_STATES:
        return DatabaseUnusable(
            what, where or "the database is not at this version of ta-lab2", todo or MIGRATE
        )
    if state[:2] in UNUSABLE_CLASSES or state[:3] in UNUSABLE_CLASSES:
        return DatabaseUnusable(what, where or "the database server", todo or "check --db-url")
    if not state:
        return _without_state(error, what)
    if state == "57014":
        return WorkFailed(what, where or "the running query", todo or "run it again")
    return WorkFailed(
        f"{what} (SQLSTATE {state})", where or diag.context, todo or "run again with -v for the details"
    )


def _without_state(error: Any, what: str) -> TaLabError:
    """Errors that psycopg raises itself: no server answered, or the URL makes no sense."""
    import psycopg

    if isinstance(error, psycopg.OperationalError):
        what = one_line(what)
        for prefix in ("connection failed: ", "consuming input failed: "):
            what = what.removeprefix(prefix)
        return DatabaseUnusable(what, "the database server", "check that it runs, and --db-url")
    if isinstance(error, psycopg.ProgrammingError):
        return DatabaseUnusable(what, "the database URL", "write it as postgresql://user@host:5432/database")
    return WorkFailed(what, "the database connection", "run again with -v for the details")


def describe(error: BaseException) -> click.ClickException | None:
    """The failure to show for an exception; None for what only a traceback can explain."""
    if isinstance(error, click.ClickException):
        return error
    psycopg = sys.modules.get("psycopg")
    if psycopg is not None and isinstance(error, psycopg.Error):
        return from_database(error)
    pool = sys.modules.get("psycopg_pool")
    if pool is not None and isinstance(error, pool.PoolTimeout):
        return DatabaseUnusable(str(error), "the database server", "check that it runs, and --db-url")
    if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
        return WorkFailed(
            f"{error.name} is not installed",
            "this command needs it",
            f"pip install 'ta-lab2[{EXTRAS[error.name]}]'",
        )
    if isinstance(error, OSError) and error.strerror:
        return WorkFailed(
            error.strerror, str(error.filename or "input or output"), "check the path and its permissions"
        )
    return None


EXTRAS = {"polars": "parquet", "numpy": "parquet", "plotly": "plot", "matplotlib": "plot", "pandas": "pandas"}
