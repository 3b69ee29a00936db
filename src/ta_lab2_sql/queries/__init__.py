"""The SQL statements of the commands, one file each, read by name."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import LiteralString


def query(name: str) -> LiteralString:
    """The text of one statement. It ships with the package, so it counts as written here."""
    return files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
