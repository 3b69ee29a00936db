"""Stream a relation into a file, piece by piece, so that memory doesn't grow with it."""

from __future__ import annotations

import contextlib
import difflib
import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ta_lab2_sql import columns
from ta_lab2_sql.errors import WrongUsage
from ta_lab2_sql.taxonomy import families, source_of, variants
from ta_lab2_sql.whole_file import whole_file

if TYPE_CHECKING:
    import polars as pl
    import psycopg
    from psycopg import sql

MATRIX = "ema_matrix"
# Where the days are whose catalogue entry, 1D, other relations share.
DAYS_OF = {
    "bars": "cmc_price_bars_1d",
    "cmc_price_bars_multi_tf": "cmc_price_bars_1d",
    "cmc_price_bars_multi_tf_state": "cmc_price_bars_1d_state",
}
# Rows that one query gathers: enough for its overhead to vanish, few enough for memory.
PIECE = 60_000
ROW_GROUP = 250_000
TIMES = ("ts", "timestamp", "time_close")
KEY = ("alignment_source", "id", "variant", "tf", "period", *TIMES, "bar_seq", "reason", "family")


@dataclass(frozen=True, slots=True)
class Relation:
    """What can be exported. rows_from: the table whose rows per asset tell how many rows to expect."""

    name: str
    rows_from: str | None
    family: str | None = None
    periods: bool = False
    sources: tuple[str, ...] = ()


def _relations() -> dict[str, Relation]:
    sources = tuple(source_of(variant) for variant in variants())
    found = [
        Relation("cmc_price_histories7", "cmc_price_histories7"),
        Relation("cmc_price_bars_1d", "cmc_price_bars_1d"),
        Relation("cmc_price_bars_1d_rejects", "cmc_price_bars_1d_rejects"),
        Relation("cmc_price_bars_1d_state", "cmc_price_bars_1d_state"),
        Relation("bars", "bars"),
        Relation("emas", "emas"),
        Relation("bars_state", "bars_state"),
        Relation("emas_state", "emas_state"),
        Relation("bars_latest", "cmc_price_bars_1d_state", "all"),
        Relation("emas_latest", "cmc_price_bars_1d_state", "all", periods=True),
        Relation("cmc_ema_multi_tf_u", "cmc_price_bars_1d", "all", periods=True, sources=sources),
        Relation(MATRIX, "cmc_price_bars_1d", "all"),
        *(Relation(name, None) for name in ("dim_timeframe", "dim_period", "ema_alpha")),
    ]
    for family in families()[1:]:
        name = "cmc_price_bars_" + (family if family == "multi_tf" else f"multi_tf_{family}")
        found += [
            Relation(name, "cmc_price_bars_1d", family),
            Relation(f"{name}_state", "cmc_price_bars_1d_state", family),
        ]
    for variant in variants():
        source = source_of(variant)
        found += [
            Relation(f"cmc_ema_{source}", "cmc_price_bars_1d", variant, periods=True),
            Relation(f"cmc_ema_{source}_state", "cmc_price_bars_1d_state", variant, periods=True),
        ]
    return {relation.name: relation for relation in found}


RELATIONS = _relations()


def relation_named(name: str) -> Relation:
    """The relation of this name; a wrong one is told the nearest."""
    if name not in RELATIONS:
        near = difflib.get_close_matches(name, RELATIONS, n=3, cutoff=0.4)
        todo = f"did you mean {' or '.join(near)}?" if near else "ta-lab2 export --help lists the relations"
        raise WrongUsage(f"unknown relation '{name}'", "the command line", todo)
    return RELATIONS[name]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows; None: all."""

    ids: tuple[int, ...] | None = None
    tfs: tuple[str, ...] | None = None
    periods: tuple[int, ...] | None = None
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of an export: one query. order: what to sort its rows by. constants: columns of one value."""

    query: sql.Composed
    expected: int
    order: tuple[str, ...] = ()
    constants: dict[str, Any] = field(default_factory=dict)

    @property
    def ordered(self) -> sql.Composed:
        """The query with its order."""
        from psycopg import sql

        if not self.order:
            return self.query
        keys = [
            sql.Identifier(name) + sql.SQL(' COLLATE "C"' if name in columns.CATEGORIES else "")
            for name in self.order
        ]
        return self.query + sql.SQL(" ORDER BY ") + sql.SQL(", ").join(keys)


@dataclass(slots=True)
class Export:
    """An export planned on a connection, inside the transaction whose snapshot all its queries see."""

    connection: psycopg.Connection[Any]
    relation: Relation
    chosen: Filter
    variant: str | None = None
    columns: list[columns.Column] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)

    @property
    def expected(self) -> int:
        """About how many rows there will be, not less."""
        return sum(piece.expected for piece in self.pieces)

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows as Polars frames in the order of the key."""
        for piece in self.pieces:
            count, values = columns.fetch(self.connection, piece.query, self.columns, piece.constants)
            if count:
                # Sorting is cheaper here, by columns, than in the server.
                frame = columns.to_polars(self.columns, count, values)
                yield frame.sort(piece.order, nulls_last=True) if piece.order else frame


def plan(
    connection: psycopg.Connection[Any], relation: Relation, chosen: Filter, variant: str | None
) -> Export:
    """Check what was asked for and cut it into pieces. Starts the transaction of the export."""
    from psycopg import sql

    connection.execute(
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
    )
    connection.autocommit = False
    for setting in (
        "TimeZone = 'UTC'",
        "DateStyle = 'ISO'",
        "work_mem = '64MB'",
        "jit = off",
        "extra_float_digits = 1",
    ):
        connection.execute(sql.SQL("SET LOCAL " + setting))
    _check_values(connection, relation, chosen, variant)
    export = Export(connection, relation, chosen, variant)
    if relation.name == MATRIX:
        _plan_matrix(export)
    else:
        _plan_relation(export)
    return export


def _check_values(
    connection: psycopg.Connection[Any], relation: Relation, chosen: Filter, variant: str | None
) -> None:
    """Let the database refuse unknown ids, timeframes and periods, with the nearest names."""
    if (relation.name == MATRIX) != (variant is not None):
        what = "which variant's matrix?" if variant is None else f"{relation.name} is of one variant already"
        todo = f"--variant {variants()[0]}" if variant is None else f"leave it out, or export {MATRIX}"
        raise WrongUsage(what, "--variant", todo)
    if chosen.start and chosen.end and chosen.start > chosen.end:
        raise WrongUsage("--from is after --to", "the command line", "swap them")
    for asset in chosen.ids or ():
        connection.execute("SELECT check_asset(%s)", (asset,))
    if chosen.tfs:
        family = variant or relation.family or "all"
        connection.execute("SELECT check_timeframes(%s, %s)", (family, list(chosen.tfs)))
    known = {period for (period,) in connection.execute("SELECT period FROM dim_period")}
    for period in chosen.periods or ():
        if period not in known:
            near = sorted(known, key=lambda other: abs(other - period))[:3]
            raise WrongUsage(
                f"unknown period {period}",
                "dim_period",
                f"the nearest are {', '.join(map(str, sorted(near)))}",
            )


def remark(export: Export, rows: int) -> str | None:
    """What users should know who may have expected more: which of the filters lets no row through."""
    name, chosen = export.relation.name, export.chosen
    elsewhere = DAYS_OF.get(name) if "1D" in (chosen.tfs or ()) else None
    days = f"{name} has no 1D: days are in {elsewhere}" if elsewhere else None
    if rows or (days and chosen.tfs == ("1D",)):
        return days
    if chosen.ids is None:
        whose = f"{name} has"
    else:
        whose = f"asset {chosen.ids[0]} has" if len(chosen.ids) == 1 else "these assets have"
    without = chosen
    if chosen.start or chosen.end:
        without = replace(without, start=None, end=None)
        if _any(export, without):
            return f"{whose} rows, but none between --from and --to"
    if chosen.periods:
        without = replace(without, periods=None)
        if _any(export, without):
            return f"{whose} too few closed bars for period {_listed(chosen.periods)}"
    if chosen.tfs:
        without = replace(without, tfs=None)
        if _any(export, without):
            return f"{whose} other timeframes, but not {_listed(chosen.tfs)}"
    todo = "ta-lab2 plan tells what a refresh would build"
    if name == "cmc_price_histories7":
        todo = "ta-lab2 load brings days"
    elif name == "cmc_price_bars_1d_rejects":
        todo = "no day was rejected"
    return f"{whose} nothing here: {todo}"


def _any(export: Export, chosen: Filter) -> bool:
    """Whether a filter lets a row through."""
    from psycopg import sql

    wider = Export(export.connection, export.relation, chosen, export.variant)
    (_plan_matrix if export.relation.name == MATRIX else _plan_relation)(wider)
    for piece in wider.pieces:
        found = sql.SQL("SELECT FROM ({}) AS q LIMIT 1").format(piece.query)
        if export.connection.execute(found).fetchone() is not None:
            return True
    return False


def _listed(values: Sequence[object]) -> str:
    *most, last = map(str, values)
    return f"{', '.join(most)} or {last}" if most else last


def _plan_relation(export: Export) -> None:
    from psycopg import sql

    relation, chosen = export.relation, export.chosen
    everything = sql.SQL("SELECT * FROM {}").format(sql.Identifier(relation.name))
    export.columns = columns.describe(export.connection, everything)
    names = [column.name for column in export.columns]
    time = next((name for name in TIMES if name in names), None)
    _refuse_missing(relation, chosen, names, time)
    order = tuple(name for name in KEY if name in names and (name not in TIMES or name == time))
    for source in relation.sources or (None,):
        for ids, tfs, expected in _parts(export, time):
            tests = [
                *_tests(time, chosen),
                *([_equals("alignment_source", source)] if source else []),
                *([_among("id", ids)] if ids else []),
                *([_among("tf", tfs)] if tfs else []),
                *([_among("period", chosen.periods)] if chosen.periods else []),
            ]
            constants = {
                name: values[0]
                for name, values in (("alignment_source", [source]), ("id", ids), ("tf", tfs))
                if values and len(values) == 1 and values[0] is not None and name in names
            }
            keys = tuple(name for name in order if name not in constants)
            export.pieces.append(Piece(everything + _where(tests), expected, keys, constants))


def _plan_matrix(export: Export) -> None:
    from ta_lab2_sql.frames import matrix_query

    chosen = export.chosen
    periods = sorted(chosen.periods) if chosen.periods else None

    def query(ids: list[int], tfs: list[str]) -> sql.Composed:
        assert export.variant is not None
        return matrix_query(export.connection, export.variant, ids, tfs, periods, chosen.start, chosen.end)

    for ids, tfs, expected in _parts(export, "timestamp"):
        assert tfs is not None
        export.pieces.append(Piece(query(ids, tfs), expected))
    export.columns = columns.describe(export.connection, query([], []))


def _parts(export: Export, time: str | None) -> Iterator[tuple[list[int], list[str] | None, int]]:
    """Ids and timeframes that belong to one query each, and how many rows to expect of it."""
    relation, chosen = export.relation, export.chosen
    if relation.rows_from is None:
        yield [], list(chosen.tfs) if chosen.tfs else None, 0
        return
    tfs = list(chosen.tfs) if chosen.tfs else None
    if relation.family is not None and tfs is None:
        tfs = _timeframes(export.connection, export.variant or relation.family)
    each = len(chosen.periods or ()) or (_count(export.connection, "dim_period") if relation.periods else 1)
    together: list[int] = []
    waiting = 0
    for asset, rows in _sizes(export, time):
        rows *= each
        width = len(tfs) if relation.family is not None and tfs else 1
        if together and waiting + rows * width > PIECE:
            yield together, tfs, waiting
            together, waiting = [], 0
        if rows * width <= PIECE or width == 1:
            together.append(asset)
            waiting += rows * width
            continue
        assert tfs is not None
        step = max(1, PIECE // max(rows, 1))
        for first in range(0, width, step):
            few = tfs[first : first + step]
            yield [asset], few, rows * len(few)
    if together:
        yield together, tfs, waiting


def _sizes(export: Export, time: str | None) -> list[tuple[int, int]]:
    """The assets there are and the rows that each has in the table that the relation's rows come from."""
    from psycopg import sql

    relation, chosen = export.relation, export.chosen
    assert relation.rows_from is not None
    has_time = relation.rows_from in ("cmc_price_bars_1d", relation.name) and time is not None
    inside = time if relation.rows_from == relation.name else "timestamp"
    tests = [
        *(_tests(inside, chosen) if has_time else []),
        *([_among("id", chosen.ids)] if chosen.ids else []),
    ]
    query = sql.SQL("SELECT id, count(*) FROM {}{} GROUP BY id ORDER BY id").format(
        sql.Identifier(relation.rows_from), _where(tests)
    )
    return export.connection.execute(query).fetchall()


def _timeframes(connection: psycopg.Connection[Any], family: str) -> list[str]:
    rows = connection.execute(
        "SELECT tf FROM dim_timeframe WHERE %(f)s = 'all' OR %(f)s = ANY (string_to_array(family, '|')) "
        'ORDER BY tf COLLATE "C"',
        {"f": family.removesuffix("_v2")},
    )
    return [tf for (tf,) in rows]


def _count(connection: psycopg.Connection[Any], table: str) -> int:
    from psycopg import sql

    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    return int(row[0]) if row else 0


def _refuse_missing(relation: Relation, chosen: Filter, names: Sequence[str], time: str | None) -> None:
    asked = {
        "--ids": (chosen.ids, "id" in names),
        "--tf": (chosen.tfs, "tf" in names),
        "--period": (chosen.periods, "period" in names),
        "--from": (chosen.start, time is not None),
        "--to": (chosen.end, time is not None),
    }
    for option, (value, possible) in asked.items():
        if value is not None and not possible:
            raise WrongUsage(f"{relation.name} can't be filtered so", option, "leave it out")


def _tests(time: str | None, chosen: Filter) -> list[sql.Composed]:
    from psycopg import sql

    bounds = ((chosen.start, ">="), (chosen.end, "<"))
    return [
        sql.SQL("{} " + sign + " {}").format(sql.Identifier(time), moment)
        for moment, sign in bounds
        if moment is not None and time is not None
    ]


def _equals(name: str, value: object) -> sql.Composed:
    from psycopg import sql

    return sql.SQL("{} = {}").format(sql.Identifier(name), value)


def _among(name: str, values: Sequence[object]) -> sql.Composed:
    from psycopg import sql

    # Equality with one value leaves the planner more to go by than a list of one.
    if len(values) == 1:
        return _equals(name, values[0])
    return sql.SQL("{} = ANY ({})").format(sql.Identifier(name), list(values))


def _where(tests: Sequence[sql.Composed]) -> sql.Composed:
    from psycopg import sql

    return sql.SQL(" WHERE ") + sql.SQL(" AND ").join(tests) if tests else sql.Composed([])


def write_csv(export: Export, out: IO[bytes], advance: Callable[[int], None]) -> int:
    """COPY the rows straight through."""
    from psycopg import sql

    rows = 0
    header = True
    empty = sql.SQL("SELECT {} LIMIT 0").format(
        sql.SQL(", ").join(sql.SQL("NULL AS {}").format(sql.Identifier(c.name)) for c in export.columns)
    )
    for piece in [Piece(empty, 0), *export.pieces]:
        copy = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, HEADER {})").format(
            piece.ordered, sql.SQL(str(header))
        )
        with export.connection.cursor() as cursor:
            with cursor.copy(copy) as stream:
                for data in stream:
                    out.write(data)
            found = 0 if header else max(cursor.rowcount, 0)
        rows += found
        header = False
        advance(found)
    return rows


def write_lines(export: Export, out: IO[bytes], advance: Callable[[int], None]) -> int:
    """One JSON object a line."""
    from psycopg import sql

    rows = 0
    for piece in export.pieces:
        found = 0
        with export.connection.cursor() as cursor:
            for (line,) in cursor.stream(
                sql.SQL("SELECT row_to_json(q)::text FROM ({}) AS q").format(piece.ordered)
            ):
                out.write(line.encode() + b"\n")
                found += 1
        rows += found
        advance(found)
    return rows


def write_parquet(export: Export, path: Path, advance: Callable[[int], None]) -> int:
    """Row groups as they come. Polars writes in a thread of its own, so a signal still stops the reading."""
    import polars as pl
    from polars.io.plugins import register_io_source

    waiting: queue.Queue[pl.DataFrame | None] = queue.Queue(maxsize=1)
    failed: list[BaseException] = []
    schema = pl.Schema({column.name: column.polars_type() for column in export.columns})

    def given(with_columns: Any, predicate: Any, n_rows: Any, batch_size: Any) -> Iterator[pl.DataFrame]:
        while (frame := waiting.get()) is not None:
            yield frame

    def write() -> None:
        try:
            frames = register_io_source(given, schema=schema)
            frames.sink_parquet(path, compression="zstd", row_group_size=ROW_GROUP, maintain_order=True)
        except BaseException as error:
            failed.append(error)

    def hand_over(frame: pl.DataFrame | None) -> None:
        while not failed:
            with contextlib.suppress(queue.Full):
                waiting.put(frame, timeout=0.2)
                return

    writer = threading.Thread(target=write, name="parquet", daemon=True)
    writer.start()
    rows = 0
    try:
        for frame in export.frames():
            hand_over(frame)
            rows += frame.height
            advance(frame.height)
            if failed:
                break
    finally:
        hand_over(None)
        writer.join()
    if failed:
        raise failed[0]
    return rows


def write(export: Export, target: str, form: str, advance: Callable[[int], None]) -> int | None:
    """Write the rows to a file, whole or not at all, or to stdout (`-`).

    Returns their number; None when the reader of stdout left before the end.
    """
    if target == "-":
        if form == "parquet":
            raise WrongUsage(
                "Parquet can't be written to a pipe", "-o -", "name a file, or take --format csv"
            )
        writer = write_lines if form == "json" else write_csv
        # Not sys.stdout, which would go on when nobody reads any more: rows to nobody are wasted work.
        with contextlib.suppress(BrokenPipeError), open(os.dup(1), "wb") as out:
            return writer(export, out, advance)
        return None
    with whole_file(Path(target)) as part:
        if form == "parquet":
            return write_parquet(export, part, advance)
        with part.open("wb") as out:
            return write_csv(export, out, advance)
