"""A server that may be killed, and eyes to see when something has come to a point."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from conftest import Result, runner
from databases import home
from law.machine import Comparison, World
from psycopg import sql

Db = psycopg.Connection[Any]
PATIENCE = 60.0


@dataclass
class Server:
    """An embedded server in a folder of its own."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "TA_LAB2_HOME": str(self.home), "TA_LAB2_DATABASE_URL": "", "COLUMNS": "200"}

    def command(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "ta_lab2_sql", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        )
        return done.stdout.strip()

    def start(self) -> str:
        return self.command("db", "start")

    def processes(self) -> list[int]:
        """The postmaster and its children."""
        master = int((self.home / "pg" / "postmaster.pid").read_text().splitlines()[0])
        children = subprocess.run(
            ["pgrep", "-P", str(master)], capture_output=True, text=True, check=False
        ).stdout.split()
        return [master, *map(int, children)]

    def kill(self) -> None:
        """kill -9 of everything at once, as when the machine loses power."""
        found = self.processes()
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until(lambda: not any(_alive(pid) for pid in found), "the server's processes are gone")


def _alive(pid: int) -> bool:
    """Whether a process is there, dead or not: its number means a server until init has taken it."""
    return Path(f"/proc/{pid}").exists()


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for a condition, looking again and again; what it found."""
    given_up = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < given_up, f"waited for: {what}"
        time.sleep(0.01)
    return found


@dataclass
class Place:
    """A database, processes that work on it, and what must hold afterwards."""

    server: Server
    url: str

    def connect(self) -> Db:
        return psycopg.connect(self.url, autocommit=True)

    def run(self, *arguments: object, **options: Any) -> Result:
        """A ta-lab2 process, from its beginning to its end."""
        return runner(self.url)(*arguments, **options)

    @contextmanager
    def process(
        self, *arguments: str, env: dict[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A ta-lab2 process while it runs."""
        process = subprocess.Popen(
            [sys.executable, "-m", "ta_lab2_sql", *arguments],
            env={**os.environ, "TA_LAB2_DATABASE_URL": self.url, "COLUMNS": "200", **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            process.communicate()

    def fill(self, assets: int = 3, days: int = 80) -> None:
        """Raw days of some assets, nothing made of them yet."""
        with self.connect() as db:
            world = World(db, Comparison.of(db), 0)
            for asset in range(1, assets + 1):
                world.append(asset, days, 0, "copy", asset)

    def waiting(self, command: str) -> int | None:
        """The backend of a command that waits for a lock."""
        return self._backend(command, "wait_event_type = 'Lock'")

    def _backend(self, command: str, condition: str) -> int | None:
        with self.connect() as db:
            row = db.execute(
                f"""SELECT pid FROM pg_stat_activity WHERE application_name = 'ta-lab2 ' || %s AND {condition}
                    AND datname = current_database()""".encode(),
                (command,),
            ).fetchone()
        return None if row is None else int(row[0])

    def backends(self, command: str) -> list[int]:
        """All backends of a command."""
        with self.connect() as db:
            return [
                pid
                for (pid,) in db.execute(
                    """SELECT pid FROM pg_stat_activity WHERE application_name = 'ta-lab2 ' || %s
                       AND datname = current_database()""",
                    (command,),
                )
            ]

    def answers(self) -> bool:
        """Whether the server takes connections."""
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def make_behind(self) -> None:
        """As if views and functions were of an older version."""
        with self.connect() as db:
            db.execute("UPDATE ta_lab2_objects SET sha256 = 'older'")
            db.execute("COMMENT ON TABLE ta_lab2_objects IS 'ta-lab2 0.0.1 revision 0001 digest older'")

    def gone(self, pid: int) -> None:
        """Wait until a backend has ended."""
        with self.connect() as db:
            until(
                lambda: not db.execute("SELECT FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone(),
                f"backend {pid} has ended",
            )

    @contextmanager
    def holding(self, statement: str) -> Iterator[Db]:
        """A transaction that holds what a statement locks."""
        with psycopg.connect(self.url) as db:
            db.execute(statement.encode())
            try:
                yield db
            finally:
                with suppress(psycopg.Error):
                    db.rollback()

    def whole_assets_only(self) -> dict[int, int]:
        """No asset is half done: its days, bars and states tell of the same number of days."""
        with self.connect() as db:
            found = db.execute(
                """SELECT d.id, count(*),
                       (SELECT count(DISTINCT s.n_rows) FROM bars_state AS s WHERE s.id = d.id),
                       (SELECT min(s.n_rows) FROM bars_state AS s WHERE s.id = d.id),
                       (SELECT max(b.last_row) FROM bars AS b WHERE b.id = d.id)
                   FROM cmc_price_bars_1d AS d GROUP BY d.id"""
            ).fetchall()
            loose = db.execute(
                """SELECT id FROM bars WHERE id NOT IN (SELECT id FROM cmc_price_bars_1d)
                   UNION SELECT id FROM emas WHERE id NOT IN (SELECT id FROM cmc_price_bars_1d)"""
            ).fetchall()
        assert loose == []
        for asset, days, states, in_state, in_bars in found:
            assert (states, in_state, in_bars) == (1, days, days), asset
        return {row[0]: row[1] for row in found}

    def refreshed(self, assets: int = 3) -> None:
        """The next refresh completes, and what it leaves is what a build from nothing gives."""
        done = self.run("refresh", "all")
        assert done.code == 0, done.err
        assert set(self.whole_assets_only()) >= set(range(1, assets + 1))
        with self.connect() as db:
            world = World(db, Comparison.of(db), 0)
            world.analyze = True
            for asset in range(1, assets + 1):
                world.check(asset, thorough=asset == 2)


@contextmanager
def built_server() -> Iterator[Server]:
    """A running server with a database of three assets, built, and a dozen timeframes."""
    place = home("faults")
    made = Server(place)
    try:
        made.start()
        made.command("migrate")
        filled = Place(made, made.command("db", "url"))
        filled.fill()
        filled.refreshed()
        yield made
    finally:
        with suppress(subprocess.CalledProcessError):
            made.command("db", "stop")
        shutil.rmtree(place, ignore_errors=True)


def copied(server: Server) -> Place:
    """A database of its own, a copy of the built one."""
    server.start()
    url = server.command("db", "url")
    name = "fault"
    with psycopg.connect(url.replace("/ta_lab2?", "/postgres?"), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE ta_lab2").format(sql.Identifier(name)))
        # A sequence copied with numbers in hand would give them again after a crash.
        admin.execute("CHECKPOINT")
    return Place(server, url.replace("/ta_lab2?", f"/{name}?"))
