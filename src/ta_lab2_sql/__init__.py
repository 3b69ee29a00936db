"""ta-lab2: validated price bars and EMAs, computed and stored inside PostgreSQL.

from ta_lab2_sql import bars, connect, emas

with connect() as connection:
    weeks = bars(connection, 1, "7D")
    trend = emas(connection, "multi_tf", 1, "7D", 21, start="2024-01-01", library="pandas")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ta_lab2_sql._version import __version__

if TYPE_CHECKING:
    import psycopg
    import sqlalchemy

    from ta_lab2_sql.frames import bars, emas, matrix, snapshots

__all__ = ["__version__", "bars", "connect", "emas", "engine", "matrix", "snapshots"]


def connect(db_url: str | None = None, schema: str | None = None) -> psycopg.Connection[Any]:
    """Open an autocommit connection the way the commands do: no URL means the embedded server."""
    from ta_lab2_sql.settings import Settings

    return Settings(db_url=db_url, schema=schema).connect("python")


def engine(db_url: str | None = None, schema: str | None = None) -> sqlalchemy.Engine:
    """An SQLAlchemy engine for pandas and notebooks, on the database that `connect` opens.

    `pandas.read_sql("SELECT * FROM bars_latest", engine())`. Unqualified names are those of the schema.
    """
    from sqlalchemy import create_engine

    from ta_lab2_sql.settings import Settings

    settings = Settings(db_url=db_url, schema=schema)

    def creator() -> psycopg.Connection[Any]:
        return settings.connect("python", autocommit=False)

    return create_engine("postgresql+psycopg://", creator=creator)


def __getattr__(name: str) -> Any:
    """The functions of frames, whose libraries are heavy, when somebody asks for one."""
    if name in __all__:
        from ta_lab2_sql import frames

        return getattr(frames, name)
    raise AttributeError(f"module {__name__} has no attribute {name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
