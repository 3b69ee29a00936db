"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

from ta_lab2_sql.errors import WrongUsage


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path beside the wanted one, renamed to it when all went well, removed when not."""
    if path.is_dir():
        raise WrongUsage("it is a folder", str(path), "name a file")
    if not path.parent.is_dir():
        raise WrongUsage("no such folder", str(path.parent), "make it, or name another")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with _terminated_as_interrupted():
            yield part
            os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Clean up on SIGTERM as on Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
