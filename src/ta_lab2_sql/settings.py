"""What every command knows: which database, which schema, how to print."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from ta_lab2_sql.errors import mask

if TYPE_CHECKING:
    import psycopg

URL_VARIABLES = ("TA_LAB2_DATABASE_URL", "DATABASE_URL")
# Any of these says that libpq knows where to go; a lone PGUSER or PGPASSWORD doesn't.
LIBPQ_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE")


@dataclasses.dataclass(slots=True)
class Settings:
    """The options before the command, resolved late: `--help` touches no database."""

    db_url: str | None = None
    schema: str | None = None
    json: bool = False
    verbose: bool = False
    quiet: bool = False
    # Further nodes of the same cluster, for work that is spread over them.
    other_urls: tuple[str, ...] = ()

    def nodes(self) -> list[Settings]:
        """The same settings for each node."""
        return [self, *(dataclasses.replace(self, db_url=url, other_urls=()) for url in self.other_urls)]

    def source(self) -> str:
        """Where the database's address comes from."""
        if self.db_url:
            return "--db-url"
        for name in URL_VARIABLES:
            if os.environ.get(name):
                return name
        if any(os.environ.get(name) for name in LIBPQ_VARIABLES):
            return "PG* variables"
        return "embedded server"

    def url(self) -> str:
        """The address to connect to; starts the embedded server when nothing else was named."""
        source = self.source()
        if source == "--db-url":
            assert self.db_url is not None
            return _plain(self.db_url)
        if source in URL_VARIABLES:
            return _plain(os.environ[source])
        if source == "PG* variables":
            return ""
        from ta_lab2_sql import server

        return server.start()

    def masked_url(self) -> str:
        """The address without its password, for people."""
        return mask(self.url()) or "PG* variables"

    def conninfo(self, purpose: str) -> str:
        """The address with our application_name, for connection pools."""
        from psycopg.conninfo import make_conninfo

        return make_conninfo(self.url(), application_name=f"ta-lab2 {purpose}")

    def configure(self, connection: psycopg.Connection[Any]) -> None:
        """Point a new connection at the schema; `configure=` of a pool. Expects autocommit."""
        if self.schema is not None:
            from psycopg import sql

            connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(self.schema)))

    def connect(self, purpose: str, *, autocommit: bool = True) -> psycopg.Connection[Any]:
        """Open a connection for one purpose, which the server shows as application_name."""
        import psycopg

        connection = psycopg.connect(self.conninfo(purpose), autocommit=True)
        try:
            self.configure(connection)
            connection.autocommit = autocommit
        except BaseException:
            connection.close()
            raise
        return connection

    def note(self, message: str) -> None:
        """Tell people something that isn't the result; silent under -q and --json."""
        if not (self.quiet or self.json):
            click.echo(message, err=True)

    def warn(self, message: str) -> None:
        """Tell people, also those who read JSON, that the result may not be what they expect."""
        if not self.quiet:
            click.echo(message, err=True)

    def show(self, rows: Iterable[Any], title: str | None = None) -> None:
        """Print rows (dataclasses, mappings or named tuples) as a table, or as one JSON document."""
        records = [_record(row) for row in rows]
        if self.json:
            click.echo(json.dumps(records, default=jsonable, ensure_ascii=False))
            return
        _print_table(records, title)

    def show_one(self, record: Mapping[str, Any], title: str | None = None) -> None:
        """Print one record: a table of names and values, or one JSON object."""
        if self.json:
            click.echo(json.dumps(dict(record), default=jsonable, ensure_ascii=False))
            return
        _print_table([{"": name, " ": value} for name, value in record.items()], title, header=False)


pass_settings = click.make_pass_decorator(Settings, ensure=True)


def _plain(url: str) -> str:
    """Accept the dialect names that SQLAlchemy users write in front of a URL."""
    for prefix in ("postgresql+psycopg://", "postgresql+psycopg2://"):
        if url.startswith(prefix):
            return "postgresql://" + url[len(prefix) :]
    return url


def _record(row: Any) -> dict[str, Any]:
    if dataclasses.is_dataclass(row) and not isinstance(row, type):
        return {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
    if isinstance(row, Mapping):
        return dict(row)
    if hasattr(row, "_asdict"):
        return dict(row._asdict())
    raise TypeError(f"cannot show a {type(row).__name__}")


def jsonable(value: Any) -> Any:
    """The JSON form of what json doesn't know."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return float(value)
    return str(value)


def cell(value: Any) -> str:
    """One value for a table cell."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 100_000 else str(value)
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.3f} s"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(cell(item) for item in value)
    return str(value)


def _print_table(records: list[dict[str, Any]], title: str | None, *, header: bool = True) -> None:
    from ta_lab2_sql.table import Column, render

    if not records:
        click.echo(f"{title}: none" if title else "none")
        return
    columns = []
    for name in records[0]:
        numeric = all(isinstance(r[name], (int, float, timedelta, type(None))) for r in records)
        # Ids are names: people copy them into the next command.
        values = [str(r[name]) if name == "id" else cell(r[name]) for r in records]
        columns.append(Column(name, values, numeric))
    # A pipe has no width of its own: don't fold what the next program reads.
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line, heading in render(columns, title, room, header=header):
        click.echo(click.style(line, bold=True) if heading and not os.environ.get("NO_COLOR") else line)
