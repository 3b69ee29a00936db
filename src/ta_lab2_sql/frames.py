"""Bars and EMAs as Polars or pandas frames, for notebooks. The numbers come from the database as they are.

Every function takes a connection (`ta_lab2_sql.connect()`), one asset or several, each by id or symbol, and a
range of time that includes its start and excludes its end: a date, a datetime, a text in ISO form (without an
offset: UTC) or None for no bound. Times in frames are UTC. What the database refuses raises psycopg.Error
with its SQLSTATE: TA001 unknown asset, TA002 unknown variant or timeframe, TA003 unknown period, TA004 a
start after the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Any, Literal, overload

from ta_lab2_sql import columns
from ta_lab2_sql.assets import Asset, resolve
from ta_lab2_sql.queries import query

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import psycopg
    from psycopg import sql

    Connection = psycopg.Connection[Any]

Ids = Asset | Iterable[Asset]
Moment = datetime | date | str | None
Library = Literal["polars", "pandas"]


@overload
def bars(
    connection: Connection, id: Ids, tf: str, *, start: Moment = None, end: Moment = None,
    forming: bool = False, library: Literal["polars"] = "polars",
) -> pl.DataFrame: ...  # fmt: skip
@overload
def bars(
    connection: Connection, id: Ids, tf: str, *, start: Moment = None, end: Moment = None,
    forming: bool = False, library: Literal["pandas"],
) -> pd.DataFrame: ...  # fmt: skip
def bars(
    connection: Connection,
    id: Ids,
    tf: str,
    *,
    start: Moment = None,
    end: Moment = None,
    forming: bool = False,
    library: Library = "polars",
) -> Any:
    """One row per bar of a timeframe, by id and time; `forming=True` adds the bar that hasn't closed yet.

    Columns: id, tf, bar_seq, time_open, time_close, time_high, time_low, open, high, low, close, volume,
    market_cap (in the currency of the source; null: unknown), count_days and count_missing_days (days of the
    bar that exist and that don't), is_partial_end (true on a forming bar). The range is one of time_close.
    """
    return _read(connection, "frames/bars", id, tf, start, end, library, {"forming": forming})


@overload
def snapshots(
    connection: Connection, id: Ids, tf: str, *, start: Moment = None, end: Moment = None,
    library: Literal["polars"] = "polars",
) -> pl.DataFrame: ...  # fmt: skip
@overload
def snapshots(
    connection: Connection, id: Ids, tf: str, *, start: Moment = None, end: Moment = None,
    library: Literal["pandas"],
) -> pd.DataFrame: ...  # fmt: skip
def snapshots(
    connection: Connection,
    id: Ids,
    tf: str,
    *,
    start: Moment = None,
    end: Moment = None,
    library: Library = "polars",
) -> Any:
    """One row per day: the bar of a timeframe as it stood after that day, by id and time.

    The columns of bar_snapshots(), which are those of the cmc_price_bars_ relations and bar_anchor_offset
    (null but for anchored timeframes). A row knows nothing of later days. The range is one of "timestamp".
    """
    return _read(connection, "frames/snapshots", id, tf, start, end, library, {})


@overload
def emas(
    connection: Connection, variant: str, id: Ids, tf: str, period: int, *, start: Moment = None,
    end: Moment = None, library: Literal["polars"] = "polars",
) -> pl.DataFrame: ...  # fmt: skip
@overload
def emas(
    connection: Connection, variant: str, id: Ids, tf: str, period: int, *, start: Moment = None,
    end: Moment = None, library: Literal["pandas"],
) -> pd.DataFrame: ...  # fmt: skip
def emas(
    connection: Connection,
    variant: str,
    id: Ids,
    tf: str,
    period: int,
    *,
    start: Moment = None,
    end: Moment = None,
    library: Library = "polars",
) -> Any:
    """One EMA, a row per day from the close of the period-th bar on, by id and time.

    `variant` is multi_tf, multi_tf_v2, cal_us, cal_iso, cal_anchor_us or cal_anchor_iso; `period` counts
    bars. Columns: id, ts, roll (false where a bar closed: the value is canonical), ema, d1, d2 (differences
    to the canonical value before; null on previews), d1_roll, d2_roll (to the day before), all in prices;
    then ema_bar, roll_bar and its differences, null for multi_tf and multi_tf_v2. No rows before the seed.
    """
    names = {"variant": variant, "period": period}
    return _read(connection, "frames/emas", id, tf, start, end, library, names)


@overload
def matrix(
    connection: Connection, variant: str, id: Ids, tf: str, periods: Iterable[int] | None = None, *,
    start: Moment = None, end: Moment = None, library: Literal["polars"] = "polars",
) -> pl.DataFrame: ...  # fmt: skip
@overload
def matrix(
    connection: Connection, variant: str, id: Ids, tf: str, periods: Iterable[int] | None = None, *,
    start: Moment = None, end: Moment = None, library: Literal["pandas"],
) -> pd.DataFrame: ...  # fmt: skip
def matrix(
    connection: Connection,
    variant: str,
    id: Ids,
    tf: str,
    periods: Iterable[int] | None = None,
    *,
    start: Moment = None,
    end: Moment = None,
    library: Library = "polars",
) -> Any:
    """The EMAs of several periods side by side, a row per day, for modelling.

    Columns: id, tf, ts, roll, then ema_6, ema_9 and so on, a column per period in ascending order (default:
    all of dim_period); null before the period's seed.
    """
    chosen = None if periods is None else sorted(set(periods))
    asked = matrix_query(connection, variant, _ids(connection, id), [tf], chosen, start, end)
    return _frame(connection, asked, library)


def matrix_query(
    connection: Connection,
    variant: str,
    ids: list[int],
    tfs: list[str],
    periods: list[int] | None,
    start: Moment,
    end: Moment,
) -> sql.Composed:
    """The query behind `matrix` and the export of ema_matrix."""
    from psycopg import sql

    if periods is None:
        known = connection.execute("SELECT period FROM dim_period ORDER BY period")
        periods = [period for (period,) in known]
    values = sql.SQL(", ").join(
        sql.SQL("m.emas[{}] AS {}").format(number, sql.Identifier(f"ema_{period}"))
        for number, period in enumerate(periods, start=1)
    )
    return sql.SQL(query("frames/matrix")).format(
        values=values,
        ids=ids,
        tfs=tfs,
        variant=variant,
        periods=periods,
        start=_moment(start),
        end=_moment(end),
    )


def _read(
    connection: Connection,
    name: str,
    ids: Ids,
    tf: str,
    start: Moment,
    end: Moment,
    library: Library,
    names: dict[str, Any],
) -> Any:
    from psycopg import sql

    wanted = _ids(connection, ids)
    for asset in wanted:
        connection.execute("SELECT check_asset(%s)", (asset,))
    connection.execute("SELECT check_read(%s, %s, %s)", (tf, _moment(start), _moment(end)))
    asked = sql.SQL(query(name)).format(ids=wanted, tf=tf, start=_moment(start), end=_moment(end), **names)
    return _frame(connection, asked, library)


def _frame(connection: Connection, asked: sql.Composed, library: Library) -> Any:
    if library not in ("polars", "pandas"):
        raise ValueError(f"library is 'polars' or 'pandas', not {library!r}")
    shape = columns.describe(connection, asked)
    count, values = columns.fetch(connection, asked, shape)
    make = columns.to_polars if library == "polars" else columns.to_pandas
    return make(shape, count, values)


def _ids(connection: Connection, given: Ids) -> list[int]:
    return list(resolve(connection, [given] if isinstance(given, (int, str)) else given))


def _moment(given: Moment) -> datetime | None:
    """A point in time; what has no offset is UTC."""
    if given is None:
        return None
    if isinstance(given, str):
        given = datetime.fromisoformat(given.replace("Z", "+00:00"))
    elif not isinstance(given, datetime):
        given = datetime(given.year, given.month, given.day)
    return given if given.tzinfo else given.replace(tzinfo=timezone.utc)
