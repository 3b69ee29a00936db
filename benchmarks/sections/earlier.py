"""An earlier revision beside this one: the same work on the same server, in turn."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from benchmarks.run import Run
from benchmarks.timing import Samples, clocked, in_turn

# The last commit of database revision 0002.
EARLIER = "9c8a46d"
DATABASE = "ta_lab2_bench_earlier"
ASSET = 1
# Young assets that are all refreshed on one day, and how many of them are called together.
MANY = 700_001
TOGETHER = 50
RAW = (
    'id, name, timeopen, timeclose, timehigh, timelow, "timestamp", open, high, low, close, volume, marketcap'
)
BUILT = "'^(bars|emas)|^day_blocks|^bar_blocks|^cmc_price_bars_1d'"
# Work, and how much of the earlier revision's time it may take.
AIMS = {
    "everything from nothing": 0.52,
    "one more day": 0.6,
    "30 days back": 0.65,
    "one more day of many assets, two connections": 0.5,
    "nothing new of many assets, ta-lab2 refresh": 0.6,
}


def measure(run: Run) -> None:
    """The revision before, installed beside from the repository, in turn with this one."""
    many = [MANY + i for i in range(run.sizes.many)]
    run.repeat(many, run.sizes.many_days, 11)
    for title, columns, rows in compare(run.url, run.sizes.runs, many):
        run.section(title, *columns).rows += rows


@contextmanager
def installed(url: str, revision: str) -> Iterator[tuple[str, str]]:
    """A database that the code of a revision of this repository has made, and where its modules are."""
    root = Path(__file__).parents[2]
    address = make_conninfo("", **{**conninfo_to_dict(url), "dbname": DATABASE})
    with tempfile.TemporaryDirectory(prefix="ta-lab2-earlier-") as folder:
        archive = subprocess.run(
            ["git", "archive", revision, "src", "sql", "migrations", "pyproject.toml"],
            cwd=root,
            capture_output=True,
            check=True,
        )
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE {DATABASE}".encode())
        subprocess.run(
            [sys.executable, "-m", "ta_lab2_sql", "--db-url", address, "--quiet", "migrate"],
            env={**os.environ, "PYTHONPATH": str(Path(folder) / "src")},
            cwd=folder,
            check=True,
        )
        yield address, str(Path(folder) / "src")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)".encode())


class Side:
    """One revision: its database, and the work on it."""

    def __init__(self, url: str, modules: str, many: list[int]) -> None:
        self.url, self.modules, self.many = url, modules, many
        self.connection = psycopg.connect(url, autocommit=True)
        self.run("SET track_functions = 'all'")
        # Where a list of assets can be refreshed at once.
        self.takes_lists = bool(self.run("SELECT 1 FROM pg_proc WHERE proname = 'refresh_day_of_many'"))

    def run(self, query: str) -> list[tuple[Any, ...]]:
        cursor = self.connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []

    def days(self) -> list[tuple[Any, ...]]:
        return self.run(f"SELECT {RAW} FROM cmc_price_histories7 WHERE id = {ASSET} OR id >= {MANY}")

    def take(self, days: list[tuple[Any, ...]]) -> None:
        """The same raw days and nothing built."""
        self.run("TRUNCATE cmc_price_histories7")
        with (
            self.connection.cursor() as cursor,
            cursor.copy(f"COPY cmc_price_histories7 ({RAW}) FROM STDIN".encode()) as copy,
        ):
            for day in days:
                copy.write_row(day)
        self.forget("")

    def forget(self, only: str) -> None:
        tables = self.run(
            f"SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ {BUILT} AND relname ~ '^{only}'"
            " AND relnamespace = 'public'::regnamespace"
        )
        self.run("TRUNCATE " + ", ".join(name for (name,) in tables))
        if not only:
            self.run("DELETE FROM raw_changes")

    def everything(self) -> float:
        self.forget("")
        return clocked(lambda: self.run(f"SELECT * FROM refresh_emas({ASSET})"))

    def bars(self) -> float:
        self.forget("(bars|bar_|emas)")
        return clocked(lambda: self.run(f"SELECT * FROM refresh_bars({ASSET})"))

    def emas(self) -> float:
        self.forget("emas")
        return clocked(lambda: self.run(f"SELECT * FROM refresh_emas({ASSET}, p_upstream => false)"))

    def next_day(self) -> float:
        self.run(
            f"""INSERT INTO cmc_price_histories7 ({RAW})
                SELECT id, name, timeopen + i, timeclose + i, timehigh + i, timelow + i, "timestamp" + i,
                    open, high, low, close, volume, marketcap
                FROM cmc_price_histories7 AS h, CAST('24 hours' AS interval) AS i WHERE id = {ASSET}
                ORDER BY "timestamp" DESC LIMIT 1"""
        )
        return clocked(lambda: self.run(f"SELECT * FROM refresh_emas({ASSET})"))

    def prepare_many(self) -> float:
        self.run("ANALYZE")
        return self.refresh_many()

    def day_of_many(self) -> float:
        self.run(
            f"""INSERT INTO cmc_price_histories7 ({RAW})
                SELECT id, name, timeopen + i, timeclose + i, timehigh + i, timelow + i, "timestamp" + i,
                    open, high, low, close, volume, marketcap
                FROM (
                    SELECT DISTINCT ON (k.id) k.* FROM cmc_price_histories7 AS k WHERE k.id >= {MANY}
                    ORDER BY k.id, k."timestamp" DESC
                ) AS h, CAST('24 hours' AS interval) AS i"""
        )
        return self.refresh_many()

    def refresh_many(self) -> float:
        """The calls alone, over two connections."""
        size = TOGETHER if self.takes_lists else 1
        lists: queue.SimpleQueue[list[int]] = queue.SimpleQueue()
        for first in range(0, len(self.many), size):
            lists.put(self.many[first : first + size])
        failures: list[BaseException] = []

        def work() -> None:
            try:
                with psycopg.connect(self.url, autocommit=True) as own:
                    while not lists.empty():
                        self.refresh_list(own, lists.get(timeout=1))
            except queue.Empty:
                pass
            except BaseException as error:
                failures.append(error)

        def both() -> None:
            threads = [threading.Thread(target=work) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        spent = clocked(both)
        if failures:
            raise failures[0]
        return spent

    def refresh_list(self, connection: psycopg.Connection[Any], assets: list[int]) -> None:
        """As the driver does it: together what needs one more day, else one by one."""
        done: set[int] = set()
        if self.takes_lists:
            rows = connection.execute("SELECT DISTINCT id FROM refresh_day_of_many(%s)", (assets,))
            done = {asset for (asset,) in rows}
        for asset in assets:
            if asset not in done:
                connection.execute(f"SELECT * FROM refresh_emas({asset})".encode()).fetchall()

    def command(self) -> float:
        """The command refresh, with nothing new."""
        command = [sys.executable, "-m", "ta_lab2_sql", "--db-url", self.url, "--quiet", "refresh", "all"]
        environment = {**os.environ, "PYTHONPATH": self.modules}
        # As in an installed package modules are compiled once.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return clocked(lambda: subprocess.run(command, env=environment, cwd=self.modules, check=True))

    def nothing(self) -> float:
        return clocked(lambda: self.run(f"SELECT * FROM refresh_emas({ASSET})"))

    def revised(self) -> float:
        self.run(
            f"""UPDATE cmc_price_histories7 AS h SET close = (high + low) / 2 + random() * 1e-6
                WHERE id = {ASSET} AND "timestamp" = (
                    SELECT k."timestamp" FROM cmc_price_histories7 AS k WHERE k.id = {ASSET}
                    ORDER BY k."timestamp" DESC OFFSET 30 LIMIT 1)"""
        )
        return clocked(lambda: self.run(f"SELECT * FROM refresh_emas({ASSET})"))

    def size(self) -> float:
        ((size,),) = self.run(
            f"""SELECT sum(pg_total_relation_size(oid)) / 1e6 FROM pg_class
                WHERE relkind = 'r' AND relname ~ {BUILT} AND relnamespace = 'public'::regnamespace"""
        )
        return float(size)

    def costs(self, work: Callable[[], float]) -> list[tuple[str, int, float]]:
        """Functions by their own time in a piece of work: name, calls, ms."""
        self.run("SELECT pg_stat_reset()")
        work()
        self.run("SELECT pg_stat_force_next_flush()")
        return [
            (str(name), int(calls), float(own))
            for name, calls, own in self.run(
                """SELECT funcname, sum(calls), sum(self_time) FROM pg_stat_user_functions
                   GROUP BY funcname HAVING sum(calls) > 0 ORDER BY 3 DESC LIMIT 8"""
            )
        ]


def compare(
    url: str, runs: int, many: list[int], revision: str = EARLIER
) -> Iterator[tuple[str, list[str], list[list[Any]]]]:
    """Tables: a title, columns, rows."""
    with installed(url, revision) as (address, modules):
        here = str(Path(__file__).parents[2] / "src")
        sides = {"earlier": Side(address, modules, many), "now": Side(url, here, many)}
        days = sides["now"].days()
        for side in sides.values():
            side.take(days)
        works: dict[str, tuple[int, str]] = {
            "everything from nothing": (runs, "everything"),
            "all bars from nothing": (runs, "bars"),
            "all EMAs from nothing": (runs, "emas"),
            "one more day": (max(15, 5 * runs), "next_day"),
            "nothing new": (max(15, 5 * runs), "nothing"),
            "30 days back": (max(9, 3 * runs), "revised"),
            "everything of many assets from nothing, two connections": (1, "prepare_many"),
            "one more day of many assets, two connections": (max(3, runs), "day_of_many"),
            "nothing new of many assets, ta-lab2 refresh": (max(5, runs), "command"),
        }
        rows = []
        for work, (times, name) in works.items():
            found: dict[str, Samples] = in_turn(
                times, [(who, getattr(side, name)) for who, side in sides.items()], warm_up=times > 1
            )
            ratio = found["now"].median / found["earlier"].median
            rows.append([work, found["earlier"], found["now"], round(ratio, 3), AIMS.get(work) or ""])
        sizes = {who: side.size() for who, side in sides.items()}
        rows.append(
            [
                "storage, MB",
                round(sizes["earlier"], 1),
                round(sizes["now"], 1),
                round(sizes["now"] / sizes["earlier"], 3),
                1.3,
            ]
        )
        yield f"Against revision {revision}", ["work", "earlier", "now", "now / earlier", "aim"], rows
        for title, name in (("Everything from nothing", "everything"), ("One more day", "next_day")):
            costs = [[who, *cost] for who, side in sides.items() for cost in side.costs(getattr(side, name))]
            yield f"{title}: functions by their own time", ["revision", "function", "calls", "ms"], costs
        for side in sides.values():
            side.connection.close()
