"""A cluster and a plain server that are told the same, and compared."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import psycopg
from sql.series import close_of, load

Db = psycopg.Connection[Any]
Cli = Callable[..., Any]
# Nothing notes here what is written by hand to raw days, as the guide says.
NOTE = """INSERT INTO raw_changes (id, changed_by, dirty_from) VALUES (%s, pg_current_xact_id(), %s)
          ON CONFLICT (id, changed_by) DO NOTHING"""
# When something was done, and by which transaction.
NOT_COMPARED = {
    "load_ts",
    "src_load_ts",
    "ingested_at",
    "updated_at",
    "last_run_ts",
    "created_at",
    "changed_by",
}
RELATIONS = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'v') AND c.relnamespace = current_schema()::regnamespace
GROUP BY c.relname HAVING 'id' = ANY (array_agg(a.attname::text))
ORDER BY c.relname
"""
ASSETS = (1, 2, 3, 4)


def relations(db: Db) -> dict[str, str]:
    """Every relation with assets, and its columns that say the same wherever it lies."""
    return {
        name: ", ".join(f'"{c}"' for c in columns if c not in NOT_COMPARED)
        for name, columns in db.execute(RELATIONS).fetchall()
    }


class Both:
    """A cluster and a plain server that are told the same."""

    def __init__(self, cluster: Db, plain: Db, cli: Cli, urls: tuple[str, str]) -> None:
        self.cluster, self.plain, self.cli, self.urls = cluster, plain, cli, urls
        self.relations = relations(plain)

    def do(self, statement: str) -> None:
        """A statement by hand."""
        for connection in (self.cluster, self.plain):
            connection.execute(statement.encode())

    def load(self, asset: int, days: list[tuple[date, float]]) -> None:
        """Raw days by hand."""
        for connection in (self.cluster, self.plain):
            load(connection, asset, days)

    def note(self, asset: int, day: str) -> None:
        """The note that triggers make on the plain server."""
        self.cluster.execute(NOTE, (asset, day))

    def say(self, *arguments: object, code: int = 0) -> list[str]:
        """A command to both. Returns what each answered."""
        found = []
        for url in self.urls:
            done = self.cli(*arguments, url=url)
            assert done.code == code, (url, arguments, done.err)
            found.append(done.out)
        return found

    def refresh(self, changed: set[int]) -> None:
        """Both up to date; as many assets changed."""
        for out in self.say("--json", "refresh", "all"):
            told = json.loads(out)
            assert {r["id"] for r in told["results"] if r["changed"]} == changed
        self.same()

    def days_go_on(self, count: int) -> set[int]:
        """So many days of all assets, each with a refresh of the cluster. Returns how those ended."""
        ended = set()
        for day in range(count):
            for asset in ASSETS:
                self.load(asset, days(50 + asset + day, 1))
            ended.add(self.cli("refresh", "all", url=self.urls[0]).code)
        return ended

    def same(self, where: str = "", only: str = ".*") -> None:
        """Every relation with assets holds the same, or those of such names."""
        assert len(self.relations) > 30
        for name, columns in self.relations.items():
            if not re.fullmatch(only, name):
                continue
            question = f"SELECT {columns} FROM {name}{where}".encode()
            ours, theirs = (sorted(map(repr, c.execute(question))) for c in (self.cluster, self.plain))
            assert ours == theirs, (name, where)


def days(first: int, count: int) -> list[tuple[date, float]]:
    return [(date(2020, 1, 1) + timedelta(first + i), close_of(first + i)) for i in range(count)]
