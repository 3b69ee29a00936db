"""Numbers as people say them."""

from __future__ import annotations

from fractions import Fraction


def factor(value: float) -> str:
    """A factor between two scales: 1/7, 3/2, or a number."""
    near = Fraction(value).limit_denominator(100)
    if near and abs(value / near - 1) < 1e-5:
        return str(near)
    return f"{value:.6g}"
