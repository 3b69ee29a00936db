"""The rooms of the package: who may import whom. Read from the real imports, those inside functions too."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "ta_lab2_sql"
# From the bottom up, a room a line; imports go down, or sideways in a room of several modules.
FLOORS = """
_version
errors
pipes table whole_file queries
server
settings
schema
taxonomy
assets runs columns
calendars
load refresh frames
audit
export
plot
options
commands
cli
__init__ __main__
"""
FLOOR = {room: number for number, line in enumerate(FLOORS.split("\n")) for room in line.split()}


def module_of(path: Path) -> str:
    """The dotted name inside the package; the package itself is __init__."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in PACKAGE.rglob("*.py")}


def imports_of(module: str) -> set[str]:
    """The modules of the package that a module names in imports, wherever they stand in it."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] != PACKAGE.name:
                continue
            inside = name.removeprefix(PACKAGE.name).removeprefix(".")
            # What is imported from a module is the module itself when no module has that name.
            while inside and inside not in MODULES:
                inside = inside.rpartition(".")[0]
            found.add(inside or "__init__")
    return found - {module}


GRAPH = {module: imports_of(module) for module in MODULES}


def room(module: str) -> str:
    return module.split(".")[0]


def test_every_room_has_its_floor() -> None:
    assert {room(module) for module in MODULES} == set(FLOOR)
    # The test would see nothing if it read nothing.
    assert "schema.version" in GRAPH["commands.assets"]


def test_no_arrow_leads_upwards_or_sideways() -> None:
    wrong = [
        f"{module} -> {other}"
        for module, others in GRAPH.items()
        for other in others
        if room(other) != room(module) and FLOOR[room(other)] >= FLOOR[room(module)]
    ]
    assert wrong == []


def test_commands_do_not_know_each_other() -> None:
    assert [
        f"{module} -> {other}"
        for module, others in GRAPH.items()
        for other in others
        if module.startswith("commands.") and other.startswith("commands.")
    ] == []


def test_no_imports_in_circles() -> None:
    """Modules whose imports are all settled are taken away until none is left."""
    left = dict(GRAPH)
    while settled := [module for module, others in left.items() if not others & set(left)]:
        for module in settled:
            del left[module]
    assert left == {}


def test_every_query_is_sent_and_lies_in_the_room_that_sends_it() -> None:
    queries = PACKAGE / "queries"
    for path in queries.rglob("*.sql"):
        folder, name = path.relative_to(queries).parts
        sources = [PACKAGE / f"{folder}.py", *(PACKAGE / folder).rglob("*.py")]
        text = "".join(source.read_text(encoding="utf-8") for source in sources if source.exists())
        # Or is a part of one that is.
        text += "".join(
            f'"{line[3:]}"'
            for other in path.parent.glob("*.sql")
            for line in other.read_text(encoding="utf-8").splitlines()
            if line.startswith("\\i ")
        )
        stage = f'"{folder}/{{' in text and name in ("bars.sql", "emas.sql")
        assert stage or f'"{folder}/{name.removesuffix(".sql")}"' in text, path
