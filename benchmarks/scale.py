"""Throughput on 1, 8 and 64 hash partitions against plain tables, and of two servers against one.

python -m benchmarks.scale [--quick] [--assets N] [-o FILE.json]
"""

from __future__ import annotations

import argparse
import functools
import json
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from benchmarks.place import database, machine
from benchmarks.timing import Samples, clocked, in_turn
from ta_lab2_sql.load import LoadOptions, load_files
from ta_lab2_sql.schema import distribute

DATA = Path(__file__).parents[1] / "tests" / "fixtures" / "prices" / "BTC_1.csv.gz"
LAYOUTS = (0, 1, 8, 64)
FIRST = 101
DERIVED = (
    "bars, bar_blocks, bars_state, bars_pending, emas, emas_at_blocks, emas_state, emas_pending, marks, "
    "cmc_price_bars_1d, day_blocks, "
    "cmc_price_bars_1d_rejects, cmc_price_bars_1d_state"
)
Work = Sequence[tuple[str, Sequence[int]]]


def run(url: str, statement: str, *values: object) -> Any:
    """The first value of a statement."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), values or None)
        row = cursor.fetchone() if cursor.description else None
    return row and row[0]


@functools.cache
def kept(url: str, number: int) -> psycopg.Connection[Any]:
    """A connection that stays: a driver serves thousands of assets with the plans that it has made once."""
    return psycopg.connect(url, autocommit=True)


def refresh(work: Work) -> float:
    """Wall seconds of one connection for each address, with its assets."""
    connections = [kept(url, number) for number, (url, _) in enumerate(work)]
    failed: list[BaseException] = []

    def go(connection: psycopg.Connection[Any], ids: Sequence[int]) -> None:
        try:
            for asset in ids:
                connection.execute("SELECT FROM refresh_emas(%s::int)", (asset,))
        except BaseException as error:
            failed.append(error)

    def together() -> None:
        threads = [
            threading.Thread(target=go, args=(connection, ids))
            for connection, (_, ids) in zip(connections, work, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    spent = clocked(together)
    if failed:
        raise failed[0]
    return spent


def build(work: Work) -> float:
    """Wall seconds of full builds."""
    for url in {url for url, _ in work}:
        run(url, f"TRUNCATE {DERIVED}")
    return refresh(work)


def halves(ids: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """Assets for two workers."""
    return ids[::2], ids[1::2]


def fill(url: str, ids: Sequence[int], days: int) -> None:
    """So many assets of so many days, made of real prices; one day of each is held back three times."""
    with psycopg.connect(url, autocommit=True) as connection:
        load_files(connection, [str(DATA)], LoadOptions(asset="1"))
        for asset in ids:
            connection.execute("SELECT bench.repeat_asset(1, %s, 0, %s, 1.5)", (asset, days))
        connection.execute("DELETE FROM cmc_price_histories7 WHERE id < %s", (FIRST,))


def copy(url: str, name: str) -> str:
    """The address of a copy of a database."""
    admin = make_conninfo("", **{**conninfo_to_dict(url), "dbname": "postgres"})
    run(admin, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    run(admin, f"CREATE DATABASE {name} TEMPLATE {conninfo_to_dict(url)['dbname']}")
    return make_conninfo("", **{**conninfo_to_dict(url), "dbname": name})


def layouts(url: str, ids: Sequence[int], runs: int) -> dict[str, dict[str, Samples]]:
    """Builds, appended days and plans on each layout, in turn."""
    urls = {}
    for count in LAYOUTS:
        urls[count] = copy(url, f"ta_lab2_bench_{count}")
        if count:
            with psycopg.connect(urls[count], autocommit=True) as connection:
                distribute.apply(connection, count)
        run(urls[count], "VACUUM")
    found: dict[str, dict[str, Samples]] = {}

    def contest(name: str, times: int, work: Callable[[str], object], warm_up: bool = False) -> None:
        contestants = [(str(count), lambda u=urls[count]: work(u)) for count in LAYOUTS]  # type: ignore[misc]
        found[name] = in_turn(times, contestants, warm_up=warm_up)

    contest("full build, one connection", runs, lambda u: build([(u, ids)]), True)
    for count in LAYOUTS:
        for asset in ids:
            run(urls[count], "SELECT bench.hold_back(%s, %s)", asset, 2 * runs + 1)
        refresh([(urls[count], ids)])
        # Else the server gathers statistics while we measure, and everybody plans again.
        run(urls[count], "VACUUM ANALYZE")

    def a_day(u: str) -> float:
        run(u, "SELECT bench.next_day(%s)", list(ids))
        return refresh([(u, ids)])

    contest("one more day, one connection", 2 * runs, a_day, True)
    contest(
        "nothing new, a plan",
        2 * runs,
        lambda u: clocked(lambda: kept(u, 0).execute("SELECT count(*) FROM refresh_plan()")),
        True,
    )
    return found


def servers(url: str, other: str, ids: Sequence[int], runs: int) -> dict[str, Samples]:
    """The same builds by two servers with half of the assets each, by two connections, and by one."""
    even, odd = halves(ids)
    return in_turn(
        runs,
        [
            ("two servers, a connection each", lambda: build([(url, even), (other, odd)])),
            ("one server, two connections", lambda: build([(url, even), (url, odd)])),
            ("one server, one connection", lambda: build([(url, ids)])),
        ],
    )


def show_layouts(found: dict[str, dict[str, Samples]]) -> None:
    """A table of times, and how they compare with plain tables."""
    print("| on hash partitions | " + " | ".join(f"{n or 'plain'}" for n in LAYOUTS) + " |")
    print("|---" * (len(LAYOUTS) + 1) + "|")
    for name, samples in found.items():
        plain = samples["0"].low
        cells = [f"{s} = {s.low / plain:.2f}" for s in samples.values()]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def show_servers(found: dict[str, Samples]) -> None:
    """A table of times, and how they compare with one connection."""
    print("\n| full build | time | times as fast |\n|---|---|---|")
    one = found["one server, one connection"].low
    for name, s in found.items():
        print(f"| {name} | {s} | {one / s.low:.2f} |", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few assets, few days")
    parser.add_argument("--assets", type=int, help="so many assets")
    parser.add_argument("-o", dest="out", type=Path, help="write everything as JSON")
    options = parser.parse_args()
    # Ended from outside, it takes its servers along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    assets, days, runs = (12, 200, 2) if options.quick else (8, 3653, 2)
    assets = options.assets or assets
    ids = list(range(FIRST, FIRST + assets))
    with database(None) as url, database(None) as other:
        fill(url, ids, days)
        by_layout = layouts(url, ids, runs)
        show_layouts(by_layout)
        fill(other, halves(ids)[1], days)
        by_server = servers(url, other, ids, runs)
        show_servers(by_server)
        run(url, "VACUUM")
        size = run(
            url,
            """SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class
               WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace""",
        )
        for at in [(u, n) for u in (url, other) for n in range(2)]:
            kept(*at).close()
    print(f"{assets} assets of {days} days; {size / assets / days:.0f} bytes a day and asset on disk")
    if options.out:
        facts = {
            "machine": machine(),
            "assets": assets,
            "days": days,
            "bytes": size,
            "layouts": {n: {k: s.as_json() for k, s in of.items()} for n, of in by_layout.items()},
            "servers": {n: s.as_json() for n, s in by_server.items()},
        }
        options.out.write_text(json.dumps(facts, indent=1, default=str) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
