"""Prices that are in this database already: relations as raw days, and the mappings that were saved."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from ta_lab2_sql import errors
from ta_lab2_sql.errors import WrongUsage
from ta_lab2_sql.load import layouts
from ta_lab2_sql.load.faults import Question
from ta_lab2_sql.queries import query

if TYPE_CHECKING:
    import psycopg


@dataclasses.dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did to one asset: rows read, days written, the first stamp that changed."""

    id: int
    symbol: str | None
    read: int
    inserted: int
    updated: int
    deleted: int
    unchanged: int
    earliest: datetime | None


@dataclasses.dataclass(frozen=True)
class Mapping:
    """Which relation gives prices, and how it is read; what `price_sources` keeps under a name."""

    relation: str
    columns: dict[str, str] = dataclasses.field(default_factory=dict)
    options: dict[str, Any] = dataclasses.field(default_factory=dict)


def since_day(text: str) -> date:
    """A day, or so many days back from today in UTC."""
    found = re.fullmatch(r"\s*(\d{1,5})\s*(d|days?|w|weeks?)\s*", text, re.IGNORECASE)
    if found:
        days = int(found[1]) * (7 if found[2].lower().startswith("w") else 1)
        return datetime.now(timezone.utc).date() - timedelta(days=days)
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise WrongUsage(f"'{text}' is no day", "--since", "like 2024-01-31 or '7 days'") from None


def sync(
    connection: psycopg.Connection[Any],
    mapping: Mapping,
    *,
    ids: Sequence[int] | None = None,
    since: date | None = None,
    replace: bool = False,
    dry_run: bool = False,
) -> list[Synced]:
    """Make raw days of a relation's rows, in one transaction; a row per asset."""
    from psycopg.rows import class_row

    with connection.transaction(force_rollback=dry_run):
        relation = _relation(connection, mapping.relation)
        values = {
            "relation": relation,
            "columns": json.dumps(found_columns(connection, relation, mapping)),
            "ids": None if ids is None else list(ids),
            "since": since,
            "replace": replace,
            "options": json.dumps(mapping.options),
        }
        with connection.cursor(row_factory=class_row(Synced)) as cursor:
            return cursor.execute(query("load/sync"), values).fetchall()


def _relation(connection: psycopg.Connection[Any], name: str) -> str:
    """The relation that a name means in the user's search_path."""
    row = connection.execute(query("load/relation"), {"name": name}).fetchone()
    if row is None or row[0] is None:
        near = connection.execute(query("load/relations"), {"name": name}).fetchone()
        todo = f"the nearest are {near[0]}" if near and near[0] else "name it with its schema"
        raise Question(f"no relation {name}", "sync", todo)
    return str(row[0])


def found_columns(connection: psycopg.Connection[Any], relation: str, mapping: Mapping) -> dict[str, str]:
    """The column of each role: what was said, else what its usual names find."""
    names = [name for (name,) in connection.execute(query("load/relation_names"), {"relation": relation})]
    general = layouts.shipped()[layouts.GENERAL]
    columns = dict(mapping.columns)
    for role, name in columns.items():
        if name not in names:
            raise Question(f"no column {name!r} for {role}", relation, f"it has {', '.join(names)}")
    for role, places in general.roles(names).items():
        free = [names[at] for at in places if names[at] not in columns.values() and names[at]]
        if role != "clock" and role not in columns and free:
            columns[role] = free[0]
    return columns


def save(connection: psycopg.Connection[Any], name: str, mapping: Mapping) -> None:
    """Keep a mapping under a name; one that was there is replaced."""
    values = {
        "name": name,
        "relation": mapping.relation,
        "columns": json.dumps(mapping.columns),
        "options": json.dumps(mapping.options),
    }
    connection.execute(query("load/save_source"), values)


def forget(connection: psycopg.Connection[Any], name: str) -> None:
    """Forget a saved mapping."""
    if connection.execute(query("load/forget_source"), {"name": name}).fetchone() is None:
        names = ", ".join(saved(connection)) or "none"
        raise WrongUsage(f"no saved source {name!r}", "--forget", f"there are {names}")


def saved(connection: psycopg.Connection[Any]) -> dict[str, Mapping]:
    """The mappings that were saved, by name."""
    rows = connection.execute(query("load/sources")).fetchall()
    return {name: Mapping(relation, columns, options) for name, relation, columns, options in rows}


def sync_all(
    connection: psycopg.Connection[Any], *, dry_run: bool = False
) -> tuple[dict[str, list[Synced]], dict[str, str]]:
    """Sync every saved source, each in its own transaction; what was done, and what failed with one line."""
    done: dict[str, list[Synced]] = {}
    failed: dict[str, str] = {}
    for name, mapping in saved(connection).items():
        options = dict(mapping.options)
        since, replace = options.pop("since", None), options.pop("replace", False)
        try:
            done[name] = sync(
                connection,
                dataclasses.replace(mapping, options=options),
                since=None if since is None else since_day(since),
                replace=replace,
                dry_run=dry_run,
            )
        except Exception as error:
            failure = errors.describe(error)
            if failure is None or (
                failure.exit_code == errors.DatabaseUnusable.exit_code and connection.broken
            ):
                raise
            failed[name] = errors.one_line(failure.format_message())
    return done, failed
