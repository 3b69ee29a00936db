"""Natural queries on the derived relations against long tables: python -m benchmarks.zoo --help."""

from __future__ import annotations

import json
import math
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import click
import psycopg

from benchmarks import place

BARS = tuple(
    f"cmc_price_bars_multi_tf{family}"
    for family in ("", "_cal_us", "_cal_iso", "_cal_anchor_us", "_cal_anchor_iso")
)
EMAS = tuple(
    f"cmc_ema_multi_tf{variant}"
    for variant in ("", "_v2", "_cal_us", "_cal_iso", "_cal_anchor_us", "_cal_anchor_iso")
)
UNION = "cmc_ema_multi_tf_u"
SQL = Path(__file__).parent / "sql"
PRICES = Path(__file__).parents[1] / "tests" / "fixtures" / "prices" / "BTC_1.csv.gz"
# What keeps blocks up to date, where they stand, and all that is stored of assets.
KEEPERS = "('keep_day_blocks', 'keep_bar_blocks', 'keep_block_vectors')"
BLOCKS = "^(day_blocks|bar_blocks|emas_at_blocks)$"
STORED = "^(day_blocks|bar_blocks|emas_at_blocks|bars|emas|cmc_price_bars_1d)(_state|_pending)?$"
# Slow is what takes longer than both.
TIMES, MILLISECONDS = 4.0, 10.0
# Nothing of one's own side should take longer, in milliseconds.
LONG = 500.0


@dataclass(frozen=True, slots=True)
class Query:
    """A query of the zoo, with {relation}, {tf}, {tf2}, {tf3} and {day} to be filled in."""

    kind: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """What one query took on a relation and on its long table, in milliseconds."""

    relation: str
    name: str
    ours: float
    long: float
    rows: int
    same: bool

    @property
    def ratio(self) -> float:
        return self.ours / self.long

    @property
    def slow(self) -> bool:
        return self.ratio > TIMES and self.ours > MILLISECONDS


def queries(text: str) -> Iterator[Query]:
    """The queries of the file: each begins with a line `-- kind: name`."""
    for kind, name, query in re.findall(r"^-- (\w+): (.+)\n((?:(?!--|\n).+\n)+)", text, re.MULTILINE):
        yield Query(kind, name, query.strip().rstrip(";"))


def frames(relation: str) -> dict[str, str]:
    """Three timeframes of a relation."""
    if "cal" not in relation:
        return {"tf": "7D", "tf2": "30D", "tf3": "14D"}
    week = "US" if relation.endswith("us") else "ISO"
    anchored = "_ANCHOR" if "anchor" in relation else ""
    return {
        "tf": f"1W_CAL{anchored}_{week}",
        "tf2": f"1M_CAL{anchored}",
        "tf3": f"3M_CAL{anchored}",
    }


class Zoo:
    """A database of assets whose relations also stand as long tables."""

    def __init__(self, connection: psycopg.Connection[Any], runs: int, only: str = "") -> None:
        self.connection, self.runs = connection, runs
        found = queries((SQL / "zoo.sql").read_text(encoding="utf-8"))
        self.queries = [query for query in found if re.search(only, query.name)]

    def one(self, query: str) -> Any:
        row = self.connection.execute(query.encode()).fetchone()
        return None if row is None else row[0]

    def fill(self, assets: int, days: int, first_days: int) -> None:
        """Assets made of the bundled prices of BTC, which is the first; every third one lacks days."""
        run = self.connection.execute
        source = self.one("SELECT count(*) FROM cmc_price_histories7")
        for asset in range(2, assets + 1):
            run("SELECT bench.repeat_asset(1, %s, %s, %s, %s)", (asset, source - days, days, 1 + asset / 7))
        run(
            """DELETE FROM cmc_price_histories7 AS h
               USING (
                   SELECT id, "timestamp", row_number() OVER (PARTITION BY id ORDER BY "timestamp" DESC) AS n
                   FROM cmc_price_histories7
               ) AS o
               WHERE h.id = o.id AND h."timestamp" = o."timestamp"
                   AND (o.id = 1 AND o.n > %s OR o.id %% 3 = 0 AND o.n %% 41 = 0)""",
            (first_days,),
        )
        for asset in range(1, assets + 1):
            run("SELECT FROM refresh_emas(%s)", (asset,))

    def lengthen(self) -> None:
        """The long tables."""
        assets = [i for (i,) in self.connection.execute("SELECT id FROM cmc_price_bars_1d_state ORDER BY 1")]
        for relation in (*BARS, *EMAS):
            self.connection.execute(
                f"CREATE TABLE long_{relation} AS SELECT * FROM {relation} LIMIT 0".encode()
            )
            for asset in assets:
                self.connection.execute(
                    f"INSERT INTO long_{relation} SELECT * FROM {relation} WHERE id = {asset}".encode()
                )
            key = "id, tf, period, ts" if relation in EMAS else "id, tf, bar_seq, time_close"
            self.connection.execute(f"ALTER TABLE long_{relation} ADD PRIMARY KEY ({key})".encode())
            self.connection.execute(f"VACUUM ANALYZE long_{relation}".encode())
        arms = " UNION ALL ".join(
            f"SELECT '{r.removeprefix('cmc_ema_')}' AS alignment_source, id, tf, ts, period, ema"
            f" FROM long_{r}"
            for r in EMAS
        )
        self.connection.execute(f"CREATE VIEW long_{UNION} AS {arms}".encode())

    def relations(self) -> Iterator[tuple[str, Query]]:
        kinds = {**dict.fromkeys(BARS, "bars"), **dict.fromkeys(EMAS, "emas"), UNION: "union"}
        for relation, kind in kinds.items():
            for query in self.queries:
                if query.kind == kind:
                    yield relation, query

    def ask(self, text: str) -> tuple[float, list[Any]]:
        started = time.perf_counter()
        found = self.connection.execute(text.encode()).fetchall()
        return (time.perf_counter() - started) * 1000, found

    def day(self) -> str:
        """The stamp of a day near the end, as SQL."""
        stamp = self.one('SELECT max("timestamp") FROM cmc_price_bars_1d WHERE id = 1')
        return f"'{(stamp - timedelta(20)).isoformat()}'::timestamptz"

    def alone(self, settings: dict[str, str]) -> Iterator[Found]:
        """Our side only, once, under other settings."""
        for name, value in settings.items():
            self.connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        day = self.day()
        for relation, query in self.relations():
            ours, rows = self.ask(query.text.format(relation=relation, **frames(relation), day=day))
            yield Found(relation, query.name, ours, math.nan, len(rows), True)
        for name in settings:
            self.connection.execute(f"RESET {name}".encode())

    def measure(self) -> Iterator[Found]:
        """Both sides in turn; the fastest run of each counts."""
        day = self.day()
        for relation, query in self.relations():
            filled = {**frames(relation), "day": day}
            ours = query.text.format(relation=relation, **filled)
            long = query.text.format(relation=f"long_{relation}", **filled)
            times: list[tuple[float, float]] = []
            for _ in range(self.runs):
                one, rows = self.ask(ours)
                other, expected = self.ask(long)
                times.append((one, other))
            # Ten rows of any are other rows each time.
            same = "LIMIT 10" in ours or sorted(map(repr, rows)) == sorted(map(repr, expected))
            yield Found(
                relation, query.name, min(t for t, _ in times), min(t for _, t in times), len(rows), same
            )

    def whole(self, asset: int) -> Iterator[Found]:
        """All rows of an asset, fetched by a client and by COPY, both binary; sides in turn."""
        ways = (("fetched", self.fetched), ("COPY", self.copied))
        for relation in (*BARS, *EMAS):
            texts = [f"SELECT * FROM {name} WHERE id = {asset}" for name in (relation, f"long_{relation}")]
            for name, way in ways:
                times = [[way(text) for text in texts] for _ in range(self.runs)]
                ours, long = (min(seconds * 1000 for seconds, _ in side) for side in zip(*times, strict=True))
                (_, rows), (_, expected) = times[0]
                yield Found(relation, name, ours, long, rows, rows == expected)

    def fetched(self, text: str) -> tuple[float, int]:
        """Seconds and rows of a query whose rows become Python objects."""
        started = time.perf_counter()
        found = self.connection.execute(text.encode(), binary=True).fetchall()
        return time.perf_counter() - started, len(found)

    def copied(self, text: str) -> tuple[float, int]:
        """Seconds and bytes of a query that is copied out."""
        started = time.perf_counter()
        with self.connection.cursor().copy(f"COPY ({text}) TO STDOUT (FORMAT binary)".encode()) as copy:
            size = sum(len(part) for part in copy)
        return time.perf_counter() - started, size

    def cost(self, asset: int, days: int) -> list[str]:
        """What keeping blocks costs: server time of days added one by one, and storage."""
        run = self.connection.execute
        run("SELECT bench.hold_back(%s, %s)", (asset, days))
        run("SELECT FROM refresh_emas(%s)", (asset,))
        run("SET track_functions = 'pl'")
        run("SELECT pg_stat_reset()")
        spent = 0.0
        for _ in range(days):
            run("SELECT bench.next_day(ARRAY[%s])", (asset,))
            spent += float(self.one(f"SELECT bench.timed('SELECT FROM refresh_emas({asset})')"))
        run("RESET track_functions")
        run("SELECT pg_stat_force_next_flush()")
        kept = float(
            self.one(
                f"SELECT coalesce(sum(total_time), 0) FROM pg_stat_user_functions WHERE funcname IN {KEEPERS}"
            )
        )
        size = "SELECT sum({}(c.oid)) FROM pg_class AS c WHERE c.relkind = '{}' AND c.relname ~ '{}'"
        blocks = int(self.one(size.format("pg_total_relation_size", "r", BLOCKS)))
        blocks += int(self.one(size.format("pg_relation_size", "i", "^cmc_price_bars_1d_block$")))
        stored = int(self.one(size.format("pg_total_relation_size", "r", STORED)))
        return [
            f"- one more day of one asset, everything, {days} times: {spent * 1000 / days:.2f} ms, of which "
            f"blocks {kept / days:.2f} ms: {kept / (spent * 1000 - kept):.1%} of the rest",
            f"- storage of {self.one('SELECT count(*) FROM cmc_price_bars_1d_state')} assets: "
            f"{stored / 1e6:.1f} MB, of which blocks and their index {blocks / 1e6:.1f} MB: "
            f"{blocks / (stored - blocks):.1%} of the rest",
        ]


def summary(found: list[Found]) -> list[str]:
    """A table for people: a row a relation, then what is worst."""
    lines = [
        "| relation | queries | median | median of those of 1 ms or more | worst | over 4 times and 10 ms |",
        "|---|---|---|---|---|---|",
    ]
    groups = [(r, [f for f in found if f.relation == r]) for r in dict.fromkeys(f.relation for f in found)]
    for name, members in [*groups, ("all", found)]:
        long = [f.ratio for f in members if f.long >= 1]
        worst = max(members, key=lambda f: f.ratio)
        lines.append(
            f"| {name} | {len(members)} | {statistics.median(f.ratio for f in members):.1f} "
            f"| {f'{statistics.median(long):.1f}' if long else ''} | {worst.ratio:.1f}: {worst.name}, "
            f"{worst.ours:.1f} ms | {sum(f.slow for f in members)} |"
        )
    lines += ["", "| slow | ours | long table | ratio |", "|---|---|---|---|"]
    for f in sorted((f for f in found if f.slow), key=lambda f: -f.ratio):
        lines.append(f"| {f.relation}: {f.name} | {f.ours:.1f} ms | {f.long:.1f} ms | {f.ratio:.1f} |")
    return lines


def worst(name: str, found: list[Found]) -> str:
    """What took longest."""
    longest = sorted(found, key=lambda f: -f.ours)[:3]
    told = ", ".join(f"{f.ours:.0f} ms ({f.relation}: {f.name})" for f in longest)
    return f"- {name}: {sum(f.ours > LONG for f in found)} of {len(found)} over {LONG:.0f} ms; longest {told}"


def wholes(found: list[Found]) -> list[str]:
    """A table for people: all rows of an asset."""
    lines = ["| all rows of an asset | way | ours | long table | ratio |", "|---|---|---|---|---|"]
    for f in found:
        lines.append(
            f"| {f.relation} | {f.name} | {f.ours:.0f} ms | {f.long:.0f} ms | {f.ratio:.2f} |"
            + ("" if f.same else " other rows")
        )
    for way in dict.fromkeys(f.name for f in found):
        ratio = statistics.median(f.ratio for f in found if f.name == way)
        lines.append(f"| median | {way} | | | {ratio:.2f} |")
    return lines


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--assets", default=6, show_default=True, type=click.IntRange(3), help="Assets.")
@click.option("--days", default=1500, show_default=True, type=click.IntRange(120, 5754), help="Days of each.")
@click.option("--first-days", type=click.IntRange(120, 5754), help="Days of the first one. Default: --days.")
@click.option("--runs", default=3, show_default=True, type=click.IntRange(1), help="The fastest one counts.")
@click.option("--only", default="", help="Only queries whose names match this regular expression.")
@click.option(
    "--ours", "ours_only", is_flag=True, help="No long tables: how long ours take, for many assets."
)
@click.option("--judge", is_flag=True, help="Exit 1 where a query is slow, not only where rows differ.")
@click.option("--db-url", help="A server to create the database ta_lab2_bench on. Default: an embedded one.")
@click.option(
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(__file__).parent / "results",
    help="Folder of the report. Default: benchmarks/results.",
)
@click.option("--name", default="latest-zoo", show_default=True, help="Name of the report's files.")
def main(
    assets: int,
    days: int,
    first_days: int | None,
    runs: int,
    only: str,
    ours_only: bool,
    judge: bool,
    db_url: str | None,
    folder: Path,
    name: str,
) -> None:
    """Queries as people write them, on our views and on long tables of the same rows."""
    with place.database(db_url) as url, psycopg.connect(url, autocommit=True) as connection:
        command = [sys.executable, "-m", "ta_lab2_sql", "--db-url", url, "load", str(PRICES), "--id", "1"]
        subprocess.run(command, check=True, capture_output=True)
        zoo = Zoo(connection, runs, only)
        zoo.fill(assets, days, first_days or days)
        others = [worst("without statistics", list(zoo.alone({})))]
        connection.execute("VACUUM ANALYZE")
        others.append(worst("generic plans", list(zoo.alone({"plan_cache_mode": "force_generic_plan"}))))
        # An embedded server can't compile.
        if zoo.one("SELECT pg_jit_available()"):
            compiled = {"jit": "on", "jit_above_cost": "0"}
            others.append(worst("everything compiled", list(zoo.alone(compiled))))
        others.append(worst("with statistics", list(zoo.alone({}))))
        found: list[Found] = []
        if ours_only:
            lines = others
        else:
            zoo.lengthen()
            for one in zoo.measure():
                found.append(one)
                click.echo(
                    f"{one.relation:36} {one.name:36} {one.ours:9.1f} {one.long:9.1f} {one.ratio:7.1f}"
                    + ("" if one.same else "  other rows"),
                    err=True,
                )
            whole = list(zoo.whole(1))
            others += zoo.cost(1, 64)
            lines = [*summary(found), "", *wholes(whole), "", *others]
            found += whole
        header = {
            "when": datetime.now(timezone.utc).isoformat(timespec="minutes"),
            "machine": place.machine(),
            "server": place.server(connection),
            "assets": assets,
            "days": days,
            "first_days": first_days or days,
        }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / f"{name}.json").write_text(
        json.dumps({**header, "found": [asdict(f) for f in found], "others": others}, indent=1),
        encoding="utf-8",
    )
    click.echo("\n".join(lines))
    failed = any(not f.same for f in found) or (judge and any(f.slow for f in found))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
