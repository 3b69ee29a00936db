"""The reference says what the code says. UPDATE_DOCS=1 (make docs) writes it anew."""

from __future__ import annotations

import os
import re
from typing import Any

import psycopg
import reference_pages as reference

FOLDER = reference.ROOT / "docs" / "reference"


def compare(name: str, wanted: str) -> None:
    path = FOLDER / name
    if os.environ.get("UPDATE_DOCS"):
        path.write_text(wanted, encoding="utf-8")
    there = path.read_text(encoding="utf-8")
    assert there.split("\n") == wanted.split("\n"), f"{name} is behind the code: make docs"


def test_commands() -> None:
    compare("commands.md", reference.commands_page())


def test_functions() -> None:
    compare("sql.md", reference.functions_page())


def test_relations(db: psycopg.Connection[Any]) -> None:
    compare("relations.md", reference.relations_page(db))


def test_every_function_says_what_it_takes_and_gives() -> None:
    """A header names every parameter, and says what comes back, what can go wrong and what it costs."""
    for header in reference.headers():
        told = {key for key, _ in header.fields}
        assert header.sentence, header.path
        assert (
            {"Errors", "Cost"} <= told
            or "RETURNS trigger" in header.signature
            or ("always" in dict(header.fields).get("Errors", ""))
        ), (header.path, told)


def test_every_error_is_explained() -> None:
    """SQLSTATEs raised anywhere stand in the table of errors, and no others."""
    code = "".join(path.read_text(encoding="utf-8") for path in (reference.ROOT / "sql").rglob("*.sql"))
    code += "".join(path.read_text(encoding="utf-8") for path in (reference.ROOT / "src").rglob("*.py"))
    raised = set(re.findall(r"TA0\d\d", code))
    page = (reference.ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(TA0\d\d)` \|", page, re.MULTILINE)) == raised


def test_every_dependency_has_its_reason() -> None:
    project = (reference.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    wanted = project[project.index("dependencies = [") : project.index("[project.scripts]")]
    names = set(re.findall(r'"([A-Za-z][\w-]*)(?:\[\w+\])?>=', wanted))
    page = (FOLDER / "dependencies.md").read_text(encoding="utf-8")
    assert {name for name in names if f"| {name} |" not in page} == set()
