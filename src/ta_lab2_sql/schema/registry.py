"""Where every table lives: split by asset, on every node, or on one; read from sql/registry.txt."""

from __future__ import annotations

import dataclasses

from ta_lab2_sql.errors import WorkFailed
from ta_lab2_sql.schema import files

KINDS = ("DISTRIBUTED", "REFERENCE", "LOCAL", "DELEGATED")


@dataclasses.dataclass(frozen=True, slots=True)
class Registry:
    """Names in the order of the file."""

    distributed: tuple[str, ...]
    reference: tuple[str, ...]
    local: tuple[str, ...]
    delegated: tuple[str, ...]

    @property
    def tables(self) -> tuple[str, ...]:
        """All tables."""
        return (*self.distributed, *self.reference, *self.local)


def read() -> Registry:
    """The registry of this version."""
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    seen: set[str] = set()
    text = (files.resources("sql") / "registry.txt").read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        kind, _, name = line.partition(" ")
        if kind not in found or not name or name in seen:
            raise WorkFailed(
                f"'{line}' is no entry, or a second one", f"sql/registry.txt:{number}", "correct it"
            )
        seen.add(name)
        found[kind].append(name)
    return Registry(*(tuple(found[kind]) for kind in KINDS))
