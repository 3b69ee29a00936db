"""Output into a pipe whose reader may leave, as `| head` does: that is no failure, and the work goes on."""

from __future__ import annotations

import io
import os
import stat
import sys
from typing import TextIO


class Pipe(io.RawIOBase):
    """A file descriptor that swallows what nobody reads any more."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def writable(self) -> bool:
        """Yes."""
        return True

    def fileno(self) -> int:
        """The descriptor."""
        return self.descriptor

    def write(self, data: object) -> int:
        """Write what the system takes; all of it once the reader has left."""
        view = memoryview(data)  # type: ignore[arg-type]
        try:
            return os.write(self.descriptor, view)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.descriptor)
            os.close(nowhere)
            return view.nbytes


def tolerant(stream: TextIO) -> TextIO:
    """The stream, or one that bears that its reader leaves."""
    try:
        descriptor = stream.fileno()
        mode = os.fstat(descriptor).st_mode
    except (AttributeError, OSError, ValueError):
        return stream
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return stream
    stream.flush()
    pipe = io.BufferedWriter(Pipe(descriptor))
    return io.TextIOWrapper(pipe, encoding=stream.encoding, errors=stream.errors, line_buffering=True)


def bear_leaving_readers() -> None:
    """Make stdout and stderr tolerant for the rest of the process; closed ones lead nowhere."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # Else the next file or connection to be opened would take the place, and get the output.
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = tolerant(sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False))
    sys.stderr = tolerant(sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False))
