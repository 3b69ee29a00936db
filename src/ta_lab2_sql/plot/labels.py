"""How numbers are written on the axes of a chart."""

from __future__ import annotations

import math

UNITS = ((15, "P"), (12, "T"), (9, "B"), (6, "M"), (3, "k"))


def volume_label(value: float) -> str:
    """A volume in short: 950, 1.5 k, 20 M, 3.2 B, 1 T, 7 P."""
    for power, letter in UNITS:
        # What three digits would round up to the next unit belongs there.
        if abs(value) >= 0.9995 * 10**power:
            return f"{value / 10**power:.3g} {letter}"
    return f"{value:.3g}"


def volume_ticks(most: float) -> list[float]:
    """Two or three round volumes from 0 up to the greatest one."""
    if not most > 0 or not math.isfinite(most):
        return [0.0]
    power = 10.0 ** math.floor(math.log10(most / 2))
    step = max(factor for factor in (1.0, 2.0, 2.5, 5.0) if factor * power <= most / 2) * power
    return [0.0, *(n * step for n in range(1, int(most / step + 1e-9) + 1))]
