"""The functions and views in a database: what each file made, applied by the hash of its content."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ta_lab2_sql.queries import query
from ta_lab2_sql.schema.files import SqlObject, first_sentence
from ta_lab2_sql.schema.sinks import Sink
from ta_lab2_sql.schema.text import identifier, literal
from ta_lab2_sql.schema.version import OBJECTS_TABLE

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[Any]

COMMENTS = "comments/"  # files that comment on what other files made; they follow every change


@dataclass(slots=True)
class Installer:
    """Applies files, and says in the end what each of them made."""

    sink: Sink
    applied: list[SqlObject] = field(default_factory=list)

    def apply(self, thing: SqlObject) -> None:
        """Run one file, and record that it is installed."""
        self.sink.run(thing.text, f"sql/{thing.path}")
        record = query("schema/objects_record").format(
            path=literal(thing.path), sha256=literal(thing.sha256), position=literal(thing.position)
        )
        self.sink.run(record, f"record of {thing.path}")
        self.applied.append(thing)

    def finish(self) -> None:
        """Record what the files applied so far made; its comment is the first sentence of a file's header."""
        if not self.applied:
            return
        paths = ", ".join(literal(thing.path) for thing in self.applied)
        self.sink.run(query("schema/objects_made").format(paths=paths), "what the files made")
        sentences = {
            thing.path: first_sentence(thing.text)
            for thing in self.applied
            if not thing.path.startswith(COMMENTS)
        }
        told = [f"({literal(path)}, {literal(said)})" for path, said in sentences.items() if said]
        if told:
            comments = query("schema/objects_comment").format(sentences=",\n            ".join(told))
            self.sink.run(comments, "comments")
        self.applied.clear()


def recorded(connection: Connection) -> dict[str, tuple[str, list[str]]]:
    """The installed files by path: the hash of each, and what it made."""
    rows = connection.execute(f"SELECT path, sha256, objects FROM {OBJECTS_TABLE}").fetchall()
    return {path: (sha256, made) for path, sha256, made in rows}


def drop(connection: Connection, *, skip_pinned: bool) -> list[str]:
    """Drop our functions and views, last made first; what was dropped. Pinned: what tables need."""
    pinned: set[str] = set()
    if skip_pinned:
        pinned = {name for (name,) in connection.execute(query("schema/objects_pinned"))}
    rows = connection.execute(f"SELECT path, objects FROM {OBJECTS_TABLE} ORDER BY position DESC").fetchall()
    dropped = []
    for path, made in rows:
        for name in reversed(made):
            if name not in pinned:
                kind, _, signature = name.partition(" ")
                connection.execute(f"DROP {kind} IF EXISTS {signature}".encode(), prepare=False)
                dropped.append(name)
        if not pinned.intersection(made):
            connection.execute(f"DELETE FROM {OBJECTS_TABLE} WHERE path = %s", (path,))
    return dropped


def granted(connection: Connection) -> list[Any]:
    """What users have granted on our functions and views."""
    return connection.execute(query("schema/objects_granted")).fetchall()


def grant_again(connection: Connection, grants: list[Any]) -> None:
    """Give back what users had granted on objects that were dropped and made again."""
    there = {name for _, made in recorded(connection).values() for name in made}
    for name, target, privilege, role, grantable in grants:
        if name in there:
            statement = f"GRANT {privilege} ON {target} TO {identifier(role)}"
            connection.execute((statement + " WITH GRANT OPTION" * grantable).encode())


def keep_order(connection: Connection, paths: list[str]) -> None:
    """Forget files that are gone (their functions serve tables still), and note the order of the others."""
    connection.execute(f"DELETE FROM {OBJECTS_TABLE} WHERE path <> ALL (%s)", (paths,))
    connection.execute(query("schema/objects_order"), {"paths": paths})
