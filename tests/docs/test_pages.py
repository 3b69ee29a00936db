"""What README and docs tell people to type works, in an empty folder, on the demo's data.

Blocks marked sh, sql or python are run in order, each page on a database of its own.
`<!-- not run: why -->` before a block leaves it out. A text block after one is what it prints, unless
`<!-- varies -->` stands before it.
UPDATE_DOCS=1 (make docs) writes anew what is printed.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import runner
from databases import database

from ta_lab2_sql import server

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(
    r"(?P<skip><!-- not run: [^>]*-->\n)?^```(?P<kind>sh|sql|python)\n(?P<code>.*?)^```\n"
    r"(?P<answer>\n(?P<varies><!-- varies -->\n)?```text\n(?P<text>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)


def pages() -> list[Path]:
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [path for path in found if BLOCK.search(path.read_text(encoding="utf-8"))]


@pytest.fixture(scope="session")
def demo(postgresql_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with the demo's data, all built; nobody is connected to it."""
    name = f"{postgresql_server.dbname}_docs"
    with database(postgresql_server, name, postgresql_server.template_dbname) as url:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path_factory.mktemp("demo"))
            done = runner(url)("demo", timeout=300)
        assert done.code == 0, done.err
        yield name


@pytest.fixture
def page_url(postgresql_server: Any, demo: str) -> Iterator[str]:
    with database(postgresql_server, f"{postgresql_server.dbname}_page", demo) as url:
        yield url


class Reader:
    """Somebody who types what a page says: an empty home, a folder, and the commands on the path."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        programs = folder / "bin"
        programs.mkdir()
        self.psql = shutil.which("psql") or str(server._binaries() / "psql")
        for name, command in {
            "ta-lab2": f"{sys.executable} -m ta_lab2_sql",
            "python": sys.executable,
            "psql": self.psql,
            **{name: str(server._binaries() / name) for name in ("pg_dump", "pg_restore")},
        }.items():
            (programs / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
            (programs / name).chmod(0o755)
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("TA_LAB2_")},
            "HOME": str(folder),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "TA_LAB2_DATABASE_URL": url,
            "PGTZ": "UTC",
            "PGOPTIONS": "-c DateStyle=ISO",
            "PAGER": "cat",
        }
        self.url = url
        self._prices()

    def _prices(self) -> None:
        """Files that pages speak of as the reader's own."""
        lines = ["date,open,high,low,close,volume"]
        for day in range(1, 31):
            lines.append(f"2024-06-{day:02},{100 + day},{102 + day},{99 + day},{101 + day},{1000 * day}")
        text = "\n".join(lines) + "\n"
        (self.folder / "prices").mkdir()
        for name in ("ETH_1027.csv", "GOOG.csv", "prices/MSFT.csv", "prices/NVDA.csv"):
            (self.folder / name).write_text(text)
        (self.folder / "assets.txt").write_text("2  # Ether\n")
        (self.folder / "prices.csv.gz").write_bytes(gzip.compress(text.encode()))

    def type(self, kind: str, code: str) -> str:
        """Run a block; what it prints, without trailing blanks."""
        if kind == "sh":
            command = ["bash", "-euo", "pipefail", "-c", code]
        elif kind == "python":
            command = [sys.executable, "-c", code]
        else:
            file = self.folder.parent / "block.sql"
            file.write_text(code, encoding="utf-8")
            options = ("-X", "-q", "-v", "ON_ERROR_STOP=1", "-P", "pager=off", "-f", str(file))
            command = [self.psql, *options, self.url]
        done = subprocess.run(
            command, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
        return "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines())


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_page(path: Path, page_url: str, tmp_path: Path) -> None:
    reader = Reader(tmp_path, page_url)
    written = path.read_text(encoding="utf-8")

    def follow(found: re.Match[str]) -> str:
        if found["skip"]:
            return found[0]
        printed = reader.type(found["kind"], found["code"])
        if found["answer"] is None or (found["varies"] and not os.environ.get("UPDATE_DOCS")):
            return found[0]
        return f"```{found['kind']}\n{found['code']}```\n\n{found['varies'] or ''}```text\n{printed}\n```\n"

    shown = BLOCK.sub(follow, written)
    if os.environ.get("UPDATE_DOCS"):
        path.write_text(shown, encoding="utf-8")
    else:
        assert shown.split("\n") == written.split("\n"), "make docs"


def test_each_of_the_ten_queries_shows_rows() -> None:
    found = list(BLOCK.finditer((ROOT / "docs" / "sql.md").read_text(encoding="utf-8")))
    assert [query["kind"] for query in found] == ["sql"] * 10
    for query in found:
        assert not query["skip"]
        assert not query["varies"]
        assert re.search(r"^\([1-9]\d* rows?\)$", query["text"], re.MULTILINE)


def test_links_lead_somewhere() -> None:
    """Links between pages, and to headings in them."""
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if "://" in target:
                continue
            name, _, anchor = target.partition("#")
            file = (path.parent / name).resolve() if name else path
            assert file.exists(), f"{path.relative_to(ROOT)}: {target}"
            if anchor:
                assert anchor in anchors(file), f"{path.relative_to(ROOT)}: {target}"


def anchors(path: Path) -> set[str]:
    """The headings of a page as links name them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in headings}
