"""Series, the newest, everything to Parquet: views against indexed long tables."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import emas
from benchmarks.peer_long import FAMILIES, bars_relation
from benchmarks.run import BTC, Run
from benchmarks.timing import Samples, in_turn

SNAPSHOTS = (
    ("multi_tf", "2D"),
    ("multi_tf", "7D"),
    ("multi_tf", "30D"),
    ("multi_tf", "360D"),
    ("cal_us", "1W_CAL_US"),
    ("cal_iso", "1M_CAL"),
    ("cal_us", "20Y_CAL"),
    ("cal_anchor_us", "3M_CAL_ANCHOR"),
)
SERIES = {
    "multi_tf": ("2D", "7D", "30D", "360D"),
    "multi_tf_v2": ("2D", "7D", "30D", "360D"),
    "cal_us": ("1W_CAL_US", "1M_CAL", "1Y_CAL"),
    "cal_iso": ("1W_CAL_ISO", "20Y_CAL"),
    "cal_anchor_us": ("1M_CAL_ANCHOR", "1Y_CAL_ANCHOR"),
    "cal_anchor_iso": ("1M_CAL_ANCHOR", "1Y_CAL_ANCHOR"),
}
# What, whether it needs EMAs, ours, and one probe of the long table's key for each timeframe (and period).
NEWEST = (
    (
        "bars_latest, N-day",
        False,
        f"SELECT l.* FROM bars_latest AS l WHERE l.id = {BTC} AND l.tf LIKE '%D' AND l.tf <> '1D'",
        "SELECT l.* FROM dim_timeframe AS t CROSS JOIN LATERAL ("
        f"SELECT * FROM peer.cmc_price_bars_multi_tf AS p WHERE p.id = {BTC} AND p.tf = t.tf "
        "ORDER BY p.bar_seq DESC, p.time_close DESC LIMIT 1) AS l WHERE t.family = 'multi_tf'",
    ),
    (
        "emas_latest, multi_tf",
        True,
        f"SELECT * FROM emas_latest WHERE id = {BTC} AND alignment_source = 'multi_tf'",
        "SELECT l.* FROM dim_timeframe AS t CROSS JOIN dim_period AS d CROSS JOIN LATERAL ("
        f"SELECT * FROM peer.cmc_ema_multi_tf AS p WHERE p.id = {BTC} AND p.tf = t.tf "
        "AND p.period = d.period ORDER BY p.ts DESC LIMIT 1) AS l WHERE t.family = 'multi_tf'",
    ),
)


def measure(run: Run) -> None:
    """All of it, on what the long peer has built."""
    if run.one("SELECT to_regclass('peer.cmc_price_bars_multi_tf_cal_anchor_iso') IS NULL"):
        run.execute(run.refresh(BTC))
        run.peer.build([BTC], FAMILIES, run.variants)
    run.execute("ANALYZE")
    runs = max(run.sizes.runs, 5)
    one_series(run, runs)
    matrix(run, runs)
    newest(run, runs)
    to_parquet(run)


def cases(run: Run) -> Iterator[tuple[str, str]]:
    """What is read, and the query with a place for the schema."""
    for family, tf in SNAPSHOTS:
        relation = bars_relation(family)
        yield (
            f"snapshots {tf}",
            f"SELECT * FROM {{schema}}.{relation} WHERE id = {BTC} AND tf = '{tf}' "
            "ORDER BY bar_seq, time_close",
        )
    for variant in run.variants:
        for tf in SERIES[variant]:
            yield (
                f"EMA {variant} {tf}, period 6",
                f"SELECT * FROM {{schema}}.{emas.relation(variant)} WHERE id = {BTC} "
                f"AND tf = '{tf}' AND period = 6 ORDER BY ts",
            )


def against_long(run: Run, runs: int, ours: str, theirs: str) -> tuple[Samples, Samples, float]:
    """Two queries in turn: ours, the long table's, ours / long."""
    both = [("ours", lambda: run.fetch(ours)), ("peer", lambda: run.fetch(theirs))]
    found = in_turn(runs, both, warm_up=True)
    return found["ours"], found["peer"], found["ours"].median / found["peer"].median


def one_series(run: Run, runs: int) -> None:
    """One timeframe, one period, as the client sees it."""
    columns = ("series", "rows", "ours", "long table", "ours / long")
    note = "psycopg, binary, all columns, fetchall; long tables with their key, analysed."
    table = run.section("Reading one series, as the client sees it", *columns, note=note)
    for name, query in cases(run):
        theirs = query.format(schema="peer")
        rows = run.fetch(theirs)
        ours, peer, ratio = against_long(run, runs, query.format(schema="public"), theirs)
        table.rows.append((name, rows, ours, peer, ratio))
        facts = {"ours": ours.as_json(), "peer": peer.as_json(), "ratio": ratio}
        run.facts.setdefault("read", {})[name] = facts


def matrix(run: Run, runs: int) -> None:
    """All periods side by side."""
    if not run.has_emas:
        return
    table = run.section("Matrix of all periods, one timeframe", "work", "time")
    for tf in ("7D", "1D"):
        query = f"SELECT * FROM ema_matrix('multi_tf', {BTC}, '{tf}')"
        found = in_turn(runs, [("ours", lambda query=query: run.fetch(query))], warm_up=True)  # type: ignore[misc]
        table.rows.append((f"ema_matrix multi_tf {tf}", found["ours"]))


def newest(run: Run, runs: int) -> None:
    """The newest of every timeframe."""
    columns = ("what", "rows", "ours", "long table", "ours / long")
    note = "Long table: one probe of its key for each timeframe (and period) of the catalogue."
    table = run.section("The newest of every timeframe of one asset", *columns, note=note)
    for name, needs_emas, ours, theirs in NEWEST:
        if run.has_emas or not needs_emas:
            table.rows.append((name, run.fetch(ours), *against_long(run, runs, ours, theirs)))


def to_parquet(run: Run) -> None:
    """A whole relation."""
    columns = ("relation", "rows", "ours", "long table", "ours / long", "ta-lab2 export")
    table = run.section(
        "Everything of a relation to Parquet",
        *columns,
        note="COPY as CSV into Polars, written as Parquet: the same road for both. "
        "The command is a process of its own, with the start of Python.",
    )
    with tempfile.TemporaryDirectory() as folder:
        for relation in [bars_relation("multi_tf")] + ([emas.relation("multi_tf")] if run.has_emas else []):
            both = [
                (schema, lambda schema=schema: by_copy(run, schema, relation, Path(folder)))  # type: ignore[misc]  # noqa: B023
                for schema in ("public", "peer")
            ]
            found = in_turn(max(2, run.sizes.runs - 1), both)
            ratio = found["public"].median / found["peer"].median
            command = None
            if run.has("export"):
                arguments = ("export", relation, "--ids", str(BTC), "-o", str(Path(folder) / "own.parquet"))
                command = Samples([run.cli(*arguments)[0]])
            rows = run.one(f"SELECT count(*) FROM peer.{relation}")
            table.rows.append((relation, rows, found["public"], found["peer"], ratio, command))
            run.facts.setdefault("export", {})[relation] = ratio


def by_copy(run: Run, schema: str, relation: str, folder: Path) -> None:
    """COPY as CSV, Polars, Parquet."""
    import polars as pl

    query = f"COPY (SELECT * FROM {schema}.{relation} WHERE id = {BTC}) TO STDOUT (FORMAT csv, HEADER)"
    with run.connection.cursor() as cursor, cursor.copy(query) as copy:
        data = b"".join(bytes(part) for part in copy)
    frame = pl.read_csv(io.BytesIO(data), infer_schema_length=2000, null_values="")
    frame.write_parquet(folder / f"{schema}.parquet")
