"""Parquet and Arrow files, read by Polars part by part."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ta_lab2_sql.errors import WorkFailed
from ta_lab2_sql.load.faults import bad
from ta_lab2_sql.load.sources import Source

PART = 100_000
SAMPLED = 200


def _polars(source: Source) -> Any:
    try:
        import polars
    except ModuleNotFoundError:
        todo = "pip install 'ta-lab2[parquet]'"
        raise WorkFailed("reading Parquet and Arrow needs polars", source.shown, todo) from None
    return polars


@contextmanager
def _readable(source: Source) -> Iterator[Any]:
    """Turn what Polars says of a damaged file into one line."""
    pl = _polars(source)
    try:
        yield pl
    except (pl.exceptions.PolarsError, OSError) as error:
        kind = "Parquet" if source.kind == "parquet" else "Arrow"
        raise bad(f"not a readable {kind} file ({str(error).splitlines()[0]})", source.shown) from None


def _scan(pl: Any, source: Source) -> Any:
    if source.packed:
        with source.open() as stream:
            data = io.BytesIO(stream.read())
        return (pl.read_parquet(data) if source.kind == "parquet" else pl.read_ipc(data)).lazy()
    if source.kind == "parquet":
        return pl.scan_parquet(source.path, glob=False)
    with source.path.open("rb") as raw:
        is_stream = raw.read(4) == b"\xff\xff\xff\xff"
    return pl.read_ipc_stream(source.path).lazy() if is_stream else pl.scan_ipc(source.path)


def _written(pl: Any, frame: Any, *, header: bool) -> str:
    """Rows as CSV: moments without a zone are UTC, what is no number is empty."""
    changes = []
    for name, kind in frame.schema.items():
        if isinstance(kind, pl.Datetime):
            column = pl.col(name) if kind.time_zone else pl.col(name).dt.replace_time_zone("UTC")
            changes.append(column.dt.strftime("%Y-%m-%dT%H:%M:%S%.f%:z"))
        elif kind.is_float():
            changes.append(pl.col(name).fill_nan(None))
        elif kind.is_nested() or kind == pl.Binary:
            changes.append(pl.lit(None, dtype=pl.String).alias(name))
    text: str = frame.with_columns(changes).write_csv(include_header=header)
    return text


def sample_lines(source: Source) -> list[str]:
    """The header and the first rows as the lines of a CSV file."""
    with _readable(source) as pl:
        return _written(pl, _scan(pl, source).slice(0, SAMPLED).collect(), header=True).splitlines()


def is_numeric(source: Source, columns: Sequence[int]) -> bool:
    """Whether all these columns hold numbers, not texts."""
    with _readable(source) as pl:
        kinds = list(_scan(pl, source).collect_schema().values())
        return all(kinds[at].is_numeric() or kinds[at] == pl.Null for at in columns)


def parts(source: Source, columns: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """The rows of some columns as CSV without a header, with how many they are."""
    with _readable(source) as pl:
        scan = _scan(pl, source)
        names = list(scan.collect_schema())
        scan, begin = scan.select([names[at] for at in columns]), 0
        while (frame := scan.slice(begin, PART).collect()).height:
            begin += frame.height
            yield frame.height, _written(pl, frame, header=False).encode()


def text_lines(source: Source) -> Iterator[str]:
    """All rows as the lines of a CSV file with a header."""
    with _readable(source) as pl:
        scan, begin = _scan(pl, source), 0
        while (frame := scan.slice(begin, PART).collect()).height or not begin:
            yield from _written(pl, frame, header=not begin).splitlines()
            if not frame.height:
                return
            begin += frame.height
