"""Random histories and random kills for as long as asked: `make soak ARGS="--minutes 60"`.

Tells the seed of a failure. The kills of a seed come at about the same moments again, not at the same.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import shutil
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import psycopg
from databases import home
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from law.machine import Db, machine

RUNS = 25


def look(db: Db, number: int, shrink: bool) -> None:
    """Some runs of one seed; raises what breaks the law, with the steps that lead there."""
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    run_state_machine_as_test(
        seed(number)(machine(db)),
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=12,
            deadline=None,
            derandomize=False,
            database=None,
            phases=phases,
            report_multiple_bugs=False,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


@contextmanager
def histories(shrink: bool) -> Iterator[Callable[[int], str]]:
    """Random histories of a seed, on a server that forgets when it dies."""
    from ta_lab2_sql import server
    from ta_lab2_sql.schema.migration import Migration

    place = home("soak")
    os.environ["TA_LAB2_HOME"] = str(place)
    schemas = itertools.count()
    try:
        with psycopg.connect(server.start(), autocommit=True) as db:
            for setting in ("fsync = off", "full_page_writes = off"):
                db.execute(f"ALTER SYSTEM SET {setting}".encode())
            db.execute("SELECT pg_reload_conf()")

            def run(seed: int) -> str:
                schema = f"soak{next(schemas)}"
                Migration(db, schema).upgrade()
                db.execute(f"SET search_path TO {schema}".encode())
                look(db, seed, shrink)
                db.execute("SET search_path TO public")
                db.execute(f"DROP SCHEMA {schema} CASCADE".encode())
                return f"{RUNS} histories, the law holds"

            yield run
    finally:
        os.environ["TA_LAB2_HOME"] = str(place)
        server.stop()
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def kills() -> Iterator[Callable[[int], str]]:
    """Kills at random moments, on a server of their own."""
    from faults.kills import kill_everything
    from faults.place import built_server, copied

    with built_server() as killed:
        yield lambda seed: f"{len(list(kill_everything(copied(killed), seed)))} kills, the law holds"


def soak(kinds: dict[str, Callable[[int], str]], minutes: float, only: int | None) -> int:
    """Until the time is over, or until something breaks."""
    end = time.monotonic() + 60 * minutes
    for kind, run in itertools.cycle(kinds.items()) if only is None else kinds.items():
        seed = random.randrange(2**32) if only is None else only
        try:
            print(f"seed {seed}: {run(seed)}", flush=True)
        except Exception:
            traceback.print_exc()
            print(f"seed {seed} breaks the law; again: make soak ARGS='--only {kind} --seed {seed}'")
            return 1
        if time.monotonic() > end:
            return 0
    return 0


def main() -> int:
    """Soak until the time is over, or until something breaks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long; default 10")
    parser.add_argument("--seed", type=int, help="only this one, to see a failure again")
    parser.add_argument("--shrink", action="store_true", help="look for the shortest history that fails")
    parser.add_argument("--only", choices=("histories", "kills"), help="not both in turn")
    options = parser.parse_args()
    with ExitStack() as stack:
        kinds: dict[str, Callable[[int], str]] = {}
        if options.only != "kills":
            kinds["histories"] = stack.enter_context(histories(options.shrink))
        if options.only != "histories":
            kinds["kills"] = stack.enter_context(kills())
        return soak(kinds, options.minutes, options.seed)


if __name__ == "__main__":
    raise SystemExit(main())
