"""The SQL files of this version: where they lie, in which order they are applied, what their headers say."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ta_lab2_sql.errors import WorkFailed

TABLES_MARK = "-- tables"


@dataclass(frozen=True, slots=True)
class SqlObject:
    """One file of sql/: its path there, its text, the hash of it, its place in the manifest."""

    path: str
    text: str
    sha256: str
    position: int


class Catalogue:
    """The SQL files in declared order: those that tables need come first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def objects(self) -> list[SqlObject]:
        return [*self.before_tables, *self.after_tables]

    @cached_property
    def _halves(self) -> tuple[list[SqlObject], list[SqlObject]]:
        halves: tuple[list[SqlObject], list[SqlObject]] = ([], [])
        half, seen = 0, set[str]()
        for line in (self.folder / "manifest.txt").read_text(encoding="utf-8").splitlines():
            line = line.strip()
            if line == TABLES_MARK:
                half = 1
            if not line or line.startswith(("#", "--")):
                continue
            if line in seen:
                raise WorkFailed(f"{line} stands twice", "sql/manifest.txt", "keep one of the lines")
            seen.add(line)
            halves[half].append(self._read(line, len(seen)))
        return halves

    @property
    def before_tables(self) -> list[SqlObject]:
        return self._halves[0]

    @property
    def after_tables(self) -> list[SqlObject]:
        return self._halves[1]

    def _read(self, path: str, position: int) -> SqlObject:
        try:
            # Each command reads them all.
            with open(f"{self.folder}/{path}", "rb", buffering=0) as file:
                content = file.read()
        except FileNotFoundError as missing:
            raise WorkFailed(f"{path} is missing", "sql/manifest.txt", "reinstall ta-lab2") from missing
        return SqlObject(path, content.decode(), hashlib.sha256(content).hexdigest(), position)

    def digest(self, revision: str) -> str:
        """One hash for all of it: what a database of this version carries."""
        lines = [
            f"{revision}\n",
            *(f"{o.path} {o.sha256}\n" for o in sorted(self.objects, key=lambda o: o.path)),
        ]
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def catalogue() -> Catalogue:
    """The SQL files of this version."""
    return Catalogue(resources("sql"))


def resources(name: str) -> Path:
    """The folder `sql` or `migrations`: inside an installed package, else beside the source tree."""
    package = Path(__file__).resolve().parents[1]
    installed = package / f"_{name}"
    return installed if installed.is_dir() else package.parents[1] / name


def newest_revision() -> str:
    """The newest revision by its file name, which begins with it; Alembic takes long to import."""
    return max(path.name.split("_")[0] for path in (resources("migrations") / "versions").glob("[0-9]*.py"))


def first_sentence(text: str) -> str | None:
    """The first sentence of a file's header, `-- name: what it is`; None: there is no header."""
    found = re.match(r"-- \w+: (.*\n(?:--   (?!p_).*\n)*)", text)
    if found is None:
        return None
    paragraph = " ".join(line.removeprefix("--").strip() for line in found.group(1).splitlines())
    return re.split(r"(?<=\.)\s", paragraph, maxsplit=1)[0]
