"""Raw days into the database, bars out of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple
from typing import Any

import psycopg
from bars_oracle import COLUMNS, NEW_YORK, Raw, accepted, bits, snapshots
from calendar_helpers import Calendar
from psycopg.rows import namedtuple_row

Db = psycopg.Connection[Any]
FAMILIES = ("multi_tf", "cal_us", "cal_iso", "cal_anchor_us", "cal_anchor_iso")
RELATIONS = {
    f: "cmc_price_bars_multi_tf" + ("" if f == "multi_tf" else f.replace("cal", "_cal", 1)) for f in FAMILIES
}
RAW_COLUMNS = (
    'id, "timestamp", timeopen, timeclose, timehigh, timelow, open, high, low, close, volume, marketcap'
)


def rows(db: Db, query: str, *values: object) -> list[Any]:
    """All rows of a query."""
    return db.execute(query.encode(), values or None).fetchall()


def put(db: Db, raws: Iterable[Raw], asset: int = 1) -> None:
    """Insert or replace raw days."""
    db.cursor().executemany(
        f"""INSERT INTO cmc_price_histories7 AS h ({RAW_COLUMNS}, load_ts)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '2020-01-01')
            ON CONFLICT (id, "timestamp") DO UPDATE SET
            timeopen = excluded.timeopen, timeclose = excluded.timeclose, timehigh = excluded.timehigh,
            timelow = excluded.timelow, open = excluded.open, high = excluded.high, low = excluded.low,
            close = excluded.close, volume = excluded.volume, marketcap = excluded.marketcap""".encode(),
        [(asset, *astuple(r)) for r in raws],
    )


def take_away(db: Db, raws: Iterable[Raw], asset: int = 1) -> None:
    """Delete raw days."""
    db.execute(
        'DELETE FROM cmc_price_histories7 WHERE id = %s AND "timestamp" = ANY(%s)',
        (asset, [r.timestamp for r in raws]),
    )


def refresh(db: Db, family: str = "all", asset: int = 1, **options: Any) -> dict[str, Any]:
    """refresh_bars with named arguments; its row of each family."""
    names = "".join(f", p_{name} => %({name})s" for name in options)
    with db.cursor(row_factory=namedtuple_row) as cursor:
        cursor.execute(
            f"SELECT * FROM refresh_bars(%(asset)s, %(family)s{names})".encode(),
            {"asset": asset, "family": family, **options},
        )
        return {row.family: row for row in cursor.fetchall()}


def only(db: Db, *tfs: str) -> None:
    """Leave 1D and the named timeframes in the catalogue, adding what is missing."""
    db.execute("DELETE FROM dim_timeframe WHERE tf <> ALL(%s)", (["1D", *tfs],))
    db.execute(
        "INSERT INTO dim_timeframe (tf) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING", (list(tfs),)
    )


def shown(db: Db, family: str, asset: int = 1) -> list[tuple[Any, ...]]:
    """A relation's rows of an asset with all columns of bar_snapshots, ordered by key, floats as bits."""
    offset = "bar_anchor_offset" if "anchor" in family else "NULL::int"
    columns = ", ".join(offset if c == "bar_anchor_offset" else f'"{c}"' for c in COLUMNS)
    found = rows(db, f"SELECT {columns} FROM {RELATIONS[family]} WHERE id = %s", asset)
    return sorted((bits(r) for r in found), key=lambda r: (r[1], r[3], r[6]))


def catalogue(db: Db, family: str) -> list[str]:
    """The timeframes of a family but 1D."""
    return [
        tf
        for (tf,) in rows(
            db,
            """SELECT tf FROM dim_timeframe WHERE %s = ANY(string_to_array(family, '|')) AND tf <> '1D'
               ORDER BY display_order, tf""",
            family,
        )
    ]


def expected(
    db: Db,
    raws: list[Raw],
    family: str,
    zone: str = NEW_YORK,
    asset: int = 1,
    tfs: list[str] | None = None,
    calendar: Calendar | None = None,
) -> list[tuple[Any, ...]]:
    """What a relation should show of raw days."""
    days = accepted(raws)
    found = [
        bits(row)
        for tf in (catalogue(db, family) if tfs is None else tfs)
        for row in snapshots(days, tf, zone, asset, calendar)
    ]
    return sorted(found, key=lambda r: (r[1], r[3], r[6]))


def differences(found: list[Any], wanted: list[Any]) -> list[str]:
    """The first rows that differ, column by column: short where an assertion on whole lists isn't."""
    if found == wanted:
        return []
    keys = {(r[1], r[3], r[6]): r for r in found}
    wished = {(r[1], r[3], r[6]): r for r in wanted}
    lines = [f"{len(found)} rows found, {len(wanted)} wanted"]
    for key in sorted(keys.keys() | wished.keys()):
        a, b = keys.get(key), wished.get(key)
        if a is None or b is None:
            lines.append(f"{key}: {'missing' if a is None else 'surplus'}")
        elif a != b:
            lines.append(
                f"{key}: "
                + "; ".join(
                    f"{c} {x} instead of {y}" for c, x, y in zip(COLUMNS, a, b, strict=True) if x != y
                )
            )
        if len(lines) > 8:
            break
    return lines


def everything(db: Db, asset: int = 1) -> dict[str, list[tuple[Any, ...]]]:
    """All that is stored and shown of an asset, without id and the times at which it was written."""
    queries = {
        "cmc_price_bars_1d": "- 'ingested_at' - 'src_load_ts'",
        "cmc_price_bars_1d_rejects": "- 'rejected_at' - 'src_load_ts'",
        "bars": "",
        **dict.fromkeys(RELATIONS.values(), ""),
        **{f"{r}_state": "- 'updated_at'" for r in RELATIONS.values()},
    }
    found = {
        name: sorted(
            str(j)
            for (j,) in rows(
                db, f"SELECT (to_jsonb(r) - 'id' {less})::text FROM {name} AS r WHERE id = %s", asset
            )
        )
        for name, less in queries.items()
    }
    found["last_src_ts"] = rows(db, "SELECT last_src_ts FROM cmc_price_bars_1d_state WHERE id = %s", asset)
    return found


def copy_raw(db: Db, source: int, target: int) -> None:
    """Give another asset the raw days of one."""
    db.execute("DELETE FROM cmc_price_histories7 WHERE id = %s", (target,))
    db.execute(
        f"""INSERT INTO cmc_price_histories7 ({RAW_COLUMNS}, load_ts)
            SELECT {RAW_COLUMNS.replace("id", "%s", 1)}, load_ts
            FROM cmc_price_histories7 WHERE id = %s""".encode(),
        (target, source),
    )
