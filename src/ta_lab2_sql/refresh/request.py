"""What to refresh and how, and the calls that it takes."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

from ta_lab2_sql.taxonomy import family_of, variants

MOST_WORKERS = 6
# Options with which an asset needs no other work than without them.
HARMLESS = frozenset({"ids", "lookback_days", "keep_rejects", "fail_fast", "periods"})


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What to refresh and how; the options of `ta-lab2 refresh`."""

    what: str
    ids: tuple[int, ...] | None = None
    family: str | None = None
    variant: str | None = None
    tfs: tuple[str, ...] = ()
    periods: tuple[int, ...] | None = None
    workers: int = MOST_WORKERS
    full_rebuild: bool = False
    lookback_days: int = 3
    tz: str | None = None
    time_min: datetime | None = None
    time_max: datetime | None = None
    keep_rejects: bool = True
    fail_on_rejects: bool = False
    include_non_canonical: bool = False
    fail_fast: bool = False

    def given(self) -> dict[str, Any]:
        """The options that aren't the defaults; how many workers there are changes nothing."""
        fields = [f for f in dataclasses.fields(self) if f.name not in ("what", "workers")]
        return {f.name: getattr(self, f.name) for f in fields if getattr(self, f.name) != f.default}

    def parameters(self) -> dict[str, Any]:
        """The parameters of refresh_plan."""
        return {
            "ids": None if self.ids is None else list(self.ids),
            "what": self.what,
            "families": self.families(),
            "variants": self.variants(),
            "full": self.full_rebuild,
            "tz": self.tz,
            "lookback_days": self.lookback_days,
            "tfs": list(self.tfs) or None,
            "periods": None if self.periods is None else list(self.periods),
            "time_min": self.time_min,
            "time_max": self.time_max,
            "keep_rejects": self.keep_rejects,
            "include_non_canonical": self.include_non_canonical,
        }

    def takes_what_is_new(self) -> bool:
        """Whether an asset with nothing new has nothing to do: no option asks for more."""
        return set(self.given()) <= HARMLESS | {"family", "variant", "fail_on_rejects"}

    def takes_lists(self) -> bool:
        """Whether assets that need one more day and nothing else may be called together."""
        # EMAs that count rejects call for the days by themselves.
        counted = set() if self.what == "emas" else {"fail_on_rejects"}
        return set(self.given()) <= HARMLESS | counted

    def families(self) -> list[str] | None:
        """The families of bars that the run brings up to date; None: all."""
        if self.family is not None:
            return [self.family]
        return None if self.variant is None else [family_of(self.variant)]

    def variants(self) -> list[str] | None:
        """The variants of EMAs that the run brings up to date; None: all."""
        if self.variant is not None:
            return [self.variant]
        return None if self.family is None else [v for v in variants() if family_of(v) == self.family]


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One call for each asset."""

    stage: str
    family: str
    upstream: bool = False


def steps(request: Request) -> list[Step]:
    """The calls for each asset, in order."""
    if request.what == "bars":
        return [Step("bars", request.family or "all")]
    chosen = request.variants()
    if request.what == "emas":
        emas = Step("emas", chosen[0] if chosen else "all", upstream=True)
        # A refresh of EMAs doesn't count rejects, so the days come first and by themselves.
        return [Step("bars", "1d"), emas] if request.fail_on_rejects else [emas]
    families = request.families()
    bars = Step("bars", families[0] if families else "all")
    if chosen is None:
        return [bars, Step("emas", "all")]
    return [bars, *(Step("emas", v, upstream=family_of(v) != bars.family) for v in chosen)]
