"""ta-lab2: validated price bars and EMAs, computed and stored inside PostgreSQL."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

try:
    __version__ = version("ta-lab2")
except PackageNotFoundError:  # run from a source tree that nobody installed
    __version__ = "0+unknown"

__all__ = ["__version__", "connect"]


def connect(db_url: str | None = None, schema: str | None = None) -> psycopg.Connection[Any]:
    """Open an autocommit connection the way the commands do: no URL means the embedded server."""
    from ta_lab2_sql.settings import Settings

    return Settings(db_url=db_url, schema=schema).connect("python")
