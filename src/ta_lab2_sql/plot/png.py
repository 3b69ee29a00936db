"""Draw a chart as a picture, without a browser or a display."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from ta_lab2_sql.plot.colours import EXTRA, FAINT, FALLS, GRID, INK, MISSING, RISES
from ta_lab2_sql.plot.labels import volume_label
from ta_lab2_sql.plot.model import Candle, Chart, Panel, has_dots

WIDTH, HEIGHT, DPI = 13.0, 6.2, 130
PALE = 0.4


def draw(chart: Chart, path: Path) -> None:
    """Write the file."""
    panels = len(chart.panels)
    figure = Figure(
        figsize=(WIDTH, 1.0 + HEIGHT * (1 if panels == 1 else 0.72 * panels)), dpi=DPI, facecolor="white"
    )
    FigureCanvasAgg(figure)
    inches = figure.get_figheight()
    axes = figure.subplots(
        2 * panels, 1, sharex=True, squeeze=False,
        gridspec_kw={"height_ratios": [4, 1] * panels, "hspace": 0.06, "left": 0.065, "right": 0.985,
                     "top": 1 - 0.85 / inches, "bottom": 0.45 / inches},
    )[:, 0]  # fmt: skip
    for number, panel in enumerate(chart.panels):
        _panel(chart, panel, axes[2 * number], axes[2 * number + 1])
    for axis in axes:
        _style(axis)
        for left, right, colour in _shades(chart):
            axis.axvspan(left, right, color=colour, alpha=0.22, linewidth=0, zorder=0)
    _ticks(chart, axes[-1])
    figure.align_ylabels(axes)
    figure.text(0.012, 1 - 0.12 / inches, chart.title, fontsize=15, weight="bold", color=INK, va="top")
    figure.text(0.012, 1 - 0.46 / inches, chart.legend, fontsize=9, color=FAINT, va="top")
    _legend(figure, chart, 1 - 0.1 / inches)
    figure.savefig(path, format="png")


def _place(chart: Chart, candle: Candle) -> tuple[float, float]:
    """Where a candle stands and how wide it is, in days or in sessions."""
    if chart.sessions is None:
        return date2num(candle.middle), candle.width.total_seconds() / 86_400
    span = chart.span(candle)
    return span.middle, span.width


def _at(chart: Chart, stamp: datetime) -> float:
    return date2num(stamp) if chart.sessions is None else chart.sessions.at(stamp)


def _shades(chart: Chart) -> Iterator[tuple[float, float, str]]:
    """What is shaded: from, to, colour."""
    if chart.sessions is None:
        yield from ((date2num(gap.after), date2num(gap.before), MISSING) for gap in chart.gaps)
        return
    for days, colour in ((chart.sessions.missing, MISSING), (chart.sessions.extra, EXTRA)):
        yield from ((*span, colour) for span in chart.sessions.runs(days))


def _ticks(chart: Chart, axis: Any) -> None:
    if chart.sessions is None:
        locator = AutoDateLocator(minticks=5, maxticks=14)
        axis.xaxis.set_major_locator(locator)
        axis.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        return
    left, right = chart.places
    room = 0.01 * (right - left)
    axis.set_xlim(left - room, right + room)
    ticks = chart.sessions.ticks(left, right)
    axis.set_xticks([place for place, _ in ticks], [word for _, word in ticks])


def _panel(chart: Chart, panel: Panel, price: Any, volume: Any) -> None:
    # Bars would hold the axis at the lowest of them.
    price.use_sticky_edges = False
    for rises in (True, False):
        for closed in (True, False):
            chosen = [c for c in panel.candles if c.rises == rises and c.is_closed == closed]
            if chosen:
                _candles(chart, price, volume, chosen, RISES if rises else FALLS, 1.0 if closed else PALE)
    for candle in panel.candles:
        if not candle.is_closed:
            price.annotate("forming", (_place(chart, candle)[0], candle.high), xytext=(0, 4), fontsize=7.5,
                           textcoords="offset points", ha="center", color=FAINT, zorder=6,
                           path_effects=[withStroke(linewidth=2.5, foreground="white")])  # fmt: skip
    for period, points in panel.emas.items():
        colour = chart.colours[period]
        canonical = [point for point in points if not point.roll]
        for shown, width, opacity in ((points, 0.8, 0.5), (canonical, 1.4, 1.0)):
            price.plot(
                [_at(chart, point.ts) for point in shown], [point.ema for point in shown], color=colour,
                alpha=opacity, linewidth=width, zorder=5 if shown is canonical else 4, markersize=2.2,
                marker="o" if shown is canonical and has_dots(points) else None,
            )  # fmt: skip
    if chart.log:
        price.set_yscale("log")
    price.set_ylim(*limits(chart, panel))
    if chart.log:
        low, high = price.get_ylim()
        if high < 30 * low:
            # Too few powers of ten for labels.
            price.yaxis.set_major_locator(MaxNLocator(7))
        price.yaxis.set_minor_formatter(NullFormatter())
    price.set_ylabel(panel.tf, color=INK, fontsize=11)
    price.yaxis.set_major_formatter(FuncFormatter(_price))
    volume.set_ylabel("volume", color=FAINT, fontsize=8)
    volume.yaxis.set_major_locator(MaxNLocator(2))
    volume.yaxis.set_major_formatter(FuncFormatter(_volume))
    volume.set_ylim(bottom=0)


def _candles(chart: Chart, price: Any, volume: Any, candles: list[Candle], colour: str, alpha: float) -> None:
    places = [_place(chart, candle) for candle in candles]
    middles = [middle for middle, _ in places]
    widths = [0.78 * width for _, width in places]
    price.vlines(middles, [c.low for c in candles], [c.high for c in candles], color=colour, linewidth=0.9,
                 alpha=alpha, zorder=2)  # fmt: skip
    # A body without height is drawn by its edge.
    price.bar(middles, [c.body_height for c in candles], widths, [c.body_low for c in candles], color=colour,
              edgecolor=colour, linewidth=0.6, alpha=alpha, zorder=3)  # fmt: skip
    known = [
        (x, c.volume, w) for x, c, w in zip(middles, candles, widths, strict=True) if c.volume is not None
    ]
    if known:
        xs, values, wide = zip(*known, strict=True)
        volume.bar(xs, values, wide, color=colour, alpha=0.75 * alpha, linewidth=0, zorder=2)


def _price(value: float, position: int | None) -> str:
    return f"{value:,.6g}" if abs(value) < 10_000 else f"{value:,.0f}"


def _volume(value: float, position: int | None) -> str:
    return volume_label(value)


def limits(chart: Chart, panel: Panel) -> tuple[float, float]:
    """Room for all that is drawn: wicks and EMAs, with a margin."""
    low, high = panel.prices(positive=chart.log)
    if chart.log:
        room = (high / low) ** 0.05 if high > low else 1.1
        return low / room, high * room
    room = 0.05 * (high - low) or abs(high) * 0.05 or 1.0
    return low - room, high + room


def _style(axis: Any) -> None:
    axis.margins(x=0.01)
    axis.grid(True, color=GRID, linewidth=0.8, zorder=0)
    axis.set_axisbelow(True)
    axis.tick_params(which="both", colors=FAINT, labelsize=8.5, length=0)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axis.spines[side].set_color(GRID)


def _legend(figure: Figure, chart: Chart, top: float) -> None:
    if not chart.colours:
        return
    lines = [
        Line2D([], [], color=colour, marker="o", markersize=3, linewidth=1.6)
        for colour in chart.colours.values()
    ]
    figure.legend(
        lines, [f"EMA {period}" for period in chart.colours], loc="upper right", bbox_to_anchor=(0.99, top),
        ncols=min(len(lines), 9), frameon=False, fontsize=9, labelcolor=INK,
    )  # fmt: skip
