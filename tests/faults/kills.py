"""kill -9 at random moments: a driver, one of its backends or the whole server, in load, refresh and migrate.

The moment is a share of the write-ahead log that the same work writes undisturbed, so that a busy machine
doesn't move it. One database lives through all of it.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
from faults.place import PATIENCE, Place, until
from law.machine import STORED, Comparison, World

from ta_lab2_sql.schema.migration import Migration, pending

JOBS = ("load", "refresh", "migrate")
VICTIMS = ("client", "backend", "server")
ASSETS = (1, 2, 3)
MOST_DAYS = 150


@dataclass
class Kills:
    """One database, and what is done to it."""

    place: Place
    dice: random.Random
    # Bytes of log that each job writes undisturbed.
    log: dict[str, int] = field(default_factory=dict)
    loads: int = 0
    comparison: Comparison | None = None

    def trial(self, job: str, victim: str) -> str:
        """Kill in the middle of a job, and look at what is left; when it was."""
        if job not in self.log:
            self._run(job, None, 2.0)
        moment = self.dice.random()
        told = f"{victim} killed in {job} at {moment:.3f} of its {self.log[job]:,} bytes of log"
        try:
            ended = self._run(job, victim, moment)
            self._look()
        except Exception as error:
            raise AssertionError(told) from error
        return f"{told}{' (had ended)' if ended else ''}"

    # -- jobs -----------------------------------------------------------------------------------------

    def _run(self, job: str, victim: str | None, moment: float) -> bool:
        """Prepare and run a job; whether it had ended before anything was killed."""
        return {"load": self._load, "refresh": self._refresh, "migrate": self._migrate}[job](victim, moment)

    def _load(self, victim: str | None, moment: float) -> bool:
        """A file of one asset: all of its days are there, or none; all, if the driver says so."""
        asset, days = self.dice.choice(ASSETS), self.dice.randint(40, 90)
        with self.place.connect() as db:
            world = World(db, self._comparison(db), 0)
            begin = world.stamps(asset)[-1].date() - timedelta(self.dice.randint(0, 20))
            # A file's day ends at midnight; the same day of an exchange would be a second one.
            db.execute(
                """DELETE FROM cmc_price_histories7
                   WHERE id = %s AND "timestamp" >= %s AND extract(hour FROM "timestamp") = 21""",
                (asset, begin),
            )
        self.loads += 1
        mark = f"{1000 + self.loads}.5"
        lines = ["date,open,high,low,close,volume"]
        lines += [
            f"{begin + timedelta(i)},1,{2 + self.dice.randint(0, 8)},1,{1 + self.dice.random()},{mark}"
            for i in range(days)
        ]
        code, ended = self._kill(
            ["load", "-", "--id", str(asset)], victim, moment, "\n".join([*lines, ""]).encode()
        )
        with self.place.connect() as db:
            found = db.execute(
                "SELECT count(*) FROM cmc_price_histories7 WHERE id = %s AND volume = %s",
                (asset, float(mark)),
            ).fetchone()
            noted = db.execute("SELECT FROM raw_changes WHERE id = %s", (asset,)).fetchall()
        assert found in ((0,), (days,)), f"{found} of {days} days are there"
        assert found == (days,) or code != 0, "the driver said that it was done"
        assert found == (0,) or noted, "nobody noted the new days"
        return ended

    def _refresh(self, victim: str | None, moment: float) -> bool:
        """All assets, with something new for all."""
        with self.place.connect() as db:
            world = World(db, self._comparison(db), 0)
            for asset in ASSETS:
                seed = self.dice.randrange(2**16)
                if len(world.stamps(asset)) > MOST_DAYS:
                    world.remove(asset, self.dice.randint(0, 60), 70)
                world.append(asset, self.dice.randint(1, 5), 0, "copy", seed)
                world.revise(asset, self.dice.randint(0, 99), 3, self.dice.choice(("close", "bad")), seed)
        return self._kill(["refresh", "all", "--workers", "2"], victim, moment)[1]

    def _migrate(self, victim: str | None, moment: float) -> bool:
        """Every function and view is made again: all of them, or none."""
        self.place.make_behind()
        code, ended = self._kill(["migrate"], victim, moment)
        with self.place.connect() as db:
            older = db.execute(
                "SELECT count(*) FILTER (WHERE sha256 = 'older'), count(*) FROM ta_lab2_objects"
            ).fetchone()
        assert older is not None
        assert older[0] in (0, older[1]), f"{older[0]} of {older[1]} objects are as before"
        assert older[0] == 0 or code != 0, "the driver said that it was done"
        with self.place.connect() as db:
            assert bool(pending(db)) == bool(older[0])
            Migration(db).upgrade()
            assert not pending(db)
        return ended

    # -- killing ----------------------------------------------------------------------------------------

    def _kill(
        self, arguments: list[str], victim: str | None, moment: float, data: bytes = b""
    ) -> tuple[int, bool]:
        """Run a driver, kill something when so much was written; its exit code, and whether it had ended."""
        job = arguments[0]
        with self.place.connect() as db, self.place.process(*arguments) as process:
            begin = written(db)
            assert process.stdin is not None
            if victim and job == "load" and moment < 0.3:
                # Most of a load comes before the first byte of log: the file itself. Its beginning is
                # looked at before any of it is sent on.
                process.stdin.write(data[: int(len(data) * moment / 0.3)])
                process.stdin.flush()
                until(lambda: self.place.backends(job) or process.poll() is not None, "a load that has begun")
            else:
                process.stdin.write(data)
                process.stdin.close()
                process.stdin = None
                until(
                    lambda: (
                        process.poll() is not None or written(db) - begin > moment * self.log.get(job, 2**40)
                    ),
                    f"{job} has written enough",
                )
            ended = process.poll() is not None
            if ended:
                self.log[job] = written(db) - begin
            if victim == "client":
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
            elif victim == "backend":
                if backends := self.place.backends(job):
                    with suppress(ProcessLookupError):
                        os.kill(self.dice.choice(backends), signal.SIGKILL)
            elif victim == "server":
                self.place.server.kill()
                self.place.server.start()
            # The driver is told that its input ends: it sees what has happened.
            _, err = process.communicate(timeout=PATIENCE)
        assert b"Traceback" not in err, err.decode()
        assert victim == "client" or process.returncode in (0, 1, 3), err.decode()
        until(self.place.answers, "the server answers")
        until(lambda: not self.place.backends(job), f"the backends of {job} have ended")
        return process.returncode, ended

    # -- looking ------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Whole assets and true states; the next refresh completes, and the law holds."""
        self.place.whole_assets_only()
        with self.place.connect() as db:
            world = World(db, self._comparison(db), 0)
            for look in range(2):
                found = db.execute("SELECT * FROM audit_all() WHERE severity = 'error'").fetchall()
                assert found == [], found
                for asset in ASSETS:
                    if look == 0:
                        world.refresh_emas(asset)
                    else:
                        world.check(asset)

    def _comparison(self, db: psycopg.Connection[Any]) -> Comparison:
        self.comparison = self.comparison or Comparison.of(db, STORED)
        return self.comparison


def kill_everything(place: Place, seed: int) -> Iterator[str]:
    """Each of the three killed in each of the three; tells when."""
    kills = Kills(place, random.Random(seed))
    for job in JOBS:
        for victim in VICTIMS:
            yield kills.trial(job, victim)


def written(db: psycopg.Connection[Any]) -> int:
    """How many bytes of write-ahead log the server has written so far."""
    row = db.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
    assert row is not None
    return int(row[0])
