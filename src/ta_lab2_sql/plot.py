"""Charts of an asset: what is drawn is read here, the drawing is in plot_html and plot_png."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ta_lab2_sql.errors import WorkFailed, WrongUsage
from ta_lab2_sql.export import whole_file
from ta_lab2_sql.queries import query

if TYPE_CHECKING:
    import psycopg

# Bars of the shortest timeframe that a chart shows when nobody says from when on.
NEWEST_BARS = 200
# More canonical values than this run together as dots, so the line goes without.
DOTS = 260
FORMS = (".html", ".htm", ".png")

RISES, FALLS = "#1a9988", "#d1495b"
INK, FAINT, GRID, MISSING = "#26303a", "#6b7680", "#e8ecef", "#f2b134"
EMAS = ("#3d5a98", "#e07a1f", "#7d4fa8", "#2b8a3e", "#b5446e", "#5b6c7a")


@dataclass(frozen=True, slots=True)
class Candle:
    """One bar."""

    middle: datetime
    width: timedelta
    time_open: datetime
    time_close: datetime
    open: float
    high: float
    low: float
    close: float
    body_low: float
    body_height: float
    rises: bool
    volume: float | None
    is_closed: bool
    days: int
    days_remaining: int
    missing: int

    @property
    def told(self) -> str:
        """What there is to say about its days."""
        parts = [] if self.is_closed else [f"forming, {self.days_remaining} to go"]
        parts += [f"{self.days} day{'s' if self.days > 1 else ''}"]
        parts += [f"{self.missing} missing"] if self.missing else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Point:
    """One day of an EMA; roll: a preview."""

    ts: datetime
    ema: float
    roll: bool


def has_dots(points: list[Point]) -> bool:
    """Whether canonical values need dots to be told from previews, and have the room."""
    canonical = sum(not point.roll for point in points)
    return canonical < len(points) and canonical <= DOTS


@dataclass(frozen=True, slots=True)
class Gap:
    """A run of missing days, longer than usual for the asset."""

    after: datetime
    before: datetime
    days: int
    usual: int


@dataclass(frozen=True, slots=True)
class Panel:
    """One timeframe: its candles, and per period the points of its EMA."""

    tf: str
    variant: str
    candles: list[Candle]
    emas: dict[int, list[Point]]


@dataclass(frozen=True, slots=True)
class Chart:
    """All that is drawn."""

    name: str
    panels: list[Panel]
    gaps: list[Gap]
    log: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Asset and timeframes."""
        return f"{self.name}: {', '.join(panel.tf for panel in self.panels)}"

    @property
    def colours(self) -> dict[int, str]:
        """A colour for each period, the same in all panels."""
        periods = sorted({period for panel in self.panels for period in panel.emas})
        return {period: EMAS[number % len(EMAS)] for number, period in enumerate(periods)}

    @property
    def range(self) -> tuple[datetime, datetime]:
        """The time that the candles fill."""
        candles = [candle for panel in self.panels for candle in panel.candles]
        return min(c.middle - c.width / 2 for c in candles), max(c.middle + c.width / 2 for c in candles)

    @property
    def legend(self) -> str:
        """How to read it."""
        parts = []
        if any(panel.emas for panel in self.panels):
            parts.append("EMAs: bold where bars closed (canonical), thin: the preview of each day")
        if any(not candle.is_closed for panel in self.panels for candle in panel.candles):
            parts.append("pale: the bar still forming")
        if self.gaps:
            usual = self.gaps[0].usual
            parts.append(
                "shaded: missing days" + (f" (more than the usual {usual} in a row)" if usual else "")
            )
        return "; ".join(parts)


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
    from psycopg.rows import class_row, dict_row

    if start and end and start >= end:
        raise WrongUsage("--from is not before --to", "the command line", "swap them")
    connection.execute(
        "SELECT check_asset(%s), check_timeframes(%s, %s)", (asset, variant or "all", list(tfs))
    )
    asked: dict[str, Any] = {"id": asset, "tfs": list(tfs), "bars": NEWEST_BARS, "start": start, "end": end}
    about = connection.cursor(row_factory=dict_row).execute(query("plot_asset"), asked).fetchone()
    assert about is not None
    asked["start"] = start or about["start"]
    panels = []
    notes = []
    for tf, family in zip(tfs, about["families"], strict=True):
        chosen = variant or family.split("|")[0]
        asked |= {"tf": tf, "variant": chosen}
        with connection.cursor(row_factory=class_row(Candle)) as cursor:
            candles = cursor.execute(query("plot_candles"), asked).fetchall()
        if not candles:
            raise WorkFailed(
                f"asset {asset} has no bars of {tf} there",
                f"bars from {asked['start'] or 'its first day'} to {end or 'its last'}",
                f"ta-lab2 refresh bars --ids {asset}, or other dates",
            )
        emas = {}
        for period in periods:
            with connection.cursor(row_factory=class_row(Point)) as cursor:
                emas[period] = cursor.execute(query("plot_ema"), asked | {"period": period}).fetchall()
            if not emas[period]:
                notes.append(
                    f"EMA {period} of {tf} has no values there: it begins when {period} bars have closed"
                )
        panels.append(Panel(tf, chosen, candles, {p: points for p, points in emas.items() if points}))
    with connection.cursor(row_factory=class_row(Gap)) as cursor:
        gaps = cursor.execute(query("plot_missing"), asked).fetchall()
    return Chart(
        f"{about['name']} ({asset})" if about["name"] else f"asset {asset}", panels, gaps, log, notes
    )


def write(chart: Chart, target: str) -> None:
    """Draw a chart into a file of its own, whole or not at all."""
    path = Path(target)
    if path.suffix.lower() not in FORMS:
        raise WrongUsage(f"a chart is no '{path.suffix}' file", target, "name it .html or .png")
    if path.suffix.lower() == ".png":
        from ta_lab2_sql import plot_png as drawing
    else:
        from ta_lab2_sql import plot_html as drawing  # type: ignore[no-redef]
    with whole_file(path) as part:
        drawing.draw(chart, part)
