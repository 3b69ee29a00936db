"""The SQL statements of the program, one file each, read by name: `refresh/plan` is refresh/plan.sql.

A folder is named after the package or module that sends them. A line `\\i refresh/rows` stands for the text
of that file, as in psql.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import LiteralString

FOLDER = Path(__file__).parent


def query(name: str) -> LiteralString:
    """The text of one statement. It ships with the package, so it counts as written here."""
    text = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    return re.sub(r"^ *\\i (\S+)$", lambda line: query(line[1]).rstrip(), text, flags=re.MULTILINE)
