"""Families of bars and variants of EMAs, read from the file of the SQL function taxonomy()."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import Any

from ta_lab2_sql.errors import WorkFailed
from ta_lab2_sql.schema.files import resources

FILE = "functions/timeframe/taxonomy.sql"
DAYS = "1d"


@cache
def rows() -> tuple[dict[str, Any], ...]:
    """The rows that the function taxonomy() returns: one for each variant and group of bars that it reads."""
    text = (resources("sql") / FILE).read_text(encoding="utf-8")
    found = re.search(r"\(VALUES\n(.*?)\n\) AS t \(([^)]*)\);", text, re.DOTALL)
    if found is None:
        raise WorkFailed("no rows are in the taxonomy", f"sql/{FILE}", "reinstall ta-lab2")
    values = re.sub(r"\b(true|false)\b", lambda word: word[0].capitalize(), found[1])
    names = [name.strip() for name in found[2].split(",")]
    return tuple(dict(zip(names, row, strict=True)) for row in ast.literal_eval(f"[{values}]"))


@cache
def families() -> tuple[str, ...]:
    """What people name of bars, in the order of building: the validated days, then each family."""
    return (DAYS, *dict.fromkeys(row["family"] for row in rows()))


@cache
def variants() -> tuple[str, ...]:
    """What people name of EMAs, in order."""
    return tuple(dict.fromkeys(row["variant"] for row in rows()))


def family_of(variant: str) -> str:
    """The family of bars that a variant of EMAs reads."""
    return _first("variant", variant)["family"]  # type: ignore[no-any-return]


def source_of(variant: str) -> str:
    """What cmc_ema_multi_tf_u and the names of relations call a variant."""
    return _first("variant", variant)["alignment_source"]  # type: ignore[no-any-return]


def groups_of(family: str) -> list[str]:
    """The groups of bars that a family is made of."""
    return [row["bar_group"] for row in rows() if row["variant"] == row["family"] == family]


def _first(column: str, value: str) -> dict[str, Any]:
    return next(row for row in rows() if row[column] == value)
