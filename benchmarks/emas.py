"""EMAs of all periods of one timeframe, daily, with derivatives; and the vectors alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from benchmarks.frames import Bars, Days, Timeframe
from benchmarks.wire import Column

VARIANTS = ("multi_tf", "multi_tf_v2", "cal_us", "cal_iso", "cal_anchor_us", "cal_anchor_iso")


def relation(variant: str) -> str:
    """The relation that shows a variant."""
    return f"cmc_ema_{variant}" if variant.startswith("multi_tf") else f"cmc_ema_multi_tf_{variant}"


def family(variant: str) -> str:
    """The family of bars under a variant."""
    return "multi_tf" if variant.startswith("multi_tf") else variant


def chain(seed: float, values: Any, alpha: float) -> Any:
    """Seed first, then a step for each value; Polars runs it in native code."""
    series = pl.Series(np.concatenate(([seed], values)))
    return series.ewm_mean(alpha=alpha, adjust=False, min_samples=1).to_numpy()


def alphas(variant: str, frame: Timeframe, periods: list[int]) -> tuple[Any, Any]:
    """alpha at closes and between them."""
    p = np.array(periods, dtype=np.float64)
    bar = 2.0 / (p + 1.0)
    if variant == "multi_tf":
        return bar, bar
    if "anchor" in variant:
        return bar, 1.0 - np.power(1.0 - bar, 1.0 / frame.days)
    return bar, 2.0 / (p * frame.days + 1.0)


@dataclass(frozen=True, slots=True)
class Series:
    """One timeframe: a line per live period, a column per day; NaN before the seed."""

    bars: Bars
    periods: list[int]
    canonical: Any
    ema: Any
    ema_bar: Any
    at_closes: Any


def compute(days: Days, frame: Timeframe, variant: str, periods: list[int]) -> Series | None:
    """All periods that are live by the last day."""
    bars = Bars(days, frame)
    closing = bars.last_row[bars.closed]
    live = [p for p in periods if p <= len(closing)]
    if not live:
        return None
    x = days.close
    at_bar, at_day = alphas(variant, frame, live)
    closes = x[closing]
    sums = np.cumsum(closes)
    canonical = np.zeros(days.n, dtype=bool)
    canonical[closing] = True
    if variant == "multi_tf_v2":
        return Series(bars, live, canonical, _daily(x, live, frame.days, at_day), None, None)
    at_closes = np.full((len(live), len(closing)), np.nan)
    for i, p in enumerate(live):
        at_closes[i, p - 1 :] = chain(sums[p - 1] / p, closes[p:], at_bar[i])
    if variant == "multi_tf":
        ema = _anchored_previews(days, bars, at_closes, at_day)
        ema[:, closing] = at_closes
        return Series(bars, live, canonical, ema, None, at_closes)
    ema = np.full((len(live), days.n), np.nan)
    for i, p in enumerate(live):
        seed = closing[p - 1]
        ema[i, seed:] = chain(at_closes[i, p - 1], x[seed + 1 :], at_day[i])
    ema_bar = _chained_previews(days, bars, at_closes, at_day)
    ema_bar[:, closing] = at_closes
    return Series(bars, live, canonical, ema, ema_bar, at_closes)


def _daily(x: Any, live: list[int], tf_days: int, at_day: Any) -> Any:
    ema = np.full((len(live), len(x)), np.nan)
    sums = np.cumsum(x)
    for i, p in enumerate(live):
        h = p * tf_days
        ema[i, h - 1 :] = chain(sums[h - 1] / h, x[h:], at_day[i])
    return ema


def _before(bars: Bars, at_closes: Any) -> Any:
    """The value at the close before each bar; NaN before the first."""
    empty = np.full((at_closes.shape[0], 1), np.nan)
    return np.concatenate((empty, at_closes), axis=1)[:, : len(bars.starts)]


def _anchored_previews(days: Days, bars: Bars, at_closes: Any, alpha: Any) -> Any:
    before = np.repeat(_before(bars, at_closes), bars.counts, axis=1)
    return alpha[:, None] * days.close + (1.0 - alpha)[:, None] * before


def _chained_previews(days: Days, bars: Bars, at_closes: Any, alpha: Any) -> Any:
    """Day by day from the close before, over all bars at once, or bar by bar when bars are long."""
    result = np.full((len(alpha), days.n), np.nan)
    before = _before(bars, at_closes)
    width = int(bars.counts.max())
    if width <= len(bars.starts) * len(alpha):
        value = before
        for step in range(width):
            going = bars.counts > step
            rows = bars.first_row[going] + step
            value[:, going] = alpha[:, None] * days.close[rows] + (1.0 - alpha)[:, None] * value[:, going]
            result[:, rows] = value[:, going]
        return result
    for number, (first, last) in enumerate(zip(bars.first_row, bars.last_row, strict=True)):
        for i in range(len(alpha)):
            if not np.isnan(before[i, number]):
                result[i, first : last + 1] = chain(
                    before[i, number], days.close[first : last + 1], alpha[i]
                )[1:]
    return result


def _differences(values: Any, canonical: Any) -> list[Any]:
    """d1, d2 between canonical rows; d1_roll, d2_roll between rows. NaN where there is none."""
    empty = np.full((values.shape[0], 1), np.nan)
    between: list[Any] = []
    for table in (values[:, canonical], values):
        d1 = np.concatenate((empty, np.diff(table, axis=1)), axis=1)
        d2 = np.concatenate((empty, np.diff(d1, axis=1)), axis=1)
        between += [d1, d2]
    for i in (0, 1):
        wide = np.full(values.shape, np.nan)
        wide[:, canonical] = between[i]
        between[i] = wide
    return between


def columns(days: Days, frame: Timeframe, series: Series, since: int = 0) -> tuple[list[Column], int]:
    """The columns of the long relation, in its order, from a row number on."""
    canonical = series.canonical
    derived = [series.ema, *_differences(series.ema, canonical)]
    if series.ema_bar is not None:
        derived += [series.ema_bar, *_differences(series.ema_bar, canonical)]
    live = ~np.isnan(series.ema)
    live[:, :since] = False
    line, row = np.nonzero(live)
    roll = ~canonical[row]
    values = [table[live] for table in derived]
    # The last three differences are NULL together with few exceptions: that keeps the layouts few.
    result = [
        Column("id", "i4", days.id),
        Column("tf", "text", None, choices=(frame.tf,)),
        Column("ts", "ts", days.ts[row]),
        Column("period", "i4", np.array(series.periods)[line]),
        Column("tf_days", "i4", frame.days),
        Column("roll", "bool", roll),
        Column("ema", "f8", values[0]),
    ]
    for name, value in zip(("d1", "d2", "d1_roll", "d2_roll"), values[1:5], strict=True):
        result.append(Column(name, "f8", value, np.isnan(value)))
    if series.ema_bar is not None:
        result += [Column("ema_bar", "f8", values[5]), Column("roll_bar", "bool", roll)]
        for name, value in zip(("d1_bar", "d2_bar", "d1_roll_bar", "d2_roll_bar"), values[6:], strict=True):
            result.append(Column(name, "f8", value, np.isnan(value)))
    return result, len(row)
