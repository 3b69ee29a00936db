"""Bring a database to this version: Alembic for tables, content hashes for functions and views."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ta_lab2_sql._version import __version__
from ta_lab2_sql.errors import DatabaseUnusable, WorkFailed, WrongUsage
from ta_lab2_sql.queries import query
from ta_lab2_sql.schema import distribute, objects
from ta_lab2_sql.schema.files import SqlObject, catalogue
from ta_lab2_sql.schema.revisions import LABEL, alembic_config, head_revision, is_ancestor, known_revisions
from ta_lab2_sql.schema.roles import privileges
from ta_lab2_sql.schema.sinks import ServerSink, Sink
from ta_lab2_sql.schema.text import identifier, session_settings
from ta_lab2_sql.schema.version import (
    OBJECTS_TABLE,
    VERSION_TABLE,
    current_revision,
    current_schema,
    installed_stamp,
    lock_migrations,
    stamp_of,
    stamp_sql,
)

if TYPE_CHECKING:
    import psycopg


@dataclass(slots=True)
class Report:
    """What a migration did."""

    schema: str
    from_revision: str | None
    to_revision: str | None
    applied: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    distributed: int = 0

    @property
    def changed(self) -> bool:
        return bool(self.applied or self.dropped) or self.from_revision != self.to_revision


class _Recreate(Exception):
    """A signature changed: take everything down and build it again."""


class Migration:
    """One transaction that brings one schema to a revision and its SQL objects to this version."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str | None = None) -> None:
        self.connection = connection
        self.schema = schema or current_schema(connection)
        self.catalogue = catalogue()
        self.roles = False

    def upgrade(self, to: str = "head", *, roles: bool = False) -> Report:
        """Upgrade or downgrade; everything or nothing. With roles: let the reader and the runner in."""
        import psycopg

        self.roles = roles

        try:
            return self._attempt(to, recreate=False)
        except (
            _Recreate,
            psycopg.errors.InvalidFunctionDefinition,
            psycopg.errors.InvalidTableDefinition,
            psycopg.errors.AmbiguousFunction,
            psycopg.errors.DependentObjectsStillExist,
        ):
            # The failed attempt is rolled back; in the second one nothing stands in the way of CREATE.
            try:
                return self._attempt(to, recreate=True)
            except psycopg.errors.DependentObjectsStillExist as error:
                raise WorkFailed(
                    error.diag.message_primary or str(error),
                    error.diag.message_detail,
                    "drop what is not part of ta-lab2, migrate, and create it again; nothing was changed",
                ) from error
            except (psycopg.errors.InvalidFunctionDefinition, psycopg.errors.InvalidTableDefinition) as error:
                raise WorkFailed(
                    f"{error.diag.message_primary} (SQLSTATE {error.sqlstate})",
                    error.diag.message_detail or error.diag.context,
                    "tables need this function as it stands: change it in a migration; nothing was changed",
                ) from error

    def _attempt(self, to: str, *, recreate: bool) -> Report:
        with self._transaction() as alchemy:
            sink = ServerSink(self.connection)
            installer = objects.Installer(sink)
            self._prepare(sink)
            before = current_revision(self.connection)
            report = Report(self.schema, before, before)
            self._refuse_newer(before)
            if to == "base":
                self._remove(alchemy, sink, report)
                return report
            recorded = objects.recorded(self.connection)
            grants = objects.granted(self.connection) if recreate else []
            if recreate:
                report.dropped += objects.drop(self.connection, skip_pinned=True)
                recorded = {}
            self._apply(installer, self.catalogue.before_tables, recorded, report)
            self._alembic(alchemy, installer, to, before, report)
            report.to_revision = current_revision(self.connection)
            if to != "head" and report.to_revision != head_revision():
                return report
            self._apply(installer, self.catalogue.after_tables, recorded, report)
            self._refuse_leftovers(recorded)
            objects.grant_again(self.connection, grants)
            if self.roles:
                sink.run(query("schema/roles_create"), "roles")
            if self.roles or report.changed:
                sink.run(privileges(), "privileges")
            self._finish(sink)
            if report.changed and before is not None:
                report.distributed = len(distribute.complete(self.connection))
            return report

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        """A transaction on our connection that Alembic can use too."""
        from sqlalchemy import create_engine
        from sqlalchemy.pool import StaticPool

        self.connection.autocommit = False
        engine = create_engine(
            "postgresql+psycopg://",
            creator=lambda: self.connection,
            poolclass=StaticPool,
            pool_reset_on_return=None,
        )
        try:
            # SQLAlchemy asks the server about itself and rolls back: connect before the transaction.
            with engine.connect() as alchemy, alchemy.begin():
                yield alchemy
        finally:
            if not self.connection.closed:
                self.connection.rollback()
                self.connection.autocommit = True

    def _prepare(self, sink: Sink) -> None:
        lock_migrations(self.connection, self.schema)
        found = self.connection.execute(
            "SELECT FROM pg_namespace WHERE nspname = %s", (self.schema,)
        ).fetchone()
        if found is None:
            sink.run(f"CREATE SCHEMA {identifier(self.schema)}", "schema")
        sink.run(session_settings(self.schema), "settings")
        if self.connection.execute("SELECT to_regclass(%s)", (OBJECTS_TABLE,)).fetchone() == (None,):
            sink.run(query("schema/objects_table"), OBJECTS_TABLE)

    def _refuse_newer(self, revision: str | None) -> None:
        if revision is not None and revision not in known_revisions():
            raise DatabaseUnusable(
                f"the database is at revision {revision}, which ta-lab2 {__version__} doesn't know",
                f"schema {self.schema}",
                "upgrade ta-lab2",
            )

    def _apply(
        self,
        installer: objects.Installer,
        things: list[SqlObject],
        recorded: dict[str, tuple[str, list[str]]],
        report: Report,
    ) -> None:
        for thing in things:
            changed = recorded.get(thing.path, ("",))[0] != thing.sha256
            follows = thing.path.startswith(objects.COMMENTS) and report.changed
            if changed or follows:
                installer.apply(thing)
                report.applied.append(thing.path)
        installer.finish()

    def _alembic(
        self, alchemy: Any, installer: objects.Installer, to: str, before: str | None, report: Report
    ) -> None:
        from alembic import command
        from alembic.script import ScriptDirectory
        from alembic.util.exc import CommandError

        config = alembic_config(
            self.schema, connection=alchemy, run=installer.sink.run, apply_object=installer.apply
        )
        try:
            target = ScriptDirectory.from_config(config).get_revision(to if to != "head" else f"{LABEL}@head")
            if target is None:
                raise CommandError(f"no revision {to}")
            if target.revision != before and is_ancestor(config, target.revision, before):
                report.dropped += objects.drop(self.connection, skip_pinned=True)
                command.downgrade(config, target.revision)
            else:
                command.upgrade(config, target.revision)
            installer.finish()
        except CommandError as error:
            raise WrongUsage(
                str(error), "--to", "give head, base or a revision of migrations/versions"
            ) from error

    def _refuse_leftovers(self, recorded: dict[str, tuple[str, list[str]]]) -> None:
        """Start again when something recorded earlier is in no file any more."""
        wanted = {thing.path for thing in self.catalogue.objects}
        now = objects.recorded(self.connection)
        gone = [path for path in recorded if path not in wanted]
        changed = [p for p, (_, made) in recorded.items() if p in now and not set(made) <= set(now[p][1])]
        if gone or changed:
            raise _Recreate

    def _finish(self, sink: Sink) -> None:
        """Note the files' order and the version."""
        objects.keep_order(self.connection, [thing.path for thing in self.catalogue.objects])
        stamp = stamp_of(self.catalogue, head_revision())
        if installed_stamp(self.connection) != stamp:
            sink.run(stamp_sql(stamp), "version")

    def _remove(self, alchemy: Any, sink: Sink, report: Report) -> None:
        """Take away everything of ours; what others built on it is named by the server's refusal."""
        import psycopg
        from alembic import command

        try:
            report.dropped += objects.drop(self.connection, skip_pinned=True)
            if report.from_revision is not None:
                config = alembic_config(self.schema, connection=alchemy, run=sink.run)
                command.downgrade(config, f"{LABEL}@base")
            report.dropped += objects.drop(self.connection, skip_pinned=False)
            sink.run(f"DROP TABLE IF EXISTS {OBJECTS_TABLE}, {VERSION_TABLE}", "bookkeeping")
        except psycopg.errors.DependentObjectsStillExist as error:
            raise WorkFailed(
                error.diag.message_primary or str(error),
                error.diag.message_detail,
                "drop what is not part of ta-lab2 first; nothing was changed",
            ) from error
        report.to_revision = None


def pending(connection: psycopg.Connection[Any]) -> list[str]:
    """What the next migration would change; nothing: the database is at this version."""
    head = head_revision()
    revision = current_revision(connection)
    found = [] if revision == head else [f"revision {revision or 'none'} instead of {head}"]
    recorded: dict[str, str] = {}
    if connection.execute("SELECT to_regclass(%s)", (OBJECTS_TABLE,)).fetchone() != (None,):
        recorded = {path: sha256 for path, (sha256, _) in objects.recorded(connection).items()}
    wanted = {thing.path: thing.sha256 for thing in catalogue().objects}
    found += [
        f"{path} is {'new' if path not in recorded else 'different'}"
        for path, sha256 in wanted.items()
        if recorded.get(path) != sha256
    ]
    found += [f"{path} is gone" for path in recorded if path not in wanted]
    if revision == head:
        now = distribute.layout(connection)
        # A cluster's own functions say what is missing there.
        found += [
            f"table {name} is not like the others, {now}"
            for name, partitions in now.partitions.items()
            if now.kind != "citus" and partitions != now.usual
        ]
    return found
