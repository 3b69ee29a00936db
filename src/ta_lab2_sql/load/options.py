"""What a user may say about the files of a load."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

LARGEST_ID = 2**31 - 1


@dataclasses.dataclass(frozen=True)
class LoadOptions:
    """Everything that overrules what is found, and what is to happen with what is stored."""

    asset: str | None = None
    name_pattern: str | None = None
    layout: str | None = None
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)
    delimiter: str | None = None
    decimal: str | None = None
    date_format: str | None = None
    date_order: str | None = None
    skip_lines: int | None = None
    no_header: bool = False
    encoding: str | None = None
    calendar: str | None = None
    on_conflict: str | None = None
    replace: bool = False
    adjusted: bool = False
    sparse: bool = False
    each_file: bool = False
    skip_bad_lines: int = 0
    new_assets: bool = True
    symbol_prefix: str = ""
    symbol_suffix: str = ""
    dry_run: bool = False
