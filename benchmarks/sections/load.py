"""Real prices through the command."""

from __future__ import annotations

from benchmarks.run import DATA, Run
from benchmarks.timing import Samples, clocked


def measure(run: Run) -> None:
    """Three files, twice."""
    files = sorted(DATA.glob("*.csv.gz"))
    note = "`ta-lab2 load` with the start of Python; files gzipped; rows validated and upserted."
    table = run.section("Load", "work", "time", "rows", note=note)
    first, again = (Samples([clocked(lambda: run.load(*files))]) for _ in range(2))
    rows = run.one("SELECT count(*) FROM cmc_price_histories7")
    table.rows += [("three files, new", first, rows), ("the same files again", again, 0)]
    run.keep_newest()
    run.execute("VACUUM ANALYZE cmc_price_histories7")
