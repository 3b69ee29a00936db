"""Bring a database to this version: Alembic for tables, content hashes for functions and views."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ta_lab2_sql import __version__
from ta_lab2_sql.errors import DatabaseUnusable, WorkFailed, WrongUsage
from ta_lab2_sql.queries import query

if TYPE_CHECKING:
    import psycopg
    from alembic.config import Config

LABEL = "ta_lab2"
VERSION_TABLE = "ta_lab2_version"
OBJECTS_TABLE = "ta_lab2_objects"
TABLES_MARK = "-- tables"
COMMENTS = "comments/"  # files that comment on what other files made; they follow every change
# CREATE OR REPLACE can't change: a function's result or argument names, a view's columns.
REPLACE_REFUSED = frozenset({"42P13", "42P16"})

OBJECTS_DDL = f"""\
CREATE TABLE IF NOT EXISTS {OBJECTS_TABLE} (
    path text PRIMARY KEY,
    sha256 text NOT NULL,
    position int NOT NULL,
    objects text[] NOT NULL,
    applied_at timestamptz NOT NULL
);
"""

# What the file just applied has made: all that this transaction wrote and no other file claims.
RECORD = f"""\
INSERT INTO {OBJECTS_TABLE} (path, sha256, position, objects, applied_at)
SELECT
    {{path}}, {{sha256}}, {{position}},
    coalesce(array_agg(made.object ORDER BY made.oid), '{{{{}}}}'), now()
FROM (
    SELECT oid, 'ROUTINE ' || oid::regprocedure::text AS object FROM pg_proc
    WHERE pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
        AND xmin = pg_current_xact_id()::xid
    UNION ALL
    SELECT oid, 'VIEW ' || oid::regclass::text FROM pg_class
    WHERE relkind = 'v' AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
        AND xmin = pg_current_xact_id()::xid
) AS made
WHERE NOT EXISTS (
    SELECT FROM {OBJECTS_TABLE} AS other
    WHERE made.object = ANY (other.objects) AND other.path <> {{path}})
ON CONFLICT (path) DO UPDATE SET
    sha256 = excluded.sha256, position = excluded.position, objects = excluded.objects, applied_at = now();
"""

# What a file has made says in \\d+ and \\df+ what it is.
COMMENT = f"""\
DO $comment$
DECLARE
    v_made text;
BEGIN
    FOREACH v_made IN ARRAY (SELECT objects FROM {OBJECTS_TABLE} WHERE path = {{path}}) LOOP
        EXECUTE 'COMMENT ON ' || v_made || ' IS ' || quote_nullable({{sentence}});
    END LOOP;
END;
$comment$;
"""

# Functions that a table, an index or a trigger needs stay where they are, and so does what they are made of.
PINNED = """
WITH RECURSIVE pinned AS (
    SELECT refobjid AS oid FROM pg_depend
    WHERE refclassid = 'pg_proc'::regclass AND deptype IN ('n', 'a') AND (
        classid IN ('pg_attrdef'::regclass, 'pg_constraint'::regclass, 'pg_trigger'::regclass)
        OR (classid = 'pg_class'::regclass
            AND EXISTS (SELECT FROM pg_class WHERE pg_class.oid = objid AND relkind IN ('r', 'p', 'i', 'I'))))
    UNION
    SELECT d.refobjid FROM pg_depend AS d JOIN pinned ON d.objid = pinned.oid
    WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_proc'::regclass AND d.deptype = 'n'
)
SELECT 'ROUTINE ' || oid::regprocedure::text FROM pinned
"""

# What users granted on our views and functions, as statements that grant it again.
GRANTS = """
SELECT
    'VIEW ' || c.oid::regclass::text, c.oid::regclass::text, acl.privilege_type, r.rolname, acl.is_grantable
FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS acl
JOIN pg_roles AS r ON r.oid = acl.grantee
WHERE c.relkind = 'v' AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
    AND acl.grantee <> c.relowner
UNION ALL
SELECT 'ROUTINE ' || p.oid::regprocedure::text, 'ROUTINE ' || p.oid::regprocedure::text, acl.privilege_type,
    r.rolname, acl.is_grantable
FROM pg_proc AS p CROSS JOIN LATERAL aclexplode(p.proacl) AS acl JOIN pg_roles AS r ON r.oid = acl.grantee
WHERE p.pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
    AND acl.grantee <> p.proowner
"""


@dataclass(frozen=True, slots=True)
class SqlObject:
    """One file of sql/: its path there, its text, the hash of it, its place in the manifest."""

    path: str
    text: str
    sha256: str
    position: int


class Catalogue:
    """The SQL files in declared order: those that tables need come first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def objects(self) -> list[SqlObject]:
        return [*self.before_tables, *self.after_tables]

    @cached_property
    def _halves(self) -> tuple[list[SqlObject], list[SqlObject]]:
        halves: tuple[list[SqlObject], list[SqlObject]] = ([], [])
        half, seen = 0, set[str]()
        for line in (self.folder / "manifest.txt").read_text(encoding="utf-8").splitlines():
            line = line.strip()
            if line == TABLES_MARK:
                half = 1
            if not line or line.startswith(("#", "--")):
                continue
            if line in seen:
                raise WorkFailed(f"{line} stands twice", "sql/manifest.txt", "keep one of the lines")
            seen.add(line)
            halves[half].append(self._read(line, len(seen)))
        return halves

    @property
    def before_tables(self) -> list[SqlObject]:
        return self._halves[0]

    @property
    def after_tables(self) -> list[SqlObject]:
        return self._halves[1]

    def _read(self, path: str, position: int) -> SqlObject:
        try:
            content = (self.folder / path).read_bytes()
        except FileNotFoundError as missing:
            raise WorkFailed(f"{path} is missing", "sql/manifest.txt", "reinstall ta-lab2") from missing
        return SqlObject(path, content.decode(), hashlib.sha256(content).hexdigest(), position)

    def digest(self, revision: str) -> str:
        """One hash for all of it: what a database of this version carries."""
        lines = [
            f"{revision}\n",
            *(f"{o.path} {o.sha256}\n" for o in sorted(self.objects, key=lambda o: o.path)),
        ]
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def resources(name: str) -> Path:
    """The folder `sql` or `migrations`: inside an installed package, else beside the source tree."""
    package = Path(__file__).resolve().parent
    installed = package / f"_{name}"
    return installed if installed.is_dir() else package.parents[1] / name


def catalogue() -> Catalogue:
    """The SQL files of this version."""
    return Catalogue(resources("sql"))


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


def literal(value: str | int) -> str:
    """A value as SQL text, for files that nobody binds parameters to."""
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def apply_object(sink: Sink, thing: SqlObject) -> None:
    """Run one file, record what it made, and comment that with the first sentence of the file's header."""
    sink.run(thing.text, f"sql/{thing.path}")
    record = RECORD.format(
        path=literal(thing.path), sha256=literal(thing.sha256), position=literal(thing.position)
    )
    sink.run(record, f"record of {thing.path}")
    sentence = first_sentence(thing.text)
    if sentence and not thing.path.startswith(COMMENTS):
        comment = COMMENT.format(path=literal(thing.path), sentence=literal(sentence))
        sink.run(comment, f"comment of {thing.path}")


def first_sentence(text: str) -> str | None:
    """The first sentence of a file's header, `-- name: what it is`; None: there is no header."""
    found = re.match(r"-- \w+: (.*\n(?:--   (?!p_).*\n)*)", text)
    if found is None:
        return None
    paragraph = " ".join(line.removeprefix("--").strip() for line in found.group(1).splitlines())
    return re.split(r"(?<=\.)\s", paragraph, maxsplit=1)[0]


def session_settings(schema: str) -> str:
    """What holds while SQL is applied: names go to the schema, Citus changes shards one by one."""
    return (
        f"SET LOCAL search_path TO {identifier(schema)};\n"
        "SET LOCAL client_min_messages TO warning;\n"
        "SET LOCAL TimeZone TO 'UTC';\n"
        "SET LOCAL check_function_bodies TO on;\n"
        "SET LOCAL citus.multi_shard_modify_mode TO 'sequential';\n"
    )


def alembic_config(schema: str, **attributes: Any) -> Config:
    """Alembic's configuration, without a file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resources("migrations")).replace("%", "%%"))
    config.attributes.update(schema=schema, catalogue=catalogue(), **attributes)
    return config


def head_revision() -> str:
    """The newest revision of this version's migrations."""
    from alembic.script import ScriptDirectory

    head = ScriptDirectory.from_config(alembic_config("public")).get_current_head()
    assert head is not None
    return head


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
        except (_Recreate, psycopg.errors.InvalidFunctionDefinition, psycopg.errors.InvalidTableDefinition):
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
            self._prepare(sink)
            before = current_revision(self.connection)
            report = Report(self.schema, before, before)
            self._refuse_newer(before)
            if to == "base":
                self._remove(alchemy, sink, report)
                return report
            recorded = self._recorded()
            grants = self.connection.execute(GRANTS).fetchall() if recreate else []
            if recreate:
                self._drop(report, skip_pinned=True)
                recorded = {}
            self._apply(sink, self.catalogue.before_tables, recorded, report)
            self._alembic(alchemy, to, before, report)
            report.to_revision = current_revision(self.connection)
            if to != "head" and report.to_revision != head_revision():
                return report
            self._apply(sink, self.catalogue.after_tables, recorded, report)
            self._refuse_leftovers(recorded)
            self._grant_again(grants)
            if self.roles:
                sink.run(query("roles_create"), "roles")
            if self.roles or report.changed:
                sink.run(privileges(), "privileges")
            self._finish(sink, head_revision())
            if report.changed and before is not None:
                from ta_lab2_sql import distribute

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
            sink.run(OBJECTS_DDL, OBJECTS_TABLE)

    def _refuse_newer(self, revision: str | None) -> None:
        from alembic.script import ScriptDirectory

        known = {r.revision for r in ScriptDirectory.from_config(alembic_config("public")).walk_revisions()}
        if revision is not None and revision not in known:
            raise DatabaseUnusable(
                f"the database is at revision {revision}, which ta-lab2 {__version__} doesn't know",
                f"schema {self.schema}",
                "upgrade ta-lab2",
            )

    def _recorded(self) -> dict[str, tuple[str, list[str]]]:
        rows = self.connection.execute(f"SELECT path, sha256, objects FROM {OBJECTS_TABLE}").fetchall()
        return {path: (sha256, objects) for path, sha256, objects in rows}

    def _apply(
        self, sink: Sink, objects: list[SqlObject], recorded: dict[str, tuple[str, list[str]]], report: Report
    ) -> None:
        for thing in objects:
            changed = recorded.get(thing.path, ("",))[0] != thing.sha256
            follows = thing.path.startswith(COMMENTS) and report.changed
            if changed or follows:
                apply_object(sink, thing)
                report.applied.append(thing.path)

    def _alembic(self, alchemy: Any, to: str, before: str | None, report: Report) -> None:
        from alembic import command
        from alembic.script import ScriptDirectory
        from alembic.util.exc import CommandError

        run: Callable[[SqlObject], None] = lambda thing: apply_object(ServerSink(self.connection), thing)  # noqa: E731
        config = alembic_config(
            self.schema, connection=alchemy, run=ServerSink(self.connection).run, apply_object=run
        )
        try:
            target = ScriptDirectory.from_config(config).get_revision(to if to != "head" else f"{LABEL}@head")
            if target is None:
                raise CommandError(f"no revision {to}")
            older = (
                before is not None and target.revision != before and self._is_ancestor(config, target, before)
            )
            if older:
                self._drop(report, skip_pinned=True)
                command.downgrade(config, target.revision)
            else:
                command.upgrade(config, target.revision)
        except CommandError as error:
            raise WrongUsage(
                str(error), "--to", "give head, base or a revision of migrations/versions"
            ) from error

    @staticmethod
    def _is_ancestor(config: Config, target: Any, before: str) -> bool:
        from alembic.script import ScriptDirectory

        walk = ScriptDirectory.from_config(config).walk_revisions("base", before)
        return any(script.revision == target.revision for script in walk)

    def _drop(self, report: Report, *, skip_pinned: bool) -> None:
        """Drop our functions and views, last made first."""
        pinned: set[str] = set()
        if skip_pinned:
            pinned = {name for (name,) in self.connection.execute(PINNED)}
        rows = self.connection.execute(
            f"SELECT path, objects FROM {OBJECTS_TABLE} ORDER BY position DESC"
        ).fetchall()
        for path, objects in rows:
            for name in reversed(objects):
                if name not in pinned:
                    kind, _, signature = name.partition(" ")
                    self.connection.execute(f"DROP {kind} IF EXISTS {signature}".encode(), prepare=False)
                    report.dropped.append(name)
            if not pinned.intersection(objects):
                self.connection.execute(f"DELETE FROM {OBJECTS_TABLE} WHERE path = %s", (path,))

    def _refuse_leftovers(self, recorded: dict[str, tuple[str, list[str]]]) -> None:
        """Start again when something recorded earlier is in no file any more."""
        wanted = {thing.path for thing in self.catalogue.objects}
        now = self._recorded()
        gone = [path for path in recorded if path not in wanted]
        changed = [p for p, (_, made) in recorded.items() if p in now and not set(made) <= set(now[p][1])]
        if gone or changed:
            raise _Recreate

    def _grant_again(self, grants: list[Any]) -> None:
        """Give back what users had granted on objects that were dropped and made again."""
        made = {name for _, objects in self._recorded().values() for name in objects}
        for name, target, privilege, role, grantable in grants:
            if name in made:
                statement = f"GRANT {privilege} ON {target} TO {identifier(role)}"
                self.connection.execute((statement + " WITH GRANT OPTION" * grantable).encode())

    def _finish(self, sink: Sink, revision: str) -> None:
        """Forget files that are gone (their functions serve tables still), note order and version."""
        wanted = [thing.path for thing in self.catalogue.objects]
        self.connection.execute(f"DELETE FROM {OBJECTS_TABLE} WHERE path <> ALL (%s)", (wanted,))
        self.connection.execute(
            f"""UPDATE {OBJECTS_TABLE} AS o SET position = w.position
                FROM unnest(%s::text[]) WITH ORDINALITY AS w (path, position)
                WHERE o.path = w.path AND o.position <> w.position""",
            (wanted,),
        )
        stamp = _stamp(self.catalogue, revision)
        if installed_stamp(self.connection) != stamp:
            sink.run(_stamp_sql(stamp), "version")

    def _remove(self, alchemy: Any, sink: Sink, report: Report) -> None:
        """Take away everything of ours; what others built on it is named by the server's refusal."""
        import psycopg
        from alembic import command

        try:
            self._drop(report, skip_pinned=True)
            if report.from_revision is not None:
                config = alembic_config(self.schema, connection=alchemy, run=sink.run)
                command.downgrade(config, f"{LABEL}@base")
            self._drop(report, skip_pinned=False)
            sink.run(f"DROP TABLE IF EXISTS {OBJECTS_TABLE}, {VERSION_TABLE}", "bookkeeping")
        except psycopg.errors.DependentObjectsStillExist as error:
            raise WorkFailed(
                error.diag.message_primary or str(error),
                error.diag.message_detail,
                "drop what is not part of ta-lab2 first; nothing was changed",
            ) from error
        report.to_revision = None


def privileges() -> str:
    """What PUBLIC may not do, and what the roles may, as one statement."""
    from ta_lab2_sql import registry

    tables = registry.read()
    written = [name for name in tables.distributed if name != "cmc_price_histories7"]
    return query("roles_grant").format(tables=array(tables.tables), written=array(written))


def array(names: Iterable[str]) -> str:
    """An array of texts as SQL text."""
    return f"ARRAY[{', '.join(literal(name) for name in names)}]"


def offline(schema: str | None = None, *, roles: bool = False) -> str:
    """One file that installs everything from nothing with `psql -f`."""
    from alembic import command

    schema = schema or "public"
    things = catalogue()
    out = io.StringIO()
    sink = FileSink(out)
    out.write(f"-- ta-lab2 {__version__}: installs into an empty database with psql -f.\n")
    out.write("\\set ON_ERROR_STOP on\nBEGIN;\n")
    out.write(
        f"SET LOCAL client_min_messages TO warning;\nCREATE SCHEMA IF NOT EXISTS {identifier(schema)};\n"
    )
    out.write(session_settings(schema))
    sink.run(OBJECTS_DDL, OBJECTS_TABLE)
    for thing in things.before_tables:
        apply_object(sink, thing)
    config = alembic_config(
        schema, run=sink.run, apply_object=lambda thing: apply_object(sink, thing), buffer=out
    )
    command.upgrade(config, f"{LABEL}@head", sql=True)
    for thing in things.after_tables:
        apply_object(sink, thing)
    if roles:
        sink.run(query("roles_create"), "roles")
    sink.run(privileges(), "privileges")
    sink.run(_stamp_sql(_stamp(things, head_revision())), "version")
    out.write("\nCOMMIT;\n")
    return out.getvalue()


def lock_migrations(connection: psycopg.Connection[Any], schema: str) -> None:
    """One change of a schema's tables at a time, to the end of the transaction."""
    connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"ta-lab2 migrate {schema}",)
    )


def current_schema(connection: psycopg.Connection[Any]) -> str:
    """The schema that unqualified names are created in."""
    row = connection.execute("SELECT current_schema()").fetchone()
    if row is None or row[0] is None:
        path = connection.execute("SHOW search_path").fetchone()
        raise DatabaseUnusable(
            "the connection's search_path names no schema that exists",
            f"search_path {path}",
            "give --schema NAME",
        )
    return str(row[0])


def current_revision(connection: psycopg.Connection[Any]) -> str | None:
    """The Alembic revision of the installation that search_path points at."""
    if connection.execute("SELECT to_regclass(%s)", (VERSION_TABLE,)).fetchone() == (None,):
        return None
    row = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()
    return None if row is None else str(row[0])


def _stamp(things: Catalogue, revision: str) -> str:
    return f"ta-lab2 {__version__} revision {revision} digest {things.digest(revision)}"


def _stamp_sql(stamp: str) -> str:
    return f"COMMENT ON TABLE {OBJECTS_TABLE} IS {literal(stamp)};\n"


def installed_stamp(connection: psycopg.Connection[Any]) -> str | None:
    """What the last migration left as its mark: version, revision and digest; None: never migrated."""
    row = connection.execute(
        "SELECT obj_description(to_regclass(%s), 'pg_class')", (OBJECTS_TABLE,)
    ).fetchone()
    return None if row is None else row[0]


def pending(connection: psycopg.Connection[Any]) -> list[str]:
    """What the next migration would change; nothing: the database is at this version."""
    head = head_revision()
    revision = current_revision(connection)
    found = [] if revision == head else [f"revision {revision or 'none'} instead of {head}"]
    recorded: dict[str, str] = {}
    if connection.execute("SELECT to_regclass(%s)", (OBJECTS_TABLE,)).fetchone() != (None,):
        recorded = dict(connection.execute(f"SELECT path, sha256 FROM {OBJECTS_TABLE}").fetchall())
    wanted = {thing.path: thing.sha256 for thing in catalogue().objects}
    found += [
        f"{path} is {'new' if path not in recorded else 'different'}"
        for path, sha256 in wanted.items()
        if recorded.get(path) != sha256
    ]
    found += [f"{path} is gone" for path in recorded if path not in wanted]
    if revision == head:
        from ta_lab2_sql import distribute

        now = distribute.layout(connection)
        # A cluster's own functions say what is missing there.
        found += [
            f"table {name} is not like the others, {now}"
            for name, partitions in now.partitions.items()
            if now.kind != "citus" and partitions != now.usual
        ]
    return found


def check_version(connection: psycopg.Connection[Any]) -> None:
    """Raise TA040 in Python (exit code 3) when database and code are not of one version. One statement."""
    stamp = installed_stamp(connection)
    if stamp is None:
        raise DatabaseUnusable("the database has no ta-lab2 in it", _where(connection), "run ta-lab2 migrate")
    _, version, _, revision, _, digest = (stamp.split() + [""] * 6)[:6]
    if digest == catalogue().digest(revision) and revision == _head_without_alembic():
        return
    if _comparable(version) > _comparable(__version__):
        raise DatabaseUnusable(
            f"the database is newer (ta-lab2 {version}) than this ta-lab2 {__version__}",
            _where(connection),
            "upgrade ta-lab2",
        )
    raise DatabaseUnusable(
        f"the database is behind this ta-lab2 {__version__}", _where(connection), "run ta-lab2 migrate"
    )


def _head_without_alembic() -> str:
    """The newest revision by its file name, which begins with it; Alembic takes long to import."""
    return max(path.name.split("_")[0] for path in (resources("migrations") / "versions").glob("[0-9]*.py"))


def _comparable(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.split("+")[0]))


def _where(connection: psycopg.Connection[Any]) -> str:
    return f"database {connection.info.dbname}"


__all__ = [
    "Migration",
    "Report",
    "apply_object",
    "catalogue",
    "check_version",
    "current_schema",
    "head_revision",
    "offline",
    "pending",
]
