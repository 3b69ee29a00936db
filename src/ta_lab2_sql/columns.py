"""Results by columns: the server gathers each column into one array, NumPy reads its bytes as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ta_lab2_sql.errors import WorkFailed

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl
    import psycopg
    from numpy.typing import NDArray
    from psycopg import sql

# Days, and microseconds, from 1970-01-01 to PostgreSQL's 2000-01-01.
DAYS_TO_2000 = 10_957
MICROSECONDS_TO_2000 = DAYS_TO_2000 * 86_400_000_000


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of fixed width: the OID of its arrays, its bytes on the wire, its forms in frames."""

    array_oid: int
    wire: str
    polars: str
    pandas: str


KINDS = {
    16: Kind(1000, ">u1", "Boolean", "boolean"),
    20: Kind(1016, ">i8", "Int64", "Int64"),
    21: Kind(1005, ">i2", "Int16", "Int16"),
    23: Kind(1007, ">i4", "Int32", "Int32"),
    701: Kind(1022, ">f8", "Float64", "float64"),
    1082: Kind(1182, ">i4", "Date", "datetime64[s]"),
    1184: Kind(1185, ">i8", "Datetime", "datetime64[us, UTC]"),
}
TEXT = 25
TEXT_ARRAYS = {1009: "String", 1007: "Int32", 1022: "Float64"}
# Text with few values: a dictionary and small numbers.
CATEGORIES = frozenset({"tf", "alignment_source", "missing_days_where", "reason", "variant", "family", "tz"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a result: its name and the OID of its type."""

    name: str
    oid: int

    @property
    def is_array(self) -> bool:
        """Arrays of different lengths can't be gathered, so their rows are read one by one."""
        return self.oid in TEXT_ARRAYS

    def polars_type(self) -> Any:
        """The type of the column in a Polars frame or a Parquet file."""
        import polars as pl

        if self.oid in TEXT_ARRAYS:
            return pl.List(getattr(pl, TEXT_ARRAYS[self.oid]))
        if self.oid not in KINDS:
            return pl.Categorical() if self.name in CATEGORIES else pl.String()
        kind = KINDS[self.oid]
        return pl.Datetime("us", "UTC") if kind.polars == "Datetime" else getattr(pl, kind.polars)


@dataclass(frozen=True, slots=True)
class Values:
    """A column's values: of fixed width with a mask of what is NULL (None: nothing is), or Python objects.

    constant: one value that stands for all rows.
    """

    values: Any
    nulls: NDArray[np.bool_] | None = None
    constant: bool = False


def describe(connection: psycopg.Connection[Any], query: sql.Composed) -> list[Column]:
    """The columns that a query gives, without running it."""
    from psycopg import sql

    cursor = connection.execute(sql.SQL("SELECT * FROM ({}) AS q LIMIT 0").format(query))
    assert cursor.description is not None
    return [Column(column.name, column.type_code) for column in cursor.description]


def _cursor_of_bytes(connection: psycopg.Connection[Any]) -> psycopg.Cursor[Any]:
    """A cursor that hands over arrays of fixed width as the bytes that came."""
    from psycopg.adapt import Loader
    from psycopg.pq import Format

    class Bytes(Loader):
        format = Format.BINARY

        def load(self, data: Any) -> bytes:
            return bytes(data)

    cursor = connection.cursor(binary=True)
    for kind in KINDS.values():
        cursor.adapters.register_loader(kind.array_oid, Bytes)
    return cursor


def fetch(
    connection: psycopg.Connection[Any],
    query: sql.Composed,
    columns: list[Column],
    constants: Mapping[str, Any] | None = None,
) -> tuple[int, list[Values]]:
    """Run a query whose columns are known; return the number of rows and the columns.

    constants: columns whose value is the same in all rows, which then needn't travel.
    """
    from psycopg import sql

    if any(column.is_array for column in columns):
        rows = connection.cursor(binary=True).execute(query).fetchall()
        return len(rows), [Values(list(values)) for values in zip(*rows, strict=True)] if rows else []
    constants = constants or {}
    travelling = [column for column in columns if column.name not in constants]
    gathered = [sql.SQL("array_agg({})").format(sql.Identifier(column.name)) for column in travelling]
    whole = sql.SQL("SELECT count(*), {} FROM ({}) AS q").format(sql.SQL(", ").join(gathered), query)
    row = _cursor_of_bytes(connection).execute(whole).fetchone()
    assert row is not None
    if not row[0]:
        return 0, []
    found = {column.name: _decode(column, data) for column, data in zip(travelling, row[1:], strict=True)}
    return row[0], [
        found[column.name] if column.name in found else Values(constants[column.name], constant=True)
        for column in columns
    ]


def _decode(column: Column, data: Any) -> Values:
    import numpy as np

    kind = KINDS.get(column.oid)
    if kind is None:
        return Values([None if value is None else str(value) for value in data])
    # A header (dimensions, has NULLs, type, length, lower bound), then length and bytes of each value.
    has_nulls, body = data[7], data[20:]
    wire = np.dtype(kind.wire)
    nulls = None
    if has_nulls:
        body = _fill_nulls(body, wire.itemsize)
    pairs = np.frombuffer(body, np.dtype([("length", ">i4"), ("value", wire)]))
    if has_nulls:
        nulls = pairs["length"] < 0
    values = pairs["value"].astype(wire.newbyteorder("="))
    if kind.polars in ("Date", "Datetime"):
        values = _since_1970(column, values, days=kind.polars == "Date")
    return Values(values.astype(bool) if kind.polars == "Boolean" else values, nulls)


def _fill_nulls(body: bytes, width: int) -> bytes:
    """Give NULLs, which have a length of -1 and no bytes, the width of the others."""
    value = re.escape(width.to_bytes(4, "big")) + b".{%d}" % width
    null = b"\xff\xff\xff\xff"
    # A NULL at the end keeps every match on a boundary between values.
    filled = re.sub(
        b"((?:" + value + b")*)" + null, rb"\1" + null + bytes(width), body + null, flags=re.DOTALL
    )
    return filled[: -4 - width]


def _since_1970(column: Column, values: NDArray[Any], *, days: bool) -> NDArray[Any]:
    import numpy as np

    shift = DAYS_TO_2000 if days else MICROSECONDS_TO_2000
    limits = np.iinfo(values.dtype)
    if ((values == limits.min) | (values > limits.max - shift)).any():
        raise WorkFailed(
            "a time is infinite, which frames and Parquet can't hold",
            f"column {column.name}",
            "export to CSV, or leave those rows out",
        )
    shifted: NDArray[Any] = values + values.dtype.type(shift)
    return shifted


def to_polars(columns: list[Column], count: int, values: list[Values]) -> pl.DataFrame:
    """The columns as a Polars frame; text with few values is Categorical."""
    import polars as pl

    schema = {column.name: column.polars_type() for column in columns}
    if not count:
        return pl.DataFrame(schema=schema)
    series = []
    for column, data in zip(columns, values, strict=True):
        if data.constant:
            one = pl.repeat(data.values, count, dtype=pl.String if column.oid == TEXT else None, eager=True)
            series.append(one.cast(schema[column.name]).alias(column.name))
            continue
        one = (
            pl.Series(column.name, data.values, strict=True)
            if column.oid in KINDS
            else (
                pl.Series(
                    column.name, data.values, dtype=pl.String if not column.is_array else schema[column.name]
                )
            )
        )
        if data.nulls is not None:
            one = one.to_frame().select(pl.when(pl.Series(~data.nulls)).then(pl.col(column.name)))[
                column.name
            ]
        series.append(one.cast(schema[column.name]))
    return pl.DataFrame(series)


def to_pandas(columns: list[Column], count: int, values: list[Values]) -> pd.DataFrame:
    """The columns as a pandas frame: unknown floats are NaN, times NaT, whole numbers and flags NA."""
    import numpy as np
    import pandas as pd

    frame: dict[str, Any] = {}
    for column, data in zip(columns, values or [Values([])] * len(columns), strict=True):
        kind = KINDS.get(column.oid)
        if kind is None or not count:
            one = pd.Series(data.values, dtype=kind.pandas if kind else "object")
            frame[column.name] = (
                one.astype("category") if column.name in CATEGORIES and not column.is_array else one
            )
        elif kind.polars in ("Date", "Datetime"):
            unit = "D" if kind.polars == "Date" else "us"
            times = data.values.astype("i8").view(f"M8[{unit}]")
            if data.nulls is not None:
                times[data.nulls] = np.datetime64("NaT")
            one = pd.Series(times)
            frame[column.name] = one if unit == "D" else one.dt.tz_localize("UTC")
        elif data.nulls is None:
            frame[column.name] = data.values
        elif kind.polars == "Float64":
            frame[column.name] = np.where(data.nulls, np.nan, data.values)
        else:
            frame[column.name] = pd.Series(data.values).astype(kind.pandas).mask(data.nulls)
    return pd.DataFrame(frame)
