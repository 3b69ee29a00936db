"""Draw a chart as one HTML file that needs no network."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ta_lab2_sql.plot.colours import EXTRA, FAINT, FALLS, GRID, INK, MISSING, RISES
from ta_lab2_sql.plot.labels import volume_label, volume_ticks
from ta_lab2_sql.plot.model import Candle, Chart, Panel, Point, has_dots

PALE = 0.35
PRICE, VOLUME = 0.78, 0.22


def draw(chart: Chart, path: Path) -> None:
    """Write the file."""
    figure = make_subplots(
        rows=2 * len(chart.panels),
        shared_xaxes=True,
        vertical_spacing=0.03 / len(chart.panels),
        row_heights=[PRICE, VOLUME] * len(chart.panels),
    )
    shown: set[int] = set()
    for number, panel in enumerate(chart.panels):
        _panel(figure, chart, panel, 2 * number + 1, shown)
    for left, right, colour in _shades(chart):
        figure.add_vrect(x0=left, x1=right, fillcolor=colour, opacity=0.22, line_width=0, layer="below")
    _layout(figure, chart)
    figure.write_html(
        path,
        include_plotlyjs=True,
        full_html=True,
        default_height="100vh",
        config={"displaylogo": False, "responsive": True, "scrollZoom": True},
    )
    style = f"body{{margin:0}}.js-plotly-plot{{min-height:{360 * len(chart.panels)}px}}"
    head = f"<head><title>{_escaped(chart.title)}</title><style>{style}</style>"
    text = path.read_text(encoding="utf-8")
    text = text.replace("<html>", '<!doctype html><html lang="en">', 1).replace("<head>", head, 1)
    path.write_text(text, encoding="utf-8")


def _place(chart: Chart, candle: Candle) -> tuple[datetime, float, float]:
    """Where a candle stands, how far before it its window begins, and how wide that is, in milliseconds."""
    if chart.sessions is None:
        width = candle.width.total_seconds() * 1000
        return candle.middle, -width / 2, width
    span = chart.span(candle)
    middle, (first, last) = chart.sessions.noon(span.middle), chart.sessions.ends(span)
    return middle, (first - middle).total_seconds() * 1000, (last - first).total_seconds() * 1000


def _at(chart: Chart, stamp: datetime) -> datetime:
    return stamp if chart.sessions is None else chart.sessions.noon(chart.sessions.at(stamp))


def _shades(chart: Chart) -> Iterator[tuple[datetime, datetime, str]]:
    """What is shaded: from, to, colour."""
    if chart.sessions is None:
        yield from ((gap.after, gap.before, MISSING) for gap in chart.gaps)
        return
    for days, colour in ((chart.sessions.missing, MISSING), (chart.sessions.extra, EXTRA)):
        yield from ((*chart.sessions.ends(span), colour) for span in chart.sessions.runs(days))


def _axis(chart: Chart) -> dict[str, Any]:
    """The range of time; days without session and without a row take no room on it."""
    if chart.sessions is None:
        return {"range": chart.range}
    runs, no_weekends = chart.sessions.left_out(chart.places)
    breaks: list[dict[str, Any]] = [
        {"bounds": [first.isoformat(), after.isoformat()]} for first, after in runs
    ]
    if no_weekends:
        breaks.insert(0, {"bounds": ["sat", "mon"]})
    return {"range": chart.sessions.ends(chart.places), "rangebreaks": breaks}


def _panel(figure: Any, chart: Chart, panel: Panel, row: int, shown: set[int]) -> None:
    closed = [candle for candle in panel.candles if candle.is_closed]
    forming = [candle for candle in panel.candles if not candle.is_closed]
    for candles, opacity in ((closed, 1.0), (forming, PALE)):
        if candles:
            figure.add_trace(_candles(chart, panel, candles, opacity), row=row, col=1)
            figure.add_trace(_volumes(chart, candles, opacity), row=row + 1, col=1)
    for candle in forming:
        # On a logarithmic axis an annotation stands at the logarithm.
        middle = _place(chart, candle)[0]
        height = candle.high if not chart.log else math.log10(candle.high) if candle.high > 0 else None
        if height is not None:
            figure.add_annotation(
                x=middle, y=height, text="forming", showarrow=False, yshift=10, row=row, col=1,
                font={"size": 11, "color": FAINT}, bgcolor="rgba(255, 255, 255, 0.8)", borderpad=1,
            )  # fmt: skip
    for period, points in panel.emas.items():
        for trace in _ema(chart, period, points, period not in shown):
            figure.add_trace(trace, row=row, col=1)
        shown.add(period)
    figure.update_yaxes(
        title={"text": f"<b>{panel.tf}</b>", "font_size": 13},
        type="log" if chart.log else "linear",
        row=row,
        col=1,
    )
    ticks = volume_ticks(max((candle.volume or 0.0 for candle in panel.candles), default=0.0))
    figure.update_yaxes(
        title={"text": "volume", "font": {"size": 11, "color": FAINT}},
        tickvals=ticks,
        ticktext=[volume_label(tick) for tick in ticks],
        row=row + 1,
        col=1,
    )


def _candles(chart: Chart, panel: Panel, candles: list[Candle], opacity: float) -> Any:
    line = {"line": {"width": 1}}
    return go.Candlestick(
        x=[_place(chart, candle)[0] for candle in candles],
        open=[candle.open for candle in candles],
        high=[candle.high for candle in candles],
        low=[candle.low for candle in candles],
        close=[candle.close for candle in candles],
        increasing={**line, "line_color": RISES, "fillcolor": RISES},
        decreasing={**line, "line_color": FALLS, "fillcolor": FALLS},
        opacity=opacity,
        name=panel.tf,
        showlegend=False,
        text=[
            f"{candle.time_open:%Y-%m-%d} to {candle.time_close:%Y-%m-%d}: {candle.told}"
            for candle in candles
        ],
    )


def _volumes(chart: Chart, candles: list[Candle], opacity: float) -> Any:
    places = [_place(chart, candle) for candle in candles]
    return go.Bar(
        x=[middle for middle, _, _ in places],
        y=[candle.volume for candle in candles],
        offset=[before + 0.1 * width for _, before, width in places],
        width=[0.8 * width for _, _, width in places],
        marker={"color": [RISES if candle.rises else FALLS for candle in candles], "line_width": 0},
        opacity=0.75 * opacity,
        name="volume",
        showlegend=False,
        customdata=[None if c.volume is None else volume_label(c.volume) for c in candles],
        hovertemplate="%{customdata}<extra>volume</extra>",
    )


def _ema(chart: Chart, period: int, points: list[Point], legend: bool) -> list[Any]:
    colour = chart.colours[period]
    canonical = [point for point in points if not point.roll]
    hover = "%{y:.6g}<extra>EMA " + str(period)
    return [
        go.Scatter(
            x=[_at(chart, point.ts) for point in points],
            y=[point.ema for point in points],
            mode="lines",
            opacity=0.55,
            name=f"EMA {period} preview",
            showlegend=False,
            hovertemplate=hover + " preview</extra>",
            legendgroup=f"ema{period}",
            line={"color": colour, "width": 1},
        ),
        go.Scatter(
            x=[_at(chart, point.ts) for point in canonical],
            y=[point.ema for point in canonical],
            mode="lines+markers" if has_dots(points) else "lines",
            marker={"size": 4, "color": colour},
            name=f"EMA {period}",
            showlegend=legend,
            hovertemplate=hover + "</extra>",
            legendgroup=f"ema{period}",
            line={"color": colour, "width": 1.8},
        ),
    ]


def _layout(figure: Any, chart: Chart) -> None:
    told = f"<b>{_escaped(chart.title)}</b>"
    told += f'<br><span style="font-size:12px;color:{FAINT}">{_escaped(chart.legend)}</span>'
    figure.update_layout(
        title={"text": told, "x": 0.012, "xanchor": "left", "y": 1, "yref": "container", "yanchor": "top",
               "pad": {"t": 26}, "font": {"size": 20, "color": INK}},
        font={"family": "system-ui, Segoe UI, Helvetica, Arial, sans-serif", "size": 12, "color": INK},
        paper_bgcolor="white",
        plot_bgcolor="white",
        hovermode="x",
        dragmode="pan",
        margin={"l": 76, "r": 24, "t": 84, "b": 48},
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"},
        bargap=0,
    )  # fmt: skip
    figure.update_xaxes(
        rangeslider_visible=False, gridcolor=GRID, showspikes=True, spikemode="across", spikethickness=1,
        spikecolor=FAINT, spikedash="dot", showline=True, linecolor=GRID, ticks="outside", tickcolor=GRID,
    )  # fmt: skip
    figure.update_xaxes(**_axis(chart))
    figure.update_yaxes(gridcolor=GRID, zeroline=False, automargin=False, title_standoff=12)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
