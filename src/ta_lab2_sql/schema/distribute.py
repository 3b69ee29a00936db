"""Split the tables of assets by id: into hash partitions on one server, or over a Citus cluster."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

from ta_lab2_sql.errors import WorkFailed, WrongUsage
from ta_lab2_sql.queries import query
from ta_lab2_sql.schema import registry
from ta_lab2_sql.schema.files import catalogue, resources
from ta_lab2_sql.schema.objects import COMMENTS
from ta_lab2_sql.schema.text import literal, session_settings
from ta_lab2_sql.schema.version import OBJECTS_TABLE, current_schema, lock_migrations

if TYPE_CHECKING:
    import psycopg

DEFAULT_PARTITIONS = 8


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """How the tables lie: partitions of each table, 0 for a plain one, and what Citus says of it."""

    partitions: dict[str, int]
    cluster: dict[str, dict[str, Any]] | None = None

    @property
    def kind(self) -> str:
        """plain, partitions or citus: what most tables of assets are."""
        if self.cluster is not None and any(t["kind"] == "distributed" for t in self.cluster.values()):
            return "citus"
        return "partitions" if self.usual else "plain"

    @property
    def usual(self) -> int:
        """The number of partitions that most tables have."""
        counts = list(self.partitions.values())
        return max(sorted(set(counts)), key=counts.count, default=0)

    def __str__(self) -> str:
        if self.kind == "citus":
            assert self.cluster is not None
            table = next(t for t in self.cluster.values() if t["kind"] == "distributed")
            return f"Citus, {table['shards']} shards on {table['nodes']} nodes"
        return f"{self.usual} hash partitions by id" if self.usual else "plain tables"


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What would be run: in one transaction, and when that is committed."""

    before: Layout
    statements: list[str]
    afterwards: list[str]
    # What has to be locked first; a cluster locks for itself.
    lock: str | None = None


def layout(connection: psycopg.Connection[Any]) -> Layout:
    """How the tables lie now."""
    from psycopg.rows import dict_row

    tables = registry.read()
    names = {"tables": list(tables.distributed)}
    found = connection.execute(query("schema/distribute_layout"), names).fetchall()
    if not has_citus(connection):
        return Layout(dict(found))
    with connection.cursor(row_factory=dict_row) as cursor:
        names = {"tables": [*tables.distributed, *tables.reference]}
        rows = cursor.execute(query("schema/distribute_citus_layout"), names).fetchall()
    return Layout(dict(found), {row.pop("name"): row for row in rows})


def has_citus(connection: psycopg.Connection[Any]) -> bool:
    """Whether the database has the extension."""
    return connection.execute("SELECT FROM pg_extension WHERE extname = 'citus'").fetchone() is not None


def plan(connection: psycopg.Connection[Any], count: int | None) -> Plan:
    """What has to be run for so many partitions (Citus: shards). Raises when something stands in the way."""
    before = layout(connection)
    if before.kind == "citus" and count == 0:
        return _back(connection, before)
    if before.kind == "citus" or (before.cluster is not None and count != 0):
        return _cluster(connection, before, count)
    wanted = (before.usual or DEFAULT_PARTITIONS) if count is None else count
    tables = [name for name, partitions in before.partitions.items() if partitions != wanted]
    _refuse(connection.execute(query("schema/distribute_obstacles"), {"tables": tables}).fetchall())
    rows = connection.execute(
        query("schema/distribute_partitions"), {"tables": tables, "partitions": wanted}
    ).fetchall()
    return Plan(before, [statement for (statement,) in rows], [], _lock_tables())


def _cluster(connection: psycopg.Connection[Any], before: Layout, count: int | None) -> Plan:
    assert before.cluster is not None
    shards = {t["shards"] for t in before.cluster.values() if t["kind"] == "distributed"}
    if count is not None and shards and shards != {count}:
        raise WrongUsage(
            f"the tables have {shards.pop()} shards",
            "--partitions",
            "Citus changes that itself: SELECT alter_distributed_table('bars', shard_count => N, "
            "cascade_to_colocated => true)",
        )
    tables = registry.read()
    names = {"distributed": list(tables.distributed), "reference": list(tables.reference)}
    _refuse(connection.execute(query("schema/distribute_citus_obstacles"), names).fetchall())
    rows = connection.execute(
        query("schema/distribute_citus"), {**names, "delegated": list(tables.delegated), "shards": count}
    ).fetchall()
    return Plan(before, [s for s, is_after in rows if not is_after], [s for s, is_after in rows if is_after])


def _back(connection: psycopg.Connection[Any], before: Layout) -> Plan:
    """From a cluster to plain tables on the node that we are connected to, with what a cluster can't have."""
    tables = registry.read()
    names = [*tables.distributed, *tables.reference]
    row = connection.execute(query("schema/distribute_citus_back"), {"tables": names}).fetchone()
    held, triggers = row or ([], [])
    # Tables that foreign keys connect come together; then nothing is left for the statement of the second.
    statements = [
        "SELECT undistribute_table(p.logicalrelid, cascade_via_foreign_keys => true) "
        f"FROM pg_dist_partition AS p WHERE p.logicalrelid = {literal(table)}::regclass"
        for table in held
    ]
    statements += [text for name, text in _triggers() if name not in triggers]
    statements += [
        f"ALTER FUNCTION {made.removeprefix('ROUTINE ')} SET plan_cache_mode = force_generic_plan"
        for path, made in connection.execute(
            f"SELECT path, unnest(objects) FROM {OBJECTS_TABLE} ORDER BY position"
        ).fetchall()
        if made.startswith("ROUTINE ") and path in _kept_plans()
    ]
    statements += [thing.text for thing in catalogue().objects if thing.path.startswith(COMMENTS)]
    return Plan(before, statements, [f"ANALYZE {table}" for table in held])


def _triggers() -> list[tuple[str, str]]:
    """The triggers that migrations make: table.trigger, and the statement."""
    found = []
    for path in sorted((resources("migrations") / "versions").glob("*.sql")):
        for text in re.findall(r"^ *(CREATE TRIGGER [^;]+)", path.read_text(encoding="utf-8"), flags=re.M):
            name, table = re.findall(r"TRIGGER (\w+) .*?\bON (\w+)", text, flags=re.S)[0]
            found.append((f"{table}.{name}", text))
    return found


def _kept_plans() -> set[str]:
    """The files of functions that keep one plan for every asset."""
    kept = "SET plan_cache_mode = force_generic_plan"
    return {thing.path for thing in catalogue().objects if kept in thing.text}


def _refuse(obstacles: list[Any]) -> None:
    if obstacles:
        raise WorkFailed(
            f"in the way: {', '.join(what for (what,) in obstacles)}",
            "the tables of assets",
            "nothing was changed; drop them, and make them again when it is done",
        )


def script(connection: psycopg.Connection[Any], count: int | None) -> str:
    """The plan as a text that psql runs."""
    found = plan(connection, count)
    if not found.statements and not found.afterwards:
        return ""
    schema = current_schema(connection)
    inside = [session_settings(schema), *(f"{s};\n" for s in (found.lock, *found.statements) if s)]
    return "".join(["BEGIN;\n", *inside, "COMMIT;\n", *(f"{s};\n" for s in found.afterwards)])


def apply(connection: psycopg.Connection[Any], count: int | None) -> Plan:
    """Do it: all of it or nothing. Returns what was done."""
    schema = current_schema(connection)
    found = plan(connection, count)
    if not found.statements and not found.afterwards:
        return found
    with connection.transaction():
        lock_migrations(connection, schema)
        connection.execute(session_settings(schema).encode(), prepare=False)
        if found.lock:
            # Who works on the tables is waited for; from here on the plan can't become wrong.
            connection.execute(found.lock.encode())
            found = plan(connection, count)
        for statement in found.statements:
            connection.execute(statement.encode(), prepare=False)
    for statement in found.afterwards:
        connection.execute(statement.encode(), prepare=False)
    return found


def balance(connection: psycopg.Connection[Any], now: Layout) -> list[dict[str, Any]]:
    """How much lies where: a row per partition or per node; nothing of plain tables."""
    from psycopg.rows import dict_row

    if now.kind == "plain":
        return []
    name = "schema/balance_shards" if now.kind == "citus" else "schema/balance_partitions"
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query(name), {"tables": list(registry.read().distributed)}).fetchall()


def sizes(connection: psycopg.Connection[Any], now: Layout) -> list[dict[str, Any]]:
    """What each of our tables takes on disk, wherever its parts lie."""
    from psycopg.rows import dict_row

    name = "schema/sizes_cluster" if now.kind == "citus" else "schema/sizes"
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query(name), {"tables": list(registry.read().tables)}).fetchall()


def complete(connection: psycopg.Connection[Any]) -> list[str]:
    """Bring what a migration has made into the layout of the rest, inside its transaction."""
    now = layout(connection)
    if now.kind == "plain":
        return []
    statements = plan(connection, None if now.kind == "citus" else now.usual).statements
    for statement in statements:
        connection.execute(statement.encode(), prepare=False)
    return statements


def _lock_tables() -> str:
    # Refreshes meet the state first, loads the raw days: in this order neither waits for us in a circle.
    first = ("cmc_price_bars_1d_state", "cmc_price_histories7")
    rest = [name for name in registry.read().distributed if name not in first]
    return f"LOCK TABLE {', '.join((*first, *rest))} IN ACCESS EXCLUSIVE MODE"
