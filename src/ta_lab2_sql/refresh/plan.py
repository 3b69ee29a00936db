"""What a refresh would do and why, and how long it may take."""

from __future__ import annotations

from typing import Any

from ta_lab2_sql.assets import label, symbols_of
from ta_lab2_sql.queries import query
from ta_lab2_sql.refresh.connections import connect, cpus
from ta_lab2_sql.refresh.request import Request
from ta_lab2_sql.schema.version import check_version
from ta_lab2_sql.settings import Settings


def duration(seconds: float) -> str:
    """Seconds for people."""
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes / 60:.1f} h"


def nothing_new(assets: int) -> str:
    """What to say when there is nothing to do."""
    if not assets:
        return "no assets are loaded"
    return f"{assets} asset{'' if assets == 1 else 's'}: nothing new"


def show_plan(settings: Settings, request: Request) -> None:
    """Print the plan, a row per stage, family, action and reason; nothing is changed."""
    from psycopg.rows import dict_row

    with connect(settings) as connection, connection.cursor(row_factory=dict_row) as cursor:
        check_version(connection)
        if connection.execute(query("refresh/calendars")).fetchone() == (True,):
            connection.execute("SELECT calendars_apply()")
        *rows, total = cursor.execute(query("refresh/plan"), request.parameters()).fetchall()
        looked_at = len(request.ids or ())
        if request.ids is None:
            counted = connection.execute("SELECT count(*)::int FROM asset_ids()").fetchone()
            looked_at = counted[0] if counted else 0
        symbols = symbols_of(connection, sorted({asset for row in rows for asset in row["ids"]}))
    for row in rows:
        del row["seconds"]
    to_do = total["assets"]
    workers = max(1, min(request.workers, cpus(), to_do))
    seconds = None if total["seconds"] is None else total["seconds"] / workers
    if settings.json:
        settings.show_one(
            {
                "what": request.what,
                "assets": looked_at,
                "to_do": to_do,
                "workers": workers,
                "estimated_seconds": None if seconds is None else round(seconds, 3),
                "plan": rows,
            }
        )
        return
    if not rows:
        settings.note(nothing_new(looked_at))
        return
    title = f"{to_do} of {looked_at} assets have something to do"
    settings.show([_row(row, symbols) for row in rows], title=title)
    if seconds is None:
        settings.note("how long it takes is not known yet: no past run did the same")
    else:
        noun = "worker" if workers == 1 else "workers"
        settings.note(f"about {duration(seconds)} with {workers} {noun}, going by past runs")


def _row(row: dict[str, Any], symbols: dict[int, str]) -> dict[str, Any]:
    """A row for people: the first day beside its reason, and a few assets by name."""
    first = row["first_day"]
    some = ", ".join(label(asset, symbols) for asset in row["ids"])
    more = row["assets"] - len(row["ids"])
    return {
        "stage": row["stage"],
        "family": row["family"],
        "assets": row["assets"],
        "action": row["action"],
        "reason": row["reason"],
        "first day": first.date().isoformat() if first is not None else None,
        "new days": row["new_days"],
        "ids": some + (f" and {more} more" if more > 0 else ""),
    }
