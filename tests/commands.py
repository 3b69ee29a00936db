"""The command ta-lab2 for tests: a fork of a process that has imported it already.

The fork has its own arguments, environment, folder, standard streams and end, as a process of its own would,
without half a second of imports. What the interpreter reads at its start can't be given to it: then a real
one is started.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

STARTUP = ("PYTHON", "LC_", "LANG", "TZ", "LD_")
PACKAGE = "ta_lab2_sql"


@dataclass(frozen=True)
class Result:
    """What a process said."""

    code: int
    out: str
    err: str


def run(
    arguments: list[str], environment: dict[str, str], data: bytes, timeout: float, folder: str | None = None
) -> Result:
    """Run ta-lab2 and wait for its end."""
    if _startup(environment) != _startup(dict(os.environ)):
        done = subprocess.run(
            [sys.executable, "-m", PACKAGE, *arguments],
            input=data,
            capture_output=True,
            env=environment,
            timeout=timeout,
            check=False,
            cwd=folder,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())
    with tempfile.TemporaryDirectory(prefix="ta-lab2-command-") as name:
        streams = [str(Path(name) / stream) for stream in ("in", "out", "err")]
        Path(streams[0]).write_bytes(data)
        code = _parent().call(arguments, environment, folder or os.getcwd(), streams, timeout)
        return Result(code, *(Path(stream).read_bytes().decode() for stream in streams[1:]))


def _startup(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(STARTUP)}


@dataclass
class _Parent:
    """The process that forks, seen from the tests; it ends when its standard input does."""

    process: subprocess.Popen[str] = field(
        default_factory=lambda: subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    )
    owner: int = field(default_factory=os.getpid)

    def call(
        self,
        arguments: list[str],
        environment: dict[str, str],
        folder: str,
        streams: list[str],
        timeout: float,
    ) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([arguments, environment, folder, streams, timeout]) + "\n")
        self.process.stdin.flush()
        code = json.loads(self.process.stdout.readline())
        if code is None:
            raise subprocess.TimeoutExpired([PACKAGE, *arguments], timeout)
        return int(code)


_parents: list[_Parent] = []


def _parent() -> _Parent:
    if not _parents or _parents[-1].owner != os.getpid():
        _parents.append(_Parent())
    return _parents[-1]


def _serve() -> None:
    """In the process that forks: one command after another."""
    cli = import_module(f"{PACKAGE}.cli")
    for module in (Path(cli.__file__ or "").parent / "commands").glob("[a-z]*.py"):
        import_module(f"{PACKAGE}.commands.{module.stem}")
    requests, replies = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    for request in iter(requests.readline, ""):
        arguments, environment, folder, streams, timeout = json.loads(request)
        child = os.fork()
        if not child:
            _become(arguments, environment, folder, streams)
        replies.write(json.dumps(_wait(child, timeout)) + "\n")
        replies.flush()


def _become(arguments: list[str], environment: dict[str, str], folder: str, streams: list[str]) -> None:
    """In the fork: be the command, and end."""
    code = 1
    try:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        for number, stream in enumerate(streams):
            opened = os.open(stream, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT)
            os.dup2(opened, number)
            os.close(opened)
        sys.argv = [PACKAGE, *arguments]
        import_module(f"{PACKAGE}.cli").main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        for written in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                written.flush()
        os._exit(code)


def _wait(child: int, timeout: float) -> int | None:
    """The exit code, negative for a signal as subprocess has it; None when the time was over."""
    handle = os.pidfd_open(child) if hasattr(os, "pidfd_open") else None
    if handle is not None:
        ready, _, _ = select.select([handle], [], [], timeout)
        os.close(handle)
        if not ready:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    _serve()
