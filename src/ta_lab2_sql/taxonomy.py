"""The names of families of bars and of variants of EMAs, and which family a variant reads."""

from __future__ import annotations

FAMILIES = ("1d", "multi_tf", "cal_us", "cal_iso", "cal_anchor_us", "cal_anchor_iso")
VARIANTS = ("multi_tf", "multi_tf_v2", "cal_us", "cal_iso", "cal_anchor_us", "cal_anchor_iso")


def family_of(variant: str) -> str:
    """The family of bars that a variant of EMAs reads."""
    return "multi_tf" if variant == "multi_tf_v2" else variant
