"""What was understood of files, and what a load did."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ta_lab2_sql.load.shape import Shape
from ta_lab2_sql.load.stage import Lines

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "blanks", "": "fixed width"}
ORDERS = {"dmy": "day/month/year", "mdy": "month/day/year", "ymd": "year-month-day"}
BASES = {
    "traded": "prices as traded",
    "splits": "prices adjusted for splits",
    "total": "prices adjusted for splits and dividends",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did to one asset: lines read, days written, and the first stamp that changed.

    `factor` is set when all stored days came anew, multiplied by it.
    """

    id: int
    symbol: str | None
    read: int
    inserted: int
    updated: int
    deleted: int
    unchanged: int
    duplicates: int
    earliest: datetime | None
    factor: float | None = None


@dataclasses.dataclass
class Understood:
    """How one file was read."""

    file: str
    shape: Shape
    lines: Lines
    order: str | None = None
    basis: str | None = None
    no_price: int = 0
    assets: set[int] = dataclasses.field(default_factory=set)
    notes: list[str] = dataclasses.field(default_factory=list)

    def words(self, *, verbose: bool = False) -> str:
        """What was understood, without the file's name: files alike say the same."""
        shape = self.shape
        said = [
            f"layout {shape.layout.name}",
            DELIMITERS.get(shape.delimiter, repr(shape.delimiter)),
            shape.encoding,
        ]
        if not shape.header:
            said.append("no header")
        if self.order:
            said.append(ORDERS[self.order])
        if shape.layout.stamp == "close":
            said.append("the file's own stamps")
        said.append(BASES.get(self.basis or "", "basis unknown"))
        if shape.one_price:
            said.append("one price: open = high = low = close")
        if shape.volume_power:
            said.append(f"volume in units of {10**shape.volume_power:,}")
        if shape.wrapped:
            said.append("each line one quoted field")
        if shape.left_out:
            names = ", ".join(shape.left_out[:8]) + (" .." if len(shape.left_out) > 8 else "")
            said.append(f"left out: {names}")
        for why, lines in self.lines.skipped.items():
            where = (
                f" ({', '.join(map(str, lines[:10]))}{' ..' if len(lines) > 10 else ''})" if verbose else ""
            )
            said.append(f"{len(lines)} line{'s' if len(lines) > 1 else ''} skipped, {why}{where}")
        if self.lines.bad:
            bad = ", ".join(str(line) for line in sorted(self.lines.fault_lines)[:10])
            said.append(f"{self.lines.bad} bad line{'s' if self.lines.bad > 1 else ''} skipped: {bad}")
        if self.no_price:
            said.append(f"{self.no_price} row{'s' if self.no_price > 1 else ''} without any price skipped")
        return "; ".join([*said, *self.notes])


@dataclasses.dataclass
class Report:
    """The outcome of one command."""

    assets: list[Loaded] = dataclasses.field(default_factory=list)
    files: list[Understood] = dataclasses.field(default_factory=list)
    new_assets: list[str] = dataclasses.field(default_factory=list)
    days: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    failed: list[str] = dataclasses.field(default_factory=list)

    def understood(self, *, verbose: bool = False) -> list[str]:
        """One line for each file; files alike are one line unless `verbose`."""
        alike: dict[str, list[str]] = {}
        for file in self.files:
            words = file.words(verbose=verbose)
            alike.setdefault(f"{file.file}: {words}" if verbose else words, []).append(file.file)
        if verbose:
            return list(alike)
        return [
            f"{names[0] if len(names) == 1 else f'{len(names)} files'}: {words}"
            for words, names in alike.items()
        ]

    def records(self) -> list[dict[str, Any]]:
        """A record for each asset: what was done, and how the files with its rows were read."""
        days: dict[int, list[dict[str, Any]]] = {}
        for day in self.days:
            days.setdefault(day["id"], []).append({k: v for k, v in day.items() if k not in ("id", "symbol")})
        made = []
        for row in self.assets:
            record = dataclasses.asdict(row)
            record["files"] = [f"{f.file}: {f.words()}" for f in self.files if row.id in f.assets]
            if days:
                record["days"] = days.get(row.id, [])
            made.append(record)
        return made


def added(reports: Sequence[Report]) -> Report:
    """Several reports as one; what was done to one asset is summed."""
    whole = Report()
    rows: dict[int, Loaded] = {}
    for report in reports:
        for row in report.assets:
            rows[row.id] = _sum(rows[row.id], row) if row.id in rows else row
        whole.files += report.files
        whole.new_assets += report.new_assets
        whole.days += report.days
        whole.failed += report.failed
    whole.assets = [rows[key] for key in sorted(rows)]
    return whole


def _sum(one: Loaded, other: Loaded) -> Loaded:
    numbers = ("read", "inserted", "updated", "deleted", "unchanged", "duplicates")
    changes: dict[str, Any] = {name: getattr(one, name) + getattr(other, name) for name in numbers}
    earliest = [stamp for stamp in (one.earliest, other.earliest) if stamp is not None]
    return dataclasses.replace(
        one, **changes, earliest=min(earliest, default=None), factor=one.factor or other.factor
    )


__all__ = ["Loaded", "Report", "Understood", "added"]
