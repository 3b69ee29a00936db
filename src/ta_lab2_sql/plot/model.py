"""What a chart shows, and its colours."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ta_lab2_sql.plot.axis import SessionAxis, Span
from ta_lab2_sql.plot.colours import EMAS

# More canonical values than this run together as dots, so the line goes without.
DOTS = 260


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
    first_row: int
    last_row: int
    missing_start: int
    missing_end: int

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

    def prices(self, *, positive: bool = False) -> tuple[float, float]:
        """The least and the greatest price drawn, wicks and EMAs; with `positive` of those above 0."""
        drawn = [price for candle in self.candles for price in (candle.low, candle.high)]
        drawn += [point.ema for points in self.emas.values() for point in points]
        drawn = [price for price in drawn if price > 0 or not positive] or [1.0]
        return min(drawn), max(drawn)

    @property
    def below_zero(self) -> list[Candle]:
        """The candles with a price that a logarithmic axis can't show."""
        return [candle for candle in self.candles if candle.low <= 0]


@dataclass(frozen=True, slots=True)
class Chart:
    """All that is drawn: over time, or session by session."""

    name: str
    panels: list[Panel]
    gaps: list[Gap]
    log: bool = False
    notes: list[str] = field(default_factory=list)
    sessions: SessionAxis | None = None

    @property
    def title(self) -> str:
        """Asset and timeframes."""
        return f"{self.name}: {', '.join(panel.tf for panel in self.panels)}"

    @property
    def colours(self) -> dict[int, str]:
        """A colour for each period, the same in all panels."""
        periods = sorted({period for panel in self.panels for period in panel.emas})
        return {period: EMAS[number % len(EMAS)] for number, period in enumerate(periods)}

    def span(self, candle: Candle) -> Span:
        """The places of a candle in a chart of sessions."""
        assert self.sessions is not None
        ahead = candle.missing_end + candle.days_remaining
        return self.sessions.span(candle.first_row, candle.last_row, candle.missing_start, ahead)

    @property
    def places(self) -> Span:
        """The places that the candles fill in a chart of sessions."""
        spans = [self.span(candle) for panel in self.panels for candle in panel.candles]
        return Span(min(span.left for span in spans), max(span.right for span in spans))

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
        if self.sessions is not None:
            parts += ["shaded: sessions without a row"] if self.sessions.missing else []
            parts += ["blue: rows on no session"] if self.sessions.extra else []
        elif self.gaps:
            usual = self.gaps[0].usual
            parts.append(
                "shaded: missing days" + (f" (more than the usual {usual} in a row)" if usual else "")
            )
        return "; ".join(parts)
