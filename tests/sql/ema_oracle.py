"""EMAs by slow recursion in plain Python: every variant, from closes and the rows that close bars."""

from __future__ import annotations

import math
from collections.abc import Sequence

Row = dict[str, float | bool | None]


def mean(values: Sequence[float]) -> float:
    """Added from the left, as the seed is."""
    total = 0.0
    for value in values:
        total += value
    return total / len(values)


def step(alpha: float, x: float, before: float) -> float:
    return alpha * x + (1.0 - alpha) * before


def alphas(variant: str, period: int, days: int) -> tuple[float, float]:
    """Alpha at closes and between closes."""
    bar = 2.0 / (period + 1.0)
    if variant.startswith("cal_anchor"):
        return bar, 1.0 - math.pow(1.0 - bar, 1.0 / days)
    return bar, bar if variant == "multi_tf" else 2.0 / (period * days + 1.0)


def differences(values: Sequence[float | None]) -> list[float | None]:
    """Each value minus the one before; None where one of the two is missing."""
    pairs = zip([None, *values], values, strict=False)
    return [None if before is None or value is None else value - before for before, value in pairs]


def ema_rows(
    variant: str,
    period: int,
    days: int,
    closes: Sequence[float],
    closing: Sequence[int],
    inside: float | None,
) -> dict[int, Row]:
    """The rows of one series by row number from 0.

    `days` is the nominal length, `closing` the rows that close a bar; `inside` replaces the alpha between
    closes, for those that a C library may round differently.
    """
    at_close, between = alphas(variant, period, days)
    between = between if inside is None else inside
    closes_bar = set(closing)
    if len(closing) < period:
        return {}
    seed_row = closing[period - 1]
    main: dict[int, float] = {}
    in_bar_space: dict[int, float] = {}
    canonical = anchor = 0.0
    for i in range(seed_row, len(closes)):
        x = closes[i]
        if i == seed_row:
            canonical = mean([closes[j] for j in closing[:period]])
            main[i] = mean(closes[: period * days]) if variant == "multi_tf_v2" else canonical
            in_bar_space[i] = anchor = canonical
            continue
        if i in closes_bar:
            canonical = step(at_close, x, canonical)
        anchor = canonical if i in closes_bar else step(between, x, anchor)
        in_bar_space[i] = anchor
        if variant == "multi_tf":
            main[i] = canonical if i in closes_bar else step(at_close, x, canonical)
        else:
            main[i] = step(between, x, main[i - 1])
    columns = {"": main, "_bar": in_bar_space} if variant.startswith("cal") else {"": main}
    rows: dict[int, Row] = {i: {} for i in main}
    for suffix, values in columns.items():
        ordered = [values[i] for i in sorted(values)]
        rolling = differences(ordered)
        at = [i for i in sorted(values) if i in closes_bar]
        steps = differences([values[i] for i in at])
        canonical_steps = dict(zip(at, zip(steps, differences(steps), strict=True), strict=True))
        for i, value, first, second in zip(
            sorted(values), ordered, rolling, differences(rolling), strict=True
        ):
            d1, d2 = canonical_steps.get(i, (None, None))
            name = "ema_bar" if suffix else "ema"
            rows[i] |= {name: value, f"roll{suffix}": i not in closes_bar}
            rows[i] |= {f"d1{suffix}": d1, f"d2{suffix}": d2}
            rows[i] |= {f"d1_roll{suffix}": first, f"d2_roll{suffix}": second}
    return rows
