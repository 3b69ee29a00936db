"""Read what a chart shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from psycopg.rows import class_row, dict_row, tuple_row

from ta_lab2_sql.errors import WorkFailed, WrongUsage
from ta_lab2_sql.plot.axis import SessionAxis
from ta_lab2_sql.plot.model import Candle, Chart, Gap, Panel, Point
from ta_lab2_sql.queries import query

if TYPE_CHECKING:
    import psycopg

# Bars of the shortest timeframe that a chart shows when nobody says from when on.
NEWEST_BARS = 200


def read(
    connection: psycopg.Connection[Any],
    asset: int,
    tfs: Sequence[str],
    periods: Sequence[int] = (),
    variant: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    log: bool = False,
) -> Chart:
    """Read what a chart of an asset shows: by default the newest bars."""
    if start and end and start >= end:
        raise WrongUsage("--from is not before --to", "the command line", "swap them")
    connection.execute(
        "SELECT check_asset(%s), check_timeframes(%s, %s)", (asset, variant or "all", list(tfs))
    )
    asked: dict[str, Any] = {"id": asset, "tfs": list(tfs), "bars": NEWEST_BARS, "start": start, "end": end}
    about = connection.cursor(row_factory=dict_row).execute(query("plot/asset"), asked).fetchone()
    assert about is not None
    asked["start"] = start or about["start"]
    panels = []
    notes = []
    for tf, family in zip(tfs, about["families"], strict=True):
        chosen = variant or family.split("|")[0]
        asked |= {"tf": tf, "variant": chosen}
        with connection.cursor(row_factory=class_row(Candle)) as cursor:
            candles = cursor.execute(query("plot/candles"), asked).fetchall()
        if not candles:
            raise WorkFailed(
                f"asset {asset} has no bars of {tf} there",
                f"bars from {asked['start'] or 'its first day'} to {end or 'its last'}",
                f"ta-lab2 refresh bars --ids {asset}, or other dates",
            )
        emas = {}
        for period in periods:
            with connection.cursor(row_factory=class_row(Point)) as cursor:
                emas[period] = cursor.execute(query("plot/ema"), asked | {"period": period}).fetchall()
            if not emas[period]:
                notes.append(
                    f"EMA {period} of {tf} has no values there: it begins when {period} bars have closed"
                )
        panels.append(Panel(tf, chosen, candles, {p: points for p, points in emas.items() if points}))
        lost = panels[-1].below_zero if log else []
        if lost:
            notes.append(
                f"{len(lost)} bars of {tf} have prices of 0 or below, from {lost[0].time_close:%Y-%m-%d} to "
                f"{lost[-1].time_close:%Y-%m-%d}: a logarithmic axis can't show them; leave --log out"
            )
    sessions = None
    gaps: list[Gap] = []
    if about["calendar"] is not None:
        sessions = _sessions(connection, about["calendar"], panels, asked)
    else:
        with connection.cursor(row_factory=class_row(Gap)) as cursor:
            gaps = cursor.execute(query("plot/missing"), asked).fetchall()
    names = [about[name] for name in ("symbol", "name") if about[name]]
    title = f"{', '.join(names)} ({asset})" if names else f"asset {asset}"
    return Chart(title, panels, gaps, log, notes, sessions)


def _sessions(
    connection: psycopg.Connection[Any], calendar: str, panels: Sequence[Panel], asked: dict[str, Any]
) -> SessionAxis:
    """The sessions and rows of a chart, as far as its bars reach."""
    candles = [candle for panel in panels for candle in panel.candles]
    asked |= {
        "calendar": calendar,
        "first_row": min(candle.first_row for candle in candles),
        "last_row": max(candle.last_row for candle in candles),
        "before": max(candle.missing_start for candle in candles),
        "after": max(candle.missing_end + candle.days_remaining for candle in candles),
    }
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(query("plot/rows"), asked).fetchall()
        asked |= {"first_day": rows[0][2], "last_day": rows[-1][2]}
        sessions = [day for (day,) in cursor.execute(query("plot/sessions"), asked)]
    return SessionAxis.of(sessions, rows)
