"""Random histories for as long as asked: `make soak ARGS="--minutes 60"`; tells the seed of a failure."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
import time
import traceback
from pathlib import Path

import psycopg
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


def main() -> int:
    """Soak until the time is over, or until something breaks."""
    from ta_lab2_sql import server
    from ta_lab2_sql.migrate import Migration

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long; default 10")
    parser.add_argument("--seed", type=int, help="only this one, to see a failure again")
    parser.add_argument("--shrink", action="store_true", help="look for the shortest history that fails")
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes
    home = Path(tempfile.mkdtemp(prefix="ta-lab2-soak-", dir="/tmp" if os.path.isdir("/tmp") else None))
    home.chmod(0o755)
    os.environ["TA_LAB2_HOME"] = str(home)
    done = 0
    try:
        url = server.start()
        with psycopg.connect(url, autocommit=True) as db:
            for setting in ("fsync = off", "full_page_writes = off"):
                db.execute(f"ALTER SYSTEM SET {setting}".encode())
            db.execute("SELECT pg_reload_conf()")
            while time.monotonic() < end and (options.seed is None or done == 0):
                number = random.randrange(2**32) if options.seed is None else options.seed
                Migration(db, f"soak{done}").upgrade()
                db.execute(f"SET search_path TO soak{done}".encode())
                try:
                    look(db, number, options.shrink)
                except Exception:
                    traceback.print_exc()
                    print(f"seed {number} breaks the law; again: make soak ARGS='--seed {number} --shrink'")
                    return 1
                db.execute("SET search_path TO public")
                db.execute(f"DROP SCHEMA soak{done} CASCADE".encode())
                done += 1
                print(f"{done * RUNS} histories, the law holds (seed {number})", flush=True)
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
