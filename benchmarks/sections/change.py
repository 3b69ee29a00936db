"""Changes of one asset: a day more, nothing new, revisions."""

from __future__ import annotations

import json
import math

import psycopg

from benchmarks.frames import Days
from benchmarks.peer_append import append
from benchmarks.peer_long import FAMILIES, bars_relation
from benchmarks.run import BTC, Run
from benchmarks.timing import Samples, clocked

NOTE = (
    "Server time by clock_timestamp around one call in a session that has made it before; the peer's is its "
    "wall time in a warm process, with the commit. The raw change itself isn't counted on either side."
)
# The stages one after the other on one day; all together, as `everything`, on the next.
BARS_IN_TURN = (
    ("one more day: 1d and N-day bars", f"SELECT * FROM refresh_bars({BTC}, 'multi_tf')"),
    ("then: the other four families", f"SELECT * FROM refresh_bars({BTC})"),
)
EMAS_IN_TURN = (
    ("then: EMAs multi_tf", f"SELECT * FROM refresh_emas({BTC}, 'multi_tf')"),
    ("then: the other five variants", f"SELECT * FROM refresh_emas({BTC})"),
)
DAYS_BACK = (1, 30, 1000)
COMPARED = ["7D", "1M_CAL", "1W_CAL_US", "1M_CAL_ANCHOR", "360D", "20Y_CAL"]
REVISE = """
UPDATE cmc_price_histories7 SET close = low + (high - low) * %s
WHERE id = %s AND "timestamp" = (SELECT "timestamp" FROM cmc_price_bars_1d WHERE id = %s AND bar_seq = %s)
"""


class Spent(dict[str, Samples]):
    """Samples by name."""

    def note(self, name: str, seconds: float) -> None:
        self.setdefault(name, Samples()).values.append(seconds)


def measure(run: Run) -> None:
    """Append, notice nothing, revise; the peer's appended rows must be ours too."""
    spent, written = Spent(), dict[str, str]()
    days_added(run, spent)
    same_newest(run)
    days = Days(run.connection, BTC)
    for back in DAYS_BACK:
        if back < days.n - 10:
            revised(run, spent, written, days.n, back)
    first_calls(run, spent)
    columns = ("work", "ours, server time", "long peer", "peer / ours", "rows written")
    table = run.section(f"Changes of one asset, {days.n} days", *columns, note=NOTE)
    for name, samples in spent.items():
        if not name.endswith(", long peer"):
            peer = spent.get(f"{name}, long peer")
            ratio = peer.median / samples.median if peer else None
            table.rows.append((name, samples, peer, ratio, written.get(name)))
    run.facts["change"] = {name: samples.as_json() for name, samples in spent.items()}
    run.facts["written"] = written


def days_added(run: Run, spent: Spent) -> None:
    """One more day, so many times, each time on both sides."""
    steps = 16 if run.sizes.runs > 2 else 8
    run.execute("SELECT bench.hold_back(%s, %s)", BTC, steps)
    run.execute(run.refresh(BTC))
    run.execute("ANALYZE")
    run.peer.build([BTC], FAMILIES, run.variants)
    in_turn = (*BARS_IN_TURN, *(EMAS_IN_TURN if run.has_emas else ()))
    for step in range(steps):
        run.execute("SELECT bench.next_day(%s)", [BTC])
        for name, call in in_turn if step % 2 else (("one more day: everything", run.refresh(BTC)),):
            spent.note(name, run.timed(call))
        spent.note("nothing new", run.timed(run.refresh(BTC)))
        peer = clocked(lambda: append(run.peer, BTC, FAMILIES, run.variants))
        spent.note("one more day: everything, long peer", peer)


def revised(run: Run, spent: Spent, written: dict[str, str], days: int, back: int) -> None:
    """Another close so many days back; the peer is told where."""
    name = f"revision {back} days back"
    for turn in range(max(run.sizes.runs, 2)):
        run.execute(REVISE, 0.25 + 0.5 * (turn % 2), BTC, BTC, days - back)
        spent.note(name, run.timed(counted(run, BTC)))
        written[name] = rows_written(run)
        if turn < 2:
            peer = clocked(lambda: run.peer.revise(BTC, days - back - 1, FAMILIES, run.variants))
            spent.note(f"{name}, long peer", peer)


def first_calls(run: Run, spent: Spent) -> None:
    """What a connection pays for its first call."""
    for _ in range(3):
        with psycopg.connect(run.url, autocommit=True) as fresh:
            row = fresh.execute("SELECT bench.timed(%s)", (run.refresh(BTC),)).fetchone()
            spent.note("nothing new, first call of a connection", float(row[0]) if row else math.nan)


def counted(run: Run, asset: int, function: str | None = None) -> str:
    """Everything of an asset, with what was written kept for rows_written."""
    call = f"SELECT * FROM {function or run.everything}({asset})"
    return (
        f"WITH r AS MATERIALIZED ({call}) SELECT set_config('bench.written', "
        "(SELECT string_agg(to_jsonb(r)::text, '|') FROM r), false)"
    )


def rows_written(run: Run) -> str:
    """What the last counted call wrote."""
    text = run.one("SELECT current_setting('bench.written', true)") or ""
    rows = [json.loads(part) for part in text.split("|") if part]
    return ", ".join(
        f"{sum(row[column] for row in rows)} {column.removesuffix('_written')}"
        for column in ("bars_written", "vectors_written")
        if rows and column in rows[0]
    )


def same_newest(run: Run) -> None:
    """The peer's appended rows must be ours too."""
    for family in FAMILIES:
        relation = bars_relation(family)
        differ = run.one(
            f"SELECT count(*) FROM (SELECT * FROM {relation} WHERE id = %s AND tf = ANY(%s) "
            f"EXCEPT ALL TABLE peer.{relation}) AS x",
            BTC,
            COMPARED,
        )
        assert differ == 0, f"{relation}: {differ} rows differ from the peer's after appends"
