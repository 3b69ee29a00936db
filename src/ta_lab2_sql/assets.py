"""Assets by the names that people give them: an id, or a symbol wherever an id stands."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ta_lab2_sql.queries import query
from ta_lab2_sql.schema import registry
from ta_lab2_sql.schema.version import check_version
from ta_lab2_sql.settings import Settings

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[Any]

# An id, or a symbol; digits in a text are an id too.
Asset = int | str
RAW = "cmc_price_histories7"


@dataclasses.dataclass(frozen=True, slots=True)
class Deleted:
    """What went with an asset: raw days, valid days, rejected days, bars, and blocks of EMAs."""

    id: int
    symbol: str | None
    days: int
    valid_days: int
    rejects: int
    bars: int
    ema_blocks: int


def resolve(connection: Connection, given: Iterable[Asset]) -> tuple[int, ...]:
    """The ids of some assets, each once; TA001 for a symbol that no asset has. Ids are taken as they are."""
    words = tuple(given)
    symbols = list(dict.fromkeys(word for word in words if isinstance(word, str)))
    ids: dict[str, int] = {}
    if symbols:
        ids = dict(_rows(connection, "assets/ids", {"symbols": symbols}))
    return tuple(dict.fromkeys(ids[word] if isinstance(word, str) else word for word in words))


def ids_for(settings: Settings, given: Sequence[Asset] | None) -> tuple[int, ...] | None:
    """The ids of what a command line names, None for all; the database is asked for symbols only."""
    if given is None or not any(isinstance(word, str) for word in given):
        return None if given is None else tuple(word for word in given if isinstance(word, int))
    with settings.connect("assets") as connection:
        check_version(connection)
        return resolve(connection, given)


def symbols_of(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """The symbols of those assets that have one."""
    return dict(_rows(connection, "assets/symbols", {"ids": list(ids)}))


def label(asset: int, symbols: dict[int, str]) -> str:
    """An asset for people: AAPL (1), or its id."""
    return f"{symbols[asset]} ({asset})" if asset in symbols else str(asset)


def delete(connection: Connection, asset: int) -> Deleted:
    """Delete an asset with its raw days and all that was made of them, in one transaction; TA001: unknown."""
    from psycopg import sql

    with connection.transaction():
        connection.execute("SELECT check_ids(%s::int[])", ([asset],))
        # A refresh holds its asset by this row; the raw days' triggers take note of what goes.
        connection.execute(query("assets/hold"), {"id": asset})
        tables = [RAW, *(name for name in registry.read().distributed if name != RAW)]
        gone = {}
        for table in tables:
            statement = sql.SQL("DELETE FROM {} AS t WHERE t.id = %s").format(sql.Identifier(table))
            gone[table] = connection.execute(statement, (asset,)).rowcount
        row = _rows(connection, "assets/forget", {"id": asset})
    return Deleted(
        asset,
        row[0][0] if row else None,
        gone[RAW],
        gone["cmc_price_bars_1d"],
        gone["cmc_price_bars_1d_rejects"],
        gone["bars"],
        gone["emas"],
    )


def _rows(connection: Connection, name: str, parameters: dict[str, Any]) -> list[Any]:
    from psycopg.rows import tuple_row

    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query(name), parameters).fetchall()
