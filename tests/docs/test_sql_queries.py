"""The queries of docs/sql.md give what stands there. UPDATE_DOCS=1 writes what they give into the file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

DOCS = Path(__file__).parents[2] / "docs" / "sql.md"
# A query, and what stands after it.
EXAMPLE = re.compile(r"```sql\n(?P<query>.*?)```\n(?P<answer>\n```text\n.*?```\n)?", re.DOTALL)
MARK = "==== query"


def test_queries_give_what_the_page_shows(
    db: psycopg.Connection[Any], cli: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli("demo")
    assert done.code == 0, done.err
    db.execute("ANALYZE")
    page = DOCS.read_text(encoding="utf-8")
    queries = [found["query"] for found in EXAMPLE.finditer(page)]
    assert len(queries) == 10
    script = tmp_path / "queries.sql"
    script.write_text("".join(f"\\echo {MARK}\n{query}\n" for query in queries), encoding="utf-8")
    arguments = ("-X", "-q", "-v", "ON_ERROR_STOP=1", "-P", "pager=off", "-f", script)
    done = cli("db", "psql", "--", *arguments, env={"PGTZ": "UTC", "PGOPTIONS": "-c DateStyle=ISO"})
    assert done.code == 0, done.err
    answers = iter(done.out.split(f"{MARK}\n")[1:])

    def answered(found: re.Match[str]) -> str:
        lines = "\n".join(line.rstrip() for line in next(answers).rstrip().splitlines())
        return f"```sql\n{found['query']}```\n\n```text\n{lines}\n```\n"

    shown = EXAMPLE.sub(answered, page)
    assert "(0 rows)" not in shown
    if os.environ.get("UPDATE_DOCS"):
        DOCS.write_text(shown, encoding="utf-8")
    assert shown.split("\n") == page.split("\n")
