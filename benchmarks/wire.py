"""PostgreSQL's binary COPY format, read and written by numpy: the fastest road for a client."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
WIDTHS = {"f8": ">f8", "ts": ">i8", "i4": ">i4", "date": ">i4", "bool": "i1"}
FLOAT8_OID = 701


@dataclass(frozen=True, slots=True)
class Column:
    """Values of one column; `null` marks what isn't there, `choices` makes it text by code."""

    name: str
    kind: str
    values: Any
    null: Any = None
    choices: tuple[str, ...] = ()


def read(connection: psycopg.Connection[Any], query: str, kinds: Sequence[tuple[str, str]]) -> Any:
    """The rows of a query without NULLs and texts, as one structured array."""
    with connection.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as copy:
        data = b"".join(bytes(part) for part in copy)
    fields: list[tuple[str, str]] = [("n", ">i2")]
    for name, kind in kinds:
        fields += [(f"len_{name}", ">i4"), (name, WIDTHS[kind])]
    return np.frombuffer(data[len(HEADER) : -len(TRAILER)], dtype=np.dtype(fields))


def encode(columns: Sequence[Column], n: int) -> list[bytes]:
    """Rows in binary COPY format, those with the same NULLs and texts together."""
    key = np.zeros(n, dtype=np.int64)
    for column in columns:
        if column.choices and len(column.choices) > 1:
            key = key * len(column.choices) + column.values
        if column.null is not None:
            key = key * 2 + column.null
    if n == 0:
        return []
    if key.min() == key.max():
        return [_pack(columns, None, 0, n)]
    order = np.argsort(key, kind="stable")
    edges = np.flatnonzero(np.diff(key[order])) + 1
    return [_pack(columns, rows, int(rows[0]), len(rows)) for rows in np.split(order, edges)]


def _pack(columns: Sequence[Column], rows: Any, sample: int, n: int) -> bytes:
    """Rows that share their NULLs and texts have one fixed layout."""
    fields: list[tuple[str, Any]] = [("n", ">i2")]
    fill: list[tuple[str, Any]] = [("n", len(columns))]
    for number, column in enumerate(columns):
        length, value = f"l{number}", f"v{number}"
        fields.append((length, ">i4"))
        if column.null is not None and column.null[sample]:
            fill.append((length, -1))
            continue
        if column.choices:
            code = 0 if len(column.choices) == 1 else int(column.values[sample])
            text = column.choices[code].encode()
            fields.append((value, f"S{len(text)}"))
            fill += [(length, len(text)), (value, text)]
            continue
        given = column.values
        data = given if rows is None or np.ndim(given) == 0 else given[rows]
        if column.kind == "f8[]":
            _array_field(fields, fill, value, length, data)
            continue
        width = WIDTHS[column.kind]
        fields.append((value, width))
        fill += [(length, np.dtype(width).itemsize), (value, data)]
    packed = np.empty(n, dtype=np.dtype(fields))
    for name, data in fill:
        packed[name] = data
    return packed.tobytes()


def _array_field(
    fields: list[tuple[str, Any]], fill: list[tuple[str, Any]], name: str, length: str, data: Any
) -> None:
    """A float8[] of one length: its header, then each element with its own length."""
    size = data.shape[1]
    if size == 0:
        fields.append((name, ">i4", (3,)))  # type: ignore[arg-type]
        fill += [(length, 12), (name, np.array([0, 0, FLOAT8_OID]))]
        return
    element = np.dtype([("l", ">i4"), ("v", ">f8")])
    fields += [(f"{name}h", ">i4", (5,)), (name, element, (size,))]  # type: ignore[list-item]
    elements = np.empty(data.shape, dtype=element)
    elements["l"] = 8
    elements["v"] = data
    fill += [
        (length, 20 + 12 * size),
        (f"{name}h", np.array([1, 0, FLOAT8_OID, size, 1])),
        (name, elements),
    ]


def write(connection: psycopg.Connection[Any], table: str, names: Sequence[str], parts: Any) -> int:
    """Binary COPY of encoded parts; returns the bytes sent."""
    quoted = ", ".join(f'"{name}"' for name in names)
    sent = 0
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({quoted}) FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.write(HEADER)
        for part in parts:
            copy.write(part)
            sent += len(part)
        copy.write(TRAILER)
    return sent
