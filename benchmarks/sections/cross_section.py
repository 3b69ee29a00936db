"""One day, and a month, over many assets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import emas
from benchmarks.run import Run
from benchmarks.timing import in_turn

IDS = "ARRAY(SELECT id FROM cmc_price_bars_1d_state)"
SNAPSHOTS = ("7D", "360D")
SERIES = {"multi_tf": "7D", "multi_tf_v2": "7D", "cal_us": "1M_CAL"}
NOTE = (
    "The assets begin on different days, so a day doesn't meet all of them. Long table: keyed and with an "
    "index on (tf, time), filled from our view."
)


@dataclass(frozen=True)
class Case:
    """What is read: from our view and from the long table by a condition, and by a call of ours."""

    name: str
    relation: str
    where: str
    call: str

    @property
    def is_ema(self) -> bool:
        return "ema" in self.relation

    @property
    def stamp(self) -> str:
        return "ts" if self.is_ema else '"timestamp"'


def measure(run: Run) -> None:
    """View, overload and long table in turn."""
    stamp = run.one(
        'SELECT "timestamp" FROM cmc_price_bars_1d WHERE id = %s ORDER BY 1 DESC OFFSET 30 LIMIT 1',
        run.many[0],
    )
    run.execute("CREATE SCHEMA IF NOT EXISTS peer")
    columns = ("what", "rows", "view", "overload", "long table", "best of ours / long")
    table = run.section(f"One day, and a month, over {run.sizes.many} assets", *columns, note=NOTE)
    filled: set[str] = set()
    for case in cases(run, f"timestamptz '{stamp}'"):
        if case.relation not in filled:
            filled.add(case.relation)
            fill(run, case)
        view = f"SELECT * FROM {case.relation} WHERE {case.where}"
        long = f"SELECT * FROM peer.{case.relation} WHERE {case.where}"
        contestants = [
            (name, lambda query=query: run.fetch(query))  # type: ignore[misc]
            for name, query in (("view", view), ("overload", case.call), ("peer", long))
        ]
        found = in_turn(run.sizes.runs, contestants, warm_up=True)
        best = min(found["view"].median, found["overload"].median) / found["peer"].median
        table.rows.append((case.name, run.fetch(long), found["view"], found["overload"], found["peer"], best))
        run.facts.setdefault("cross_section", {})[case.name] = {k: s.as_json() for k, s in found.items()}


def cases(run: Run, stamp: str) -> Iterator[Case]:
    """Two timeframes of bars, three variants of EMAs, each for a day and for a month."""
    high = f"({stamp} + interval '1 second')"
    spans = (("a day", stamp), ("31 days", f"({stamp} - interval '30 days')"))
    for tf in SNAPSHOTS:
        for name, low in spans:
            yield Case(
                f"snapshots {tf}, {name}",
                "cmc_price_bars_multi_tf",
                f'tf = \'{tf}\' AND "timestamp" >= {low} AND "timestamp" < {high}',
                f"SELECT * FROM bar_snapshots({IDS}, '{tf}', {low}, {high})",
            )
    for variant in run.variants:
        for name, low in spans if variant in SERIES else ():
            tf = SERIES[variant]
            when = f"ts = {low}" if name == "a day" else f"ts >= {low} AND ts < {high}"
            yield Case(
                f"EMA {variant} {tf}, {name}",
                emas.relation(variant),
                f"tf = '{tf}' AND period = 6 AND {when}",
                f"SELECT * FROM ema_series('{variant}', {IDS}, '{tf}', 6, {low}, {high})",
            )


def fill(run: Run, case: Case) -> None:
    """The long table of a relation, with its key and an index for this question."""
    relation = case.relation
    wanted = "tf IN ('7D', '360D', '1M_CAL')" + (" AND period = 6" if case.is_ema else "")
    run.execute(f"CREATE TABLE peer.{relation} AS SELECT * FROM {relation} WHERE {wanted}")
    key = "(id, tf, period, ts)" if case.is_ema else "(id, tf, bar_seq, time_close)"
    run.execute(f"ALTER TABLE peer.{relation} ADD PRIMARY KEY {key}")
    run.execute(f"CREATE INDEX ON peer.{relation} (tf, {case.stamp})")
    run.execute(f"ANALYZE peer.{relation}")
