"""One run: its database, what was measured so far, and the work that several sections do."""

from __future__ import annotations

import contextlib
import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import emas
from benchmarks.peer_long import LongPeer
from benchmarks.peer_others import CompactPeer

BTC = 1
FIRST = 1001
MANY = 500_001
# The tables of what is built, as regular expressions.
BARS = "^(bars|bar_blocks|day_blocks)"
BUILT = "^(bars|bar_blocks|day_blocks|emas)"
DATA = Path(__file__).parents[1] / "tests" / "fixtures" / "prices"


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


class Run:
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
            f"AND (relname ~ '{BUILT}' OR relname LIKE 'cmc\\_price\\_bars\\_1d%')"
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

    def execute(self, query: str, *values: object) -> None:
        self.connection.execute(query, values or None)

    def timed(self, query: str) -> float:
        """Server time of a statement in this session."""
        return float(self.one("SELECT bench.timed(%s)", query))

    def fetch(self, query: str) -> int:
        return len(self.connection.execute(query, binary=True).fetchall())

    def section(self, title: str, *columns: str, note: str = "") -> Section:
        self.say(title)
        made = Section(title, columns, note=note)
        self.sections.append(made)
        return made

    def refresh(self, asset: int, *, full: bool = False) -> str:
        """The call that brings everything of an asset up to date."""
        return f"SELECT * FROM {self.everything}({asset}{', p_full => true' if full else ''})"

    def keep_newest(self) -> None:
        """A quick run uses a part of BTC only."""
        if self.sizes.peer_days:
            self.execute(
                'DELETE FROM cmc_price_histories7 WHERE id = 1 AND "timestamp" < '
                "(SELECT min(x.t) FROM (SELECT "
                '"timestamp" AS t FROM cmc_price_histories7 WHERE id = 1 ORDER BY 1 DESC LIMIT %s) AS x)',
                self.sizes.peer_days,
            )

    def load(self, *files: Path) -> None:
        """Real prices through the command."""
        program = [sys.executable, "-m", "ta_lab2_sql", "--db-url", self.url, "--json"]
        named = ("--name-pattern", "{symbol}_{id}.csv")
        subprocess.run([*program, "load", *map(str, files), *named], check=True, capture_output=True)

    def load_base(self) -> None:
        """The bundled BTC prices once more."""
        self.load(DATA / "BTC_1.csv.gz")

    def repeat(self, ids: Sequence[int], days: int, stride: int) -> None:
        """Other assets made from BTC: other starts, other prices."""
        source = self.one("SELECT count(*) FROM cmc_price_histories7 WHERE id = %s", BTC)
        room = max(source - days, 0)
        for i, asset in enumerate(ids):
            values = (BTC, asset, (i * stride) % (room + 1), days, 1.0 + 0.0137 * (i + 1))
            self.execute("SELECT bench.repeat_asset(%s, %s, %s, %s, %s)", *values)
        self.execute("ANALYZE cmc_price_histories7")

    def spread(self, ids: Sequence[int], connections: int, truncate: bool = False) -> float:
        """Refresh all ids over some connections; wall seconds."""
        if truncate:
            self.execute(self.forget)
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

    def has(self, command: str) -> bool:
        done = subprocess.run(
            [sys.executable, "-m", "ta_lab2_sql", command, "--help"], capture_output=True, check=False
        )
        return done.returncode == 0


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
