"""Where the servers of tests live, and the databases on them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

MEMORY = Path("/dev/shm")
ROOM = 6 << 30


def home(purpose: str) -> Path:
    """An empty folder, short of name, that the server's user may enter; in memory where there is room.

    For data that die with the run.
    """
    places = [MEMORY] if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM else []
    places += [place for place in (Path("/tmp"),) if place.is_dir()]
    made = Path(tempfile.mkdtemp(prefix=f"ta-lab2-{purpose}-", dir=next(iter(places), None)))
    made.chmod(0o755)
    return made


def address(server: Any, dbname: str) -> str:
    """The URL of a database on the server of the tests."""
    password = f":{quote(server.password)}" if server.password else ""
    return (
        f"postgresql://{quote(server.user)}{password}@/{quote(dbname)}"
        f"?host={quote(str(server.host), safe='/')}&port={server.port}"
    )


@contextmanager
def database(server: Any, name: str, template: str = "template0") -> Iterator[str]:
    """The address of a new database, a copy of its template, dropped afterwards."""
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    # Files copied as they are: the log needn't hold them.
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
        sql.Identifier(name), sql.Identifier(template)
    )
    with psycopg.connect(address(server, "postgres"), autocommit=True) as connection:
        connection.execute(drop)
        connection.execute(create)
        try:
            yield address(server, name)
        finally:
            connection.execute(drop)
