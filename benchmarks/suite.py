"""What is measured; each method adds a section to the report."""

from __future__ import annotations

import contextlib
import io
import json
import math
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import emas
from benchmarks.frames import Days
from benchmarks.peer_append import append
from benchmarks.peer_long import FAMILIES, LongPeer, bars_relation
from benchmarks.peer_others import CompactPeer, SqlPeer, duckdb_bars, talib_ema
from benchmarks.timing import Samples, clocked, in_turn

BTC = 1
FIRST = 1001
MANY = 500_001
DATA = Path(__file__).parents[1] / "tests" / "fixtures" / "prices"
READ_FRAMES = ("2D", "7D", "30D", "360D")


def observed(command: Sequence[str]) -> tuple[float, float]:
    """Wall seconds of a process and its peak memory in MB (nan where the system doesn't tell)."""
    started = time.perf_counter()
    peak = math.nan
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while process.poll() is None:
            # What getrusage says of a child includes what this process held when it forked.
            with contextlib.suppress(OSError, StopIteration, ValueError):
                status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
                peak = int(next(x for x in status.splitlines() if x.startswith("VmHWM")).split()[1]) / 1024
            time.sleep(0.005)
        spent = time.perf_counter() - started
        message = process.stderr.read().decode() if process.stderr else ""
    if process.returncode > 1:
        raise RuntimeError(f"{' '.join(command)}: {message}")
    return spent, peak


@dataclass
class Section:
    """A table of the report."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[Any]] = field(default_factory=list)
    note: str = ""


@dataclass
class Sizes:
    """How much is measured."""

    assets: int
    days: int
    many: int
    many_days: int
    runs: int
    peer_days: int | None


class Suite:
    """One database, one run."""

    def __init__(self, url: str, sizes: Sizes, say: Callable[[str], None]) -> None:
        self.url, self.sizes, self.say = url, sizes, say
        self.connection = psycopg.connect(url, autocommit=True)
        self.sections: list[Section] = []
        self.facts: dict[str, Any] = {}
        self.has_emas = bool(self.one("SELECT count(*) FROM pg_proc WHERE proname = 'refresh_emas'"))
        self.variants = emas.VARIANTS if self.has_emas else ()
        self.everything = "refresh_emas" if self.has_emas else "refresh_bars"
        tables = self.connection.execute(
            "SELECT relname FROM pg_class "
            "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') "
            "AND (relname ~ '^(bars|bar_blocks|day_blocks|emas)' OR relname LIKE 'cmc\\_price\\_bars\\_1d%')"
        ).fetchall()
        # Back to raw days only.
        self.forget = "TRUNCATE " + ", ".join(row[0] for row in tables)
        self.peer = LongPeer(self.connection)
        self.compact = CompactPeer(self.connection)
        self.ids = [FIRST + i for i in range(sizes.assets)]
        self.many = [MANY + i for i in range(sizes.many)]

    def one(self, query: str, *values: object) -> Any:
        """The only value of the only row."""
        row = self.connection.execute(query, values or None).fetchone()
        return None if row is None else row[0]

    def run(self, query: str, *values: object) -> None:
        self.connection.execute(query, values or None)

    def timed(self, query: str) -> float:
        """Server time of a statement in this session."""
        return float(self.one("SELECT bench.timed(%s)", query))

    def section(self, title: str, *columns: str, note: str = "") -> Section:
        self.say(title)
        made = Section(title, columns, note=note)
        self.sections.append(made)
        return made

    def refresh(self, asset: int, *, full: bool = False) -> str:
        """The call that brings everything of an asset up to date."""
        return f"SELECT * FROM {self.everything}({asset}{', p_full => true' if full else ''})"

    # -- loading --

    def load(self) -> None:
        """Real prices through the command, then repeated under other ids."""
        files = sorted(DATA.glob("*.csv.gz"))
        command = [
            sys.executable,
            "-m",
            "ta_lab2_sql",
            "--db-url",
            self.url,
            "--json",
            "load",
            *map(str, files),
            "--name-pattern",
            "{symbol}_{id}.csv",
        ]
        table = self.section(
            "Load",
            "work",
            "time",
            "rows",
            note="`ta-lab2 load` with the start of Python; files gzipped; rows validated and upserted.",
        )
        first = Samples([clocked(lambda: subprocess.run(command, check=True, capture_output=True))])
        again = Samples([clocked(lambda: subprocess.run(command, check=True, capture_output=True))])
        rows = self.one("SELECT count(*) FROM cmc_price_histories7")
        table.rows += [("three files, new", first, rows), ("the same files again", again, 0)]
        self._keep_newest()
        self.run("VACUUM ANALYZE cmc_price_histories7")

    def _keep_newest(self) -> None:
        """A quick run uses a part of BTC only."""
        if self.sizes.peer_days:
            self.run(
                'DELETE FROM cmc_price_histories7 WHERE id = 1 AND "timestamp" < '
                "(SELECT min(x.t) FROM (SELECT "
                '"timestamp" AS t FROM cmc_price_histories7 WHERE id = 1 ORDER BY 1 DESC LIMIT %s) AS x)',
                self.sizes.peer_days,
            )

    def repeat(self, ids: Sequence[int], days: int, stride: int) -> None:
        """Other assets made from BTC: other starts, other prices."""
        source = self.one("SELECT count(*) FROM cmc_price_histories7 WHERE id = %s", BTC)
        room = max(source - days, 0)
        for i, asset in enumerate(ids):
            self.run(
                "SELECT bench.repeat_asset(%s, %s, %s, %s, %s)",
                BTC,
                asset,
                (i * stride) % (room + 1),
                days,
                1.0 + 0.0137 * (i + 1),
            )
        self.run("ANALYZE cmc_price_histories7")

    # -- one asset --

    def build(self) -> None:
        """Full builds of BTC; both sides must give the same numbers before a time counts."""
        run = self.connection.execute
        n = self.one("SELECT count(*) FROM cmc_price_histories7 WHERE id = %s", BTC)

        def empty() -> None:
            run(self.forget)

        def from_nothing(call: str, before: str = "") -> Callable[[], float]:
            def work() -> float:
                empty()
                if before:
                    run(before)
                return clocked(lambda: run(call).fetchall())

            return work

        days_only = f"SELECT * FROM refresh_bars({BTC}, '1d')"
        bars_all = f"SELECT * FROM refresh_bars({BTC})"
        contestants: list[tuple[str, Callable[[], object]]] = [
            ("1d: ours", from_nothing(days_only)),
            (
                "N-day bars: ours",
                from_nothing(f"SELECT * FROM refresh_bars({BTC}, 'multi_tf')", days_only),
            ),
            ("N-day bars: compact peer", lambda: self.compact.build(BTC, ("multi_tf",), False)),
            ("N-day bars: plain SQL", lambda: SqlPeer(self.connection).build(BTC, False)),
            (
                "N-day bars: DuckDB, nothing written back",
                lambda: duckdb_bars(Days(self.connection, BTC), self.peer.frames),
            ),
            ("all bars: ours", from_nothing(bars_all, days_only)),
            ("all bars: compact peer", lambda: self.compact.build(BTC, FAMILIES, False)),
        ]
        if self.has_emas:
            contestants += [
                (
                    "EMAs multi_tf: ours",
                    from_nothing(f"SELECT * FROM refresh_emas({BTC}, 'multi_tf')", bars_all),
                ),
                ("all EMAs: ours", from_nothing(f"SELECT * FROM refresh_emas({BTC})", bars_all)),
                (
                    "N-day bars and EMAs multi_tf with 1d: ours",
                    from_nothing(f"SELECT * FROM refresh_emas({BTC}, 'multi_tf')"),
                ),
                ("everything with 1d: ours", from_nothing(self.refresh(BTC))),
                ("everything: compact peer", lambda: self.compact.build(BTC, FAMILIES, True)),
            ]
        contestants.append(("long peer", self._peer_seconds))
        # Once through everything: same numbers on all sides, warm caches.
        run(self.forget)
        run(self.refresh(BTC))
        run("ANALYZE")
        self.peer.build([BTC], FAMILIES, self.variants)
        self.compact.build(BTC, FAMILIES, self.has_emas)
        self.same_numbers()
        found = in_turn(self.sizes.runs, contestants)
        self.facts["build"] = {name: samples.as_json() for name, samples in found.items()}
        table = self.section(
            f"Full build of one asset, {n} days",
            "work",
            "ours",
            "peer",
            "time of the peer",
            "peer / ours",
            note="One connection. Peers start from our validated days, so 1d is ours alone. "
            "The long peer copies into "
            "bare tables, then makes the keys and analyses; client and server work at the same time, "
            "on two cores; ours "
            "uses one core of the server.",
        )
        for name, samples in found.items():
            work, _, who = name.partition(": ")
            if who != "ours":
                ours = found.get(f"{work}: ours") or found.get(f"{work} with 1d: ours")
                table.rows.append(
                    (work, ours, who, samples, samples.median / ours.median if ours else math.nan)
                )
        alone = found["1d: ours"]
        table.rows.append(("1d (validation)", alone, "none", None, None))
        families, one_family = found["all bars: ours"], found["N-day bars: ours"]
        table.rows.append(
            ("five families / multi_tf alone", families.median / one_family.median, "", None, None)
        )
        self.facts["families_ratio"] = families.median / one_family.median
        self._talib()
        run(self.forget)
        run(self.refresh(BTC))
        self.run("VACUUM ANALYZE")

    def _peer_seconds(self) -> dict[str, float]:
        """One build of everything tells what each part of it takes."""
        peer = self.peer
        peer.build([BTC], FAMILIES, self.variants)
        bars = [bars_relation(family) for family in FAMILIES]
        found = {
            "N-day bars: long peer": peer.seconds(bars[0]),
            "all bars: long peer": peer.seconds(*bars),
            "everything: long peer": peer.took["everything"],
        }
        if self.variants:
            long = [emas.relation(variant) for variant in self.variants]
            found["EMAs multi_tf: long peer"] = peer.seconds(long[0])
            found["all EMAs: long peer"] = peer.seconds(*long)
            found["N-day bars and EMAs multi_tf: long peer"] = peer.seconds(bars[0], long[0])
        return found

    def _talib(self) -> None:
        if not self.has_emas:
            return
        self.run(self.refresh(BTC))
        ours = f"SELECT ema FROM ema_series('multi_tf', {BTC}, '1D', 21)"
        days = Days(self.connection, BTC)
        mine = [row[0] for row in self.connection.execute(ours)]
        theirs = [v for v in talib_ema(days, 21) if not math.isnan(v)]
        for a, b in zip(mine, theirs, strict=True):
            assert abs(a - b) <= 1e-9 * abs(b), "TA-Lib gives another EMA"
        found = in_turn(
            max(self.sizes.runs, 5),
            [
                ("ours", lambda: self.connection.execute(ours, binary=True).fetchall()),
                ("TA-Lib with reading", lambda: talib_ema(Days(self.connection, BTC), 21)),
                ("TA-Lib alone", lambda: talib_ema(days, 21)),
            ],
            warm_up=True,
        )
        table = self.section(
            "One EMA of daily closes, computed by TA-Lib or read from ours",
            "who",
            "time",
            note="TA-Lib computes in memory and keeps nothing.",
        )
        table.rows += list(found.items())

    def same_numbers(self) -> None:
        """Bars bit for bit, EMAs within 1e-9, over a sample of timeframes; else nothing is worth timing."""
        rng = random.Random(7)
        for family in FAMILIES:
            relation = bars_relation(family)
            names = [f.tf for f in self.peer.frames_of(family) if f.tf != "1D"]
            chosen = [names[0], names[-1], *rng.sample(names, min(4, len(names)))]
            for a, b in ((relation, f"peer.{relation}"), (f"peer.{relation}", relation)):
                differ = self.one(
                    f"SELECT count(*) FROM (SELECT * FROM {a} WHERE id = %s AND tf = ANY(%s) EXCEPT ALL "
                    f"SELECT * FROM {b} WHERE id = %s AND tf = ANY(%s)) AS x",
                    BTC,
                    chosen,
                    BTC,
                    chosen,
                )
                assert differ == 0, f"{relation}: {differ} rows differ from the peer's"
        differ = self.one(
            "SELECT count(*) FROM (SELECT * FROM bars WHERE id = %s EXCEPT ALL TABLE compact.bars) AS x",
            BTC,
        )
        assert differ == 0, f"bars: {differ} rows differ from the compact peer's"
        for variant in self.variants:
            relation = emas.relation(variant)
            names = [f.tf for f in self.peer.frames_of(emas.family(variant))]
            chosen = [names[0], *rng.sample(names, min(4, len(names)))]
            more = ("ema_bar", "d1_bar", "d2_bar", "d1_roll_bar", "d2_roll_bar") if "cal" in variant else ()
            wrong = " OR ".join(
                f"(a.{c} IS NULL) <> (b.{c} IS NULL) OR abs(a.{c} - b.{c}) > 1e-9 * abs(b.ema)"
                for c in ("ema", "d1", "d2", "d1_roll", "d2_roll", *more)
            )
            ours, theirs = (
                f"(SELECT * FROM {schema}.{relation} WHERE id = {BTC} AND tf = ANY(%s))"
                for schema in ("public", "peer")
            )
            differ = self.one(
                f"SELECT count(*) FROM {ours} AS a FULL JOIN {theirs} AS b USING (id, tf, period, ts) "
                f"WHERE a.roll IS DISTINCT FROM b.roll OR a.tf_days IS DISTINCT FROM b.tf_days OR {wrong}",
                chosen,
                chosen,
            )
            assert differ == 0, f"{relation}: {differ} rows differ from the peer's"
        if self.has_emas:
            differ = self.one(
                "SELECT count(*) FROM (SELECT * FROM emas WHERE id = %s) AS a FULL JOIN compact.emas AS b "
                "USING (id, tf, bar_seq) WHERE a.n_closed IS DISTINCT FROM b.n_closed "
                "OR cardinality(a.bar_space) <> cardinality(b.bar_space) OR cardinality(a.day_space) <> "
                "cardinality(b.day_space) OR EXISTS (SELECT 1 FROM unnest(a.bar_space || a.day_space, "
                "b.bar_space || b.day_space) AS v (x, y) WHERE NOT abs(v.x - v.y) <= 1e-9 * abs(v.y))",
                BTC,
            )
            assert differ == 0, f"emas: {differ} vectors differ from the compact peer's"

    def storage(self) -> None:
        """Bytes with indexes, ours against the long tables of the same asset."""

        def size(condition: str) -> int:
            return int(
                self.one(
                    "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class AS c "
                    f"WHERE c.relkind = 'r' AND {condition}"
                )
            )

        self.run(self.forget)
        self.run(self.refresh(BTC))
        self.peer.build([BTC], FAMILIES, self.variants)
        table = self.section(
            "Storage of one asset, indexes included",
            "what",
            "ours MB",
            "long form MB",
            "ratio",
            note="Ours after a build from nothing, peer's right after its build.",
        )
        pairs = [
            (
                "bars, five families",
                "c.relname ~ '^(bars|bar_blocks|day_blocks)'",
                "c.relname LIKE 'cmc_price_bars%'",
            )
        ]
        if self.has_emas:
            pairs += [
                (
                    "EMAs, six variants",
                    "c.relname LIKE 'emas%'",
                    "c.relname LIKE 'cmc_ema%'",
                ),
                ("everything", "c.relname ~ '^(bars|bar_blocks|day_blocks|emas)'", "true"),
            ]
        for name, ours, theirs in pairs:
            a = size(f"c.relnamespace = 'public'::regnamespace AND {ours}")
            b = size(f"c.relnamespace = 'peer'::regnamespace AND {theirs}")
            table.rows.append((name, a / 1e6, b / 1e6, b / a))
            self.facts[f"storage {name}"] = {"ours": a, "peer": b, "ratio": b / a}
        days = size("c.relname = 'cmc_price_bars_1d' AND c.relnamespace = 'public'::regnamespace")
        table.rows.append(("validated days (both need them)", days / 1e6, days / 1e6, 1.0))

    def change(self) -> None:
        """One more day, nothing new, revisions."""
        steps = 16 if self.sizes.runs > 2 else 8
        run = self.connection.execute
        run("SELECT bench.hold_back(%s, %s)", (BTC, steps))
        run(self.refresh(BTC))
        run("ANALYZE")
        self.peer.build([BTC], FAMILIES, self.variants)
        bars_call = f"SELECT * FROM refresh_bars({BTC})"
        nday = f"SELECT * FROM refresh_bars({BTC}, 'multi_tf')"
        spent: dict[str, Samples] = {}

        def note(name: str, value: float) -> None:
            spent.setdefault(name, Samples()).values.append(value)

        for step in range(steps):
            run("SELECT bench.next_day(%s)", ([BTC],))
            if step % 2:
                # The stages one after the other on a day, all together on the next.
                note("one more day: 1d and N-day bars", self.timed(nday))
                note("then: the other four families", self.timed(bars_call))
                if self.has_emas:
                    note(
                        "then: EMAs multi_tf",
                        self.timed(f"SELECT * FROM refresh_emas({BTC}, 'multi_tf')"),
                    )
                    note("then: the other five variants", self.timed(self.refresh(BTC)))
            else:
                note("one more day: everything", self.timed(self.refresh(BTC)))
            note("nothing new", self.timed(self.refresh(BTC)))
            note(
                "one more day: everything, long peer",
                clocked(lambda: append(self.peer, BTC, FAMILIES, self.variants)),
            )
        self.same_newest()
        days = Days(self.connection, BTC)
        written: dict[str, str] = {}
        for back in (1, 30, 1000):
            if back >= days.n - 10:
                continue
            for turn in range(max(self.sizes.runs, 2)):
                run(
                    "UPDATE cmc_price_histories7 SET close = low + (high - low) * %s "
                    'WHERE id = %s AND "timestamp" = '
                    '(SELECT "timestamp" FROM cmc_price_bars_1d WHERE id = %s AND bar_seq = %s)',
                    (0.25 + 0.5 * (turn % 2), BTC, BTC, days.n - back),
                )
                note(f"revision {back} days back", self.timed(self._counted(BTC)))
                written[f"revision {back} days back"] = self._written()
                if turn < 2:
                    note(
                        f"revision {back} days back, long peer",
                        clocked(
                            lambda b=back: self.peer.revise(BTC, days.n - b - 1, FAMILIES, self.variants)
                        ),
                    )  # type: ignore[misc]
        for _ in range(3):
            with psycopg.connect(self.url, autocommit=True) as fresh:
                row = fresh.execute("SELECT bench.timed(%s)", (self.refresh(BTC),)).fetchone()
                note("nothing new, first call of a connection", float(row[0]) if row else math.nan)
        table = self.section(
            f"Changes of one asset, {days.n} days",
            "work",
            "ours, server time",
            "long peer",
            "peer / ours",
            "rows written",
            note="Server time by clock_timestamp around one call in a session "
            "that has made it before; the peer's is its "
            "wall time in a warm process, with the commit. The raw change itself isn't counted on "
            "either side.",
        )
        for name, samples in spent.items():
            if name.endswith(", long peer"):
                continue
            peer = spent.get(f"{name}, long peer")
            table.rows.append(
                (name, samples, peer, peer.median / samples.median if peer else None, written.get(name))
            )
        self.facts["change"] = {name: samples.as_json() for name, samples in spent.items()}
        self.facts["written"] = written

    def _counted(self, asset: int) -> str:
        """Everything of an asset, with what was written kept for _written."""
        return (
            f"WITH r AS MATERIALIZED ({self.refresh(asset)}) SELECT set_config('bench.written', (SELECT "
            f"string_agg(to_jsonb(r)::text, '|') FROM r), false)"
        )

    def _written(self) -> str:
        text = self.one("SELECT current_setting('bench.written', true)") or ""
        rows = [json.loads(part) for part in text.split("|") if part]
        return ", ".join(
            f"{sum(r[k] for r in rows)} {k.removesuffix('_written')}"
            for k in ("bars_written", "vectors_written")
            if rows and k in rows[0]
        )

    def same_newest(self) -> None:
        """The peer's appended rows must be ours too."""
        for family in FAMILIES:
            relation = bars_relation(family)
            differ = self.one(
                f"SELECT count(*) FROM (SELECT * FROM {relation} WHERE id = %s AND tf = ANY(%s) EXCEPT "
                "ALL TABLE "
                f"peer.{relation}) AS x",
                BTC,
                ["7D", "1M_CAL", "1W_CAL_US", "1M_CAL_ANCHOR", "360D", "20Y_CAL"],
            )
            assert differ == 0, f"{relation}: {differ} rows differ from the peer's after appends"

    # -- reading --

    def read(self) -> None:
        """Series, the newest, everything to Parquet: views against indexed long tables."""
        if self.one("SELECT to_regclass('peer.cmc_price_bars_multi_tf_cal_anchor_iso') IS NULL"):
            self.run(self.refresh(BTC))
            self.peer.build([BTC], FAMILIES, self.variants)
        self.run("ANALYZE")
        runs = max(self.sizes.runs, 5)
        table = self.section(
            "Reading one series, as the client sees it",
            "series",
            "rows",
            "ours",
            "long table",
            "ours / long",
            note="psycopg, binary, all columns, fetchall; long tables with their key, analysed.",
        )
        cases: list[tuple[str, str]] = []
        for tf in READ_FRAMES:
            cases.append(
                (
                    f"snapshots {tf}",
                    f"SELECT * FROM {{schema}}.{bars_relation('multi_tf')} WHERE id = {BTC} "
                    f"AND tf = '{tf}' ORDER BY bar_seq, time_close",
                )
            )
        cases += [
            (
                f"snapshots {tf}",
                f"SELECT * FROM {{schema}}.{bars_relation(family)} WHERE id = {BTC} AND tf = '{tf}' "
                "ORDER BY bar_seq, time_close",
            )
            for family, tf in (
                ("cal_us", "1W_CAL_US"),
                ("cal_iso", "1M_CAL"),
                ("cal_us", "20Y_CAL"),
                ("cal_anchor_us", "3M_CAL_ANCHOR"),
            )
        ]
        for variant in self.variants:
            frames = (
                ("2D", "7D", "30D", "360D")
                if variant.startswith("multi")
                else (
                    ("1W_CAL_US", "1M_CAL", "1Y_CAL")
                    if variant == "cal_us"
                    else ("1W_CAL_ISO", "20Y_CAL")
                    if variant == "cal_iso"
                    else ("1M_CAL_ANCHOR", "1Y_CAL_ANCHOR")
                )
            )
            cases += [
                (
                    f"EMA {variant} {tf}, period 6",
                    f"SELECT * FROM {{schema}}.{emas.relation(variant)} WHERE id = {BTC} "
                    f"AND tf = '{tf}' AND period = 6 ORDER BY ts",
                )
                for tf in frames
            ]
        for name, query in cases:
            rows = len(self.connection.execute(query.format(schema="peer")).fetchall())
            found = in_turn(
                runs,
                [
                    ("ours", lambda q=query: self._fetch(q.format(schema="public"))),  # type: ignore[misc]
                    ("peer", lambda q=query: self._fetch(q.format(schema="peer"))),  # type: ignore[misc]
                ],
                warm_up=True,
            )
            ratio = found["ours"].median / found["peer"].median
            table.rows.append((name, rows, found["ours"], found["peer"], ratio))
            self.facts.setdefault("read", {})[name] = {
                "ours": found["ours"].as_json(),
                "peer": found["peer"].as_json(),
                "ratio": ratio,
            }
        self._read_matrix(runs)
        self._read_newest(runs)
        self._export()

    def _fetch(self, query: str) -> int:
        return len(self.connection.execute(query, binary=True).fetchall())

    def _read_matrix(self, runs: int) -> None:
        if not self.has_emas:
            return
        query = f"SELECT * FROM ema_matrix('multi_tf', {BTC}, '7D')"
        table = self.section("Matrix of all periods, one timeframe", "work", "time")
        table.rows.append(
            (
                "ema_matrix multi_tf 7D",
                in_turn(runs, [("ours", lambda: self._fetch(query))], True)["ours"],
            )
        )
        query2 = f"SELECT * FROM ema_matrix('multi_tf', {BTC}, '1D')"
        table.rows.append(
            (
                "ema_matrix multi_tf 1D",
                in_turn(runs, [("ours", lambda: self._fetch(query2))], True)["ours"],
            )
        )

    def _read_newest(self, runs: int) -> None:
        table = self.section(
            "The newest of every timeframe of one asset",
            "what",
            "rows",
            "ours",
            "long table",
            "ours / long",
            note="Long table: one probe of its key for each timeframe (and period) of the catalogue.",
        )
        bars = (
            "SELECT l.* FROM dim_timeframe AS t CROSS JOIN LATERAL (SELECT * FROM "
            "peer.cmc_price_bars_multi_tf AS p "
            f"WHERE p.id = {BTC} AND p.tf = t.tf ORDER BY p.bar_seq DESC, p.time_close DESC LIMIT 1) AS l "
            "WHERE t.family = 'multi_tf'"
        )
        cases = [
            (
                "bars_latest, N-day",
                f"SELECT l.* FROM bars_latest AS l WHERE l.id = {BTC} AND l.tf LIKE '%D' AND l.tf <> '1D'",
                bars,
            )
        ]
        if self.has_emas:
            peer = (
                "SELECT l.* FROM dim_timeframe AS t CROSS JOIN dim_period AS d CROSS JOIN LATERAL "
                "(SELECT * FROM "
                f"peer.cmc_ema_multi_tf AS p WHERE p.id = {BTC} AND p.tf = t.tf AND p.period = d.period "
                "ORDER BY p.ts DESC LIMIT 1) AS l WHERE t.family = 'multi_tf'"
            )
            columns = [
                row[0]
                for row in self.connection.execute(
                    "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' "
                    "AND table_name = "
                    "'emas_latest'"
                )
            ]
            source = next((c for c in ("alignment_source", "variant") if c in columns), None)
            where = f" AND {source} = 'multi_tf'" if source else ""
            cases.append(
                ("emas_latest, multi_tf", f"SELECT * FROM emas_latest WHERE id = {BTC}{where}", peer)
            )
        for name, ours, theirs in cases:
            found = in_turn(
                runs,
                [
                    ("ours", lambda q=ours: self._fetch(q)),  # type: ignore[misc]
                    ("peer", lambda q=theirs: self._fetch(q)),
                ],
                warm_up=True,
            )  # type: ignore[misc]
            table.rows.append(
                (
                    name,
                    self._fetch(ours),
                    found["ours"],
                    found["peer"],
                    found["ours"].median / found["peer"].median,
                )
            )

    def _export(self) -> None:
        import polars as pl

        table = self.section(
            "Everything of a relation to Parquet",
            "relation",
            "rows",
            "ours",
            "long table",
            "ours / long",
            "ta-lab2 export",
            note="COPY as CSV into Polars, written as Parquet: the same road for both. "
            "The command is a process of its own, with the start of Python.",
        )
        relations = [bars_relation("multi_tf")] + ([emas.relation("multi_tf")] if self.has_emas else [])
        with tempfile.TemporaryDirectory() as folder:

            def to_parquet(schema: str, relation: str) -> None:
                query = (
                    f"COPY (SELECT * FROM {schema}.{relation} WHERE id = {BTC}) "
                    "TO STDOUT (FORMAT csv, HEADER)"
                )
                with self.connection.cursor() as cursor, cursor.copy(query) as copy:
                    data = b"".join(bytes(part) for part in copy)
                pl.read_csv(io.BytesIO(data), infer_schema_length=2000, null_values="").write_parquet(
                    Path(folder) / f"{schema}.parquet"
                )

            for relation in relations:
                found = in_turn(
                    max(2, self.sizes.runs - 1),
                    [
                        ("ours", lambda r=relation: to_parquet("public", r)),  # type: ignore[misc]
                        ("peer", lambda r=relation: to_parquet("peer", r)),
                    ],
                )  # type: ignore[misc]
                rows = self.one(f"SELECT count(*) FROM peer.{relation}")
                ratio = found["ours"].median / found["peer"].median
                command = (
                    Samples(
                        [
                            self.cli(
                                "export",
                                relation,
                                "--ids",
                                str(BTC),
                                "-o",
                                str(Path(folder) / "own.parquet"),
                            )[0]
                        ]
                    )
                    if self._has("export")
                    else None
                )
                table.rows.append((relation, rows, found["ours"], found["peer"], ratio, command))
                self.facts.setdefault("export", {})[relation] = ratio

    # -- many assets --

    @contextmanager
    def profiled(self, title: str) -> Iterator[None]:
        """Where the functions of what runs inside spent their time."""
        self.run("SELECT pg_stat_reset()")
        self.run("SET track_functions = 'all'")
        yield
        self.run("SET track_functions = 'none'")
        self.run("SELECT pg_stat_force_next_flush()")
        rows = self.connection.execute(
            "SELECT funcname, calls, round(self_time::numeric, 1), round(total_time::numeric, 1) FROM "
            "pg_stat_user_functions WHERE schemaname = 'public' AND self_time > 0 ORDER BY self_time "
            "DESC LIMIT 10"
        ).fetchall()
        table = self.section(title, "function", "calls", "own ms", "with callees ms")
        table.rows += rows

    def profile(self) -> None:
        """The costliest functions of a full build and of appended days."""
        with self.profiled("Top functions of a full build of one asset"):
            self.run(self.forget)
            self.run(self.refresh(BTC))
        self.run("SELECT bench.hold_back(%s, 20)", BTC)
        self.run(self.refresh(BTC))
        with self.profiled("Top functions of 20 appended days of one asset"):
            for _ in range(20):
                self.run("SELECT bench.next_day(%s)", [BTC])
                self.run(self.refresh(BTC))

    def assets(self) -> None:
        """Throughput by connections, and the driver as a process."""
        self.run("DROP SCHEMA IF EXISTS peer CASCADE; DROP SCHEMA IF EXISTS plain CASCADE")
        self.run(self.forget)
        self.repeat(self.ids, self.sizes.days, 97)
        days = self.one("SELECT count(*) FROM cmc_price_histories7 WHERE id = ANY(%s)", self.ids)
        table = self.section(
            f"Full build of {len(self.ids)} assets, {days} days in all",
            "connections",
            "time",
            "assets a second",
            "against one connection",
            note="One thread a connection, each asset one call; server and threads share the cores.",
        )
        base: Samples | None = None
        measured = in_turn(
            min(2, self.sizes.runs),
            [(str(n), lambda n=n: self._spread(self.ids, n, truncate=True)) for n in (1, 2, 4, 8)],
        )  # type: ignore[misc]
        for name, samples in measured.items():
            base = base or samples
            table.rows.append((name, samples, len(self.ids) / samples.median, base.median / samples.median))
        self.facts["workers"] = {n: s.as_json() for n, s in measured.items()}
        self.facts["build_per_asset"] = measured["1"].median / len(self.ids)
        self._driver(table)
        bytes_now = self.one(
            "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class AS c WHERE c.relkind = 'r' "
            "AND c.relnamespace = 'public'::regnamespace "
            "AND c.relname ~ '^(bars|bar_blocks|day_blocks|emas|cmc_price)'"
        )
        raw = self.one("SELECT count(*) FROM cmc_price_histories7")
        self.facts["bytes_per_day"] = float(bytes_now) / max(raw, 1)

    def _spread(self, ids: Sequence[int], connections: int, truncate: bool = False) -> float:
        """Refresh all ids over some connections; wall seconds."""
        if truncate:
            self.run(self.forget)
        queue = list(ids)
        lock = threading.Lock()
        failures: list[BaseException] = []

        def work() -> None:
            try:
                with psycopg.connect(self.url, autocommit=True) as own:
                    while True:
                        with lock:
                            if not queue:
                                return
                            asset = queue.pop()
                        own.execute(self.refresh(asset)).fetchall()
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(connections)]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        spent = time.perf_counter() - started
        if failures:
            raise failures[0]
        return spent

    def cli(self, *arguments: str) -> tuple[float, float]:
        """Wall seconds of a command as a process of its own, and its peak memory in MB."""
        return observed([sys.executable, "-m", "ta_lab2_sql", "--db-url", self.url, "--json", *arguments])

    def _has(self, command: str) -> bool:
        done = subprocess.run(
            [sys.executable, "-m", "ta_lab2_sql", command, "--help"], capture_output=True, check=False
        )
        return done.returncode == 0

    def _driver(self, table: Section) -> None:
        what = "all" if self.has_emas else "bars"
        if not self._has("refresh"):
            return
        self.run(self.forget)
        spent, memory = self.cli("refresh", what, "--workers", "2")
        table.rows.append(("ta-lab2 refresh --workers 2", Samples([spent]), len(self.ids) / spent, None))
        self.facts["driver_memory_mb"] = memory
        code = (
            "import psycopg, sys; from benchmarks.peer_long import *; from benchmarks import emas; "
            "c = psycopg.connect(sys.argv[1], autocommit=True); "
            f"LongPeer(c, 'memory').build([{self.ids[0]}], FAMILIES, {tuple(self.variants)!r})"
        )
        _, peer_memory = observed([sys.executable, "-c", code, self.url])
        self.run("DROP SCHEMA IF EXISTS memory CASCADE")
        peak = self.section("Peak memory of the client process", "who", "MB")
        peak.rows += [
            (f"ta-lab2 refresh {what}, {len(self.ids)} assets", memory),
            ("long peer, one asset", peer_memory),
        ]

    def many_assets(self) -> None:
        """Hundreds of young assets: a day for all of them, nothing new, one day over all."""
        size, what = self.sizes.many, "all" if self.has_emas else "bars"
        self.run(
            "DROP SCHEMA IF EXISTS peer CASCADE; DROP SCHEMA IF EXISTS compact CASCADE; "
            "DROP SCHEMA IF EXISTS plain CASCADE"
        )
        self.run(self.forget)
        self.run("TRUNCATE cmc_price_histories7, raw_changes")
        self.load_base()
        self.repeat(self.many, self.sizes.many_days, 11)
        self.run("DELETE FROM cmc_price_histories7 WHERE id < %s", MANY)
        days = 4
        for asset in self.many:
            self.run("SELECT bench.hold_back(%s, %s)", asset, days)
        table = self.section(
            f"{size} assets of {self.sizes.many_days} days",
            "work",
            "time",
            "an asset",
            note="Two connections; the command's times include the start of Python and the plan.",
        )

        def row(name: str, samples: Samples) -> None:
            table.rows.append((name, samples, Samples([samples.median / size])))
            self.facts.setdefault("many", {})[name] = samples.as_json()

        row("full build", Samples([self._spread(self.many, 2)]))
        self.run("VACUUM ANALYZE")
        appended, nothing = Samples(), Samples()
        for _ in range(days - 1):
            self.run("SELECT bench.next_day(%s)", self.many)
            appended.values.append(self._spread(self.many, 2))
            nothing.values.append(self._spread(self.many, 2))
        row("one more day, calls over two connections", appended)
        row("nothing new, calls over two connections", nothing)
        if self._has("refresh"):
            self.run("SELECT bench.next_day(%s)", self.many)
            row(
                "one more day, ta-lab2 refresh --workers 2",
                Samples([self.cli("refresh", what, "--workers", "2")[0]]),
            )
            row(
                "nothing new, ta-lab2 refresh",
                Samples([self.cli("refresh", what, "--workers", "2")[0] for _ in range(3)]),
            )
            row("ta-lab2 --version, for comparison", Samples([self.cli("--version")[0] for _ in range(3)]))
        if self._has("plan"):
            row("ta-lab2 plan", Samples([self.cli("plan")[0] for _ in range(3)]))
        if self._has("audit"):
            some = self.many[:20]
            spent = self.cli("audit", "--ids", ",".join(map(str, some)))[0]
            table.rows.append(
                (f"ta-lab2 audit, {len(some)} of them", Samples([spent]), Samples([spent / len(some)]))
            )
        self._cross_section()

    def load_base(self) -> None:
        """The bundled BTC prices once more."""
        subprocess.run(
            [
                sys.executable,
                "-m",
                "ta_lab2_sql",
                "--db-url",
                self.url,
                "--json",
                "load",
                str(DATA / "BTC_1.csv.gz"),
                "--id",
                "1",
            ],
            check=True,
            capture_output=True,
        )

    def _cross_section(self) -> None:
        ids = "ARRAY(SELECT id FROM cmc_price_bars_1d_state)"
        stamp = self.one(
            'SELECT "timestamp" FROM cmc_price_bars_1d WHERE id = %s ORDER BY 1 DESC OFFSET 30 LIMIT 1',
            self.many[0],
        )
        self.run('UPDATE cmc_price_bars_1d SET "timestamp" = "timestamp" WHERE false')
        self.run("CREATE SCHEMA IF NOT EXISTS peer")
        table = self.section(
            f"One day, and a month, over {self.sizes.many} assets",
            "what",
            "rows",
            "view",
            "overload",
            "long table",
            "best of ours / long",
            note="The assets begin on different days, so a day doesn't meet all of them. "
            "Long table: keyed and "
            "with an index on (tf, time), filled from our view.",
        )
        month = f"(timestamptz '{stamp}' - interval '30 days')"
        cases: list[tuple[str, str, str, str, str]] = []
        for tf in ("7D", "360D"):
            for name, low in (("a day", f"timestamptz '{stamp}'"), ("31 days", month)):
                high = f"(timestamptz '{stamp}' + interval '1 second')"
                cases.append(
                    (
                        f"snapshots {tf}, {name}",
                        "cmc_price_bars_multi_tf",
                        f'tf = \'{tf}\' AND "timestamp" >= {low} AND "timestamp" < {high}',
                        f"SELECT * FROM bar_snapshots({ids}, '{tf}', {low}, {high})",
                        '"timestamp"',
                    )
                )
        for variant in [v for v in self.variants if v in ("multi_tf", "multi_tf_v2", "cal_us")]:
            tf = "1M_CAL" if variant == "cal_us" else "7D"
            for name, low in (("a day", f"timestamptz '{stamp}'"), ("31 days", month)):
                high = f"(timestamptz '{stamp}' + interval '1 second')"
                where = f"tf = '{tf}' AND period = 6 AND ts >= {low} AND ts < {high}"
                if name == "a day":
                    where = f"tf = '{tf}' AND period = 6 AND ts = {low}"
                cases.append(
                    (
                        f"EMA {variant} {tf}, {name}",
                        emas.relation(variant),
                        where,
                        f"SELECT * FROM ema_series('{variant}', {ids}, '{tf}', 6, {low}, {high})",
                        "ts",
                    )
                )
        filled: set[str] = set()
        for name, relation, where, overload, stamp_column in cases:
            if relation not in filled:
                filled.add(relation)
                frames = "tf IN ('7D', '360D', '1M_CAL')" + (" AND period = 6" if "ema" in relation else "")
                self.run(f"CREATE TABLE peer.{relation} AS SELECT * FROM {relation} WHERE {frames}")
                key = "(id, tf, period, ts)" if "ema" in relation else "(id, tf, bar_seq, time_close)"
                self.run(f"ALTER TABLE peer.{relation} ADD PRIMARY KEY {key}")
                self.run(f"CREATE INDEX ON peer.{relation} (tf, {stamp_column})")
                self.run(f"ANALYZE peer.{relation}")
            rows = self._fetch(f"SELECT * FROM peer.{relation} WHERE {where}")
            contestants: list[tuple[str, Callable[[], object]]] = [
                ("view", lambda r=relation, w=where: self._fetch(f"SELECT * FROM {r} WHERE {w}")),  # type: ignore[misc]
                ("overload", lambda q=overload: self._fetch(q)),  # type: ignore[misc]
                ("peer", lambda r=relation, w=where: self._fetch(f"SELECT * FROM peer.{r} WHERE {w}")),  # type: ignore[misc]
            ]
            found = in_turn(self.sizes.runs, contestants, warm_up=True)
            best = min(found["view"].median, found["overload"].median)
            table.rows.append(
                (name, rows, found["view"], found["overload"], found["peer"], best / found["peer"].median)
            )
            self.facts.setdefault("cross_section", {})[name] = {k: s.as_json() for k, s in found.items()}

    # -- growth --

    def earlier(self) -> None:
        """The revision before, installed beside from the repository, in turn with this one."""
        from benchmarks.earlier import compare

        for title, columns, rows in compare(self.url, self.sizes.runs):
            self.section(title, *columns).rows += rows

    def growth(self) -> None:
        """Exponents of time against days, assets, timeframes, periods."""
        self.run(self.forget)
        self.run("TRUNCATE cmc_price_histories7, raw_changes, bench.held")
        self.load_base()
        table = self.section(
            "Growth",
            "against",
            "sizes",
            "times",
            "exponent",
            note="Least squares of log time on log size, full builds by one connection.",
        )
        self._keep_newest()
        available = self.one("SELECT count(*) FROM cmc_price_histories7 WHERE id = 1")
        longest = min(available, self.sizes.peer_days or 5600)
        lengths = [longest // 8, longest // 4, longest // 2, longest]
        for i, n in enumerate(lengths):
            self.run("SELECT bench.repeat_asset(%s, %s, 0, %s, 1.5)", BTC, FIRST + i, n)
        self._exponent(
            table,
            "days",
            lengths,
            [lambda asset=FIRST + i: self._spread([asset], 1, truncate=True) for i in range(len(lengths))],
        )
        more = [2001 + i for i in range(8)]
        self.repeat(more, longest // 4, 97)
        self._exponent(
            table,
            "assets",
            [1, 2, 4, 8],
            [lambda n=n: self._spread(more[:n], 1, truncate=True) for n in (1, 2, 4, 8)],
        )
        frames = [f.tf for f in self.peer.frames_of("multi_tf") if f.tf != "1D"]
        spread = frames[:]
        random.Random(3).shuffle(spread)

        def of_frames(n: int) -> float:
            self.run(self.forget)
            self.run(f"SELECT * FROM refresh_bars({BTC}, '1d')")
            return clocked(
                lambda: self.connection.execute(
                    f"SELECT * FROM refresh_bars({BTC}, 'multi_tf', p_tfs => %s)", (spread[:n],)
                ).fetchall()
            )

        self._exponent(
            table,
            "timeframes (bars)",
            [12, 24, 48, 96],
            [lambda n=n: of_frames(n) for n in (12, 24, 48, 96)],
        )
        if self.has_emas:
            periods = [
                row[0] for row in self.connection.execute("SELECT period FROM dim_period ORDER BY period")
            ]

            def of_periods(n: int) -> float:
                self.run(self.forget)
                with self.connection.transaction(force_rollback=True):
                    self.run("DELETE FROM dim_period WHERE NOT period = ANY(%s)", periods[:n])
                    self.run(f"SELECT * FROM refresh_bars({BTC})")
                    return clocked(
                        lambda: self.connection.execute(
                            f"SELECT * FROM refresh_emas({BTC}, 'multi_tf')"
                        ).fetchall()
                    )

            self._exponent(
                table,
                "periods (EMAs multi_tf)",
                [2, 4, 8, 16],
                [lambda n=n: of_periods(n) for n in (2, 4, 8, 16)],
            )

    def _exponent(
        self, table: Section, name: str, sizes: Sequence[int], works: Sequence[Callable[[], float]]
    ) -> None:
        found = in_turn(self.sizes.runs, list(zip(map(str, sizes), works, strict=True)))
        x = [math.log(n) for n in sizes]
        y = [math.log(found[str(n)].median) for n in sizes]
        mx, my = sum(x) / len(x), sum(y) / len(y)
        slope = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sum((a - mx) ** 2 for a in x)
        table.rows.append(
            (name, ", ".join(map(str, sizes)), ", ".join(str(found[str(n)]) for n in sizes), slope)
        )
        self.facts.setdefault("growth", {})[name] = {
            "exponent": slope,
            "times": {str(n): found[str(n)].as_json() for n in sizes},
        }

    def model(self) -> None:
        """What the measured costs mean for more assets and more machines."""
        if "build_per_asset" not in self.facts or "many" not in self.facts:
            return
        scale = 3653 * self.sizes.assets / self.one_or(self.facts.get("asset_days"), 3653 * self.sizes.assets)
        build = self.facts["build_per_asset"] * scale
        append_each = (
            self.facts["many"]["one more day, calls over two connections"]["median"] * 2 / self.sizes.many
        )
        gain = self.facts["workers"]["1"]["median"] / self.facts["workers"]["2"]["median"] / 2
        disk = self.facts["bytes_per_day"] * 3653
        table = self.section(
            "Model: assets of ten years",
            "assets",
            "disk GB",
            "full build, 1 connection",
            "full build, 2 connections here",
            "one more day, 2 connections here",
            "one more day, 16 machines like this",
            note=f"From {build:.2f} s a build and {append_each * 1e3:.1f} ms "
            "a day and asset of one connection's time, "
            f"{disk / 1e6:.1f} MB an asset with raw and validated days, and {gain:.2f} of linear gain "
            "by the second "
            "connection. Machines share nothing, since no asset's rows meet another's; the coordinator "
            "isn't counted.",
        )

        def span(seconds: float) -> str:
            for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
                if seconds >= 2 * size:
                    return f"{seconds / size:.1f} {unit}"
            return f"{seconds:.1f} s"

        for assets in (500, 10_000, 1_000_000):
            table.rows.append(
                (
                    assets,
                    assets * disk / 1e9,
                    span(assets * build),
                    span(assets * build / 2 / gain),
                    span(assets * append_each / 2),
                    span(assets * append_each / 32),
                )
            )
        self.facts["model"] = {"build": build, "append": append_each, "gain": gain, "disk": disk}

    @staticmethod
    def one_or(value: Any, default: Any) -> Any:
        return default if value is None else value
