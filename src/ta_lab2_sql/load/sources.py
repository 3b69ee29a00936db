"""The bytes of a file, a member of an archive or of stdin, unpacked whatever the name says."""

from __future__ import annotations

import dataclasses
import gzip
import io
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from ta_lab2_sql.errors import WrongUsage
from ta_lab2_sql.load.faults import Question, bad

DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile)
PACKED = b"\x1f\x8b"
ARCHIVE = b"PK\x03\x04"
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
# What else files are packed with, by their first bytes, and what unpacks them.
OTHERS = {
    b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"7z\xbc\xaf": "7z", b"Rar!": "rar",
    b"\x1f\x9d": "compress", b"SQLite f": "SQLite", b"%PDF": "PDF", ARCHIVE: "zip in gzip",
}  # fmt: skip
TABLES = {b"PAR1": "parquet", b"ARROW1": "arrow", b"\xff\xff\xff\xff": "arrow"}


@dataclasses.dataclass(frozen=True)
class Source:
    """One thing to read: how it was named, where its bytes are, and its name without folder and packing."""

    shown: str
    path: Path
    member: str | None
    names: tuple[str, ...]
    kind: str
    packed: bool = False

    @property
    def source_file(self) -> str:
        """The name that is kept with the rows."""
        return "stdin" if self.shown == "stdin" else self.path.name

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The unpacked bytes."""
        with _opened(self.path, self.member) as stream:
            yield stream


@contextmanager
def _opened(path: Path, member: str | None) -> Iterator[IO[bytes]]:
    with path.open("rb") as raw:
        if member is not None:
            with zipfile.ZipFile(raw) as archive, archive.open(member) as unpacked:
                packed = io.BufferedReader(cast("io.RawIOBase", unpacked))
                if packed.peek(2)[:2] == PACKED:
                    with gzip.open(packed) as stream:
                        yield cast("IO[bytes]", stream)
                else:
                    yield packed
        elif raw.peek(2)[:2] == PACKED:
            with gzip.open(raw) as stream:
                yield cast("IO[bytes]", stream)
        else:
            yield raw


@contextmanager
def found(argument: str) -> Iterator[Source]:
    """What an argument of the command names; stdin is kept beside while it is read."""
    if argument == "-":
        with tempfile.NamedTemporaryFile(prefix="ta-lab2-stdin-") as kept:
            # The descriptor stays open for others to read on.
            with open(sys.stdin.fileno(), "rb", closefd=False) as raw:
                shutil.copyfileobj(raw, kept)
            kept.flush()
            yield _source("stdin", Path(kept.name), None)
        return
    path, member = Path(argument), None
    if not path.exists() and ".zip:" in argument.lower():
        at = argument.lower().index(".zip:") + 4
        path, member = Path(argument[:at]), argument[at + 1 :]
    if not path.exists():
        raise WrongUsage(
            "no such file", argument, "check the path; the shell's globs (prices/*.csv) name many"
        )
    if path.is_dir():
        raise WrongUsage("a folder, not a file", argument, f"name its files: {argument.rstrip('/')}/*.csv")
    yield _source(argument, path, member)


def _source(shown: str, path: Path, member: str | None) -> Source:
    name = path.name
    with path.open("rb") as raw:
        head = raw.read(8)
    if head[:4] == OLD_EXCEL:
        raise _workbook(shown)
    if head[:4] == ARCHIVE or member is not None:
        member = _member(shown, path, member)
    try:
        packed = member is not None or head.startswith(PACKED)
        with _opened(path, member) as stream:
            head = stream.read(8)
    except DAMAGED as error:
        raise bad(f"the compressed data is damaged or ends early ({error})", shown) from None
    except (RuntimeError, NotImplementedError) as error:
        raise bad(f"the archive can't be read ({error})", shown) from None
    for magic, by in OTHERS.items():
        if head.startswith(magic):
            raise bad(f"not a text file but {by}", shown, todo="unpack it, and load what it holds")
    kind = next((kind for magic, kind in TABLES.items() if head.startswith(magic)), "text")
    if kind == "text" and name.lower().endswith((".parquet", ".pq")):
        raise bad("not a Parquet file", shown)
    for ending in (".gz", ".zip", ".GZ", ".ZIP"):
        name = name.removesuffix(ending)
    names = (name, *([Path(member).name.removesuffix(".gz")] if member else []))
    return Source(shown, path, member, names, kind, packed)


def _workbook(shown: str) -> Exception:
    return bad(
        "an Excel workbook, not a text file", shown, todo="save it as CSV (comma delimited) and load that"
    )


def _member(shown: str, path: Path, wanted: str | None) -> str:
    """The one file of an archive, or the one that was named."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [i.filename for i in archive.infolist() if not i.is_dir()]
    except zipfile.BadZipFile as error:
        raise bad(f"the archive is damaged ({error})", shown) from None
    if "xl/workbook.xml" in names or "[Content_Types].xml" in names:
        raise _workbook(shown)
    files = [n for n in names if not n.startswith("__MACOSX/") and not Path(n).name.startswith(".")]
    if wanted is not None:
        if wanted in names:
            return wanted
        raise Question(f"no {wanted!r} in the archive", str(path), f"it holds {_some(files)}")
    if len(files) != 1:
        if not files:
            raise bad("the archive is empty", shown)
        raise Question(
            f"an archive of {len(files)} files",
            shown,
            f"name one: {path}:{files[0]}; it holds {_some(files)}",
        )
    return files[0]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
