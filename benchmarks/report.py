"""The report, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.run import Section
from benchmarks.timing import Samples

NOT_DONE = """- **long peer** (numpy and Polars, binary COPY into long tables): no validation, no rejects, no
  states, notices no change by itself, a revision only when told where; its tables are what users would read.
- **compact peer** (the same, into rows like those of `bars` and `emas`): as above, full builds only, nothing
  compared with what is stored; its rows can't be read as days without our views.
- **plain SQL** (window functions, a window aggregate): N-day bars, full builds only.
- **DuckDB**: N-day bars in its own memory, nothing written back.
- **TA-Lib**: one EMA in memory, nothing read by anyone else."""


def cell(value: Any) -> str:
    """One value of a table."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return str(value)


def markdown(header: dict[str, Any], sections: Sequence[Section]) -> str:
    """The whole report as Markdown."""
    machine, server = header["machine"], header["server"]
    lines = [
        "# Benchmark",
        "",
        f"{header['when']}, {header['seconds']:.0f} s. {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gb']} GB; {machine['system']}; Python {machine['python']}; "
        + ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
        + ".",
        "",
        "PostgreSQL " + ", ".join(f"{name} {value}" for name, value in server.items()) + ".",
        "",
        "Data: " + header["data"],
        "",
        "A time is the median of its runs, the spread (fastest..slowest) behind it; contestants ran in "
        "turn on the same "
        "server. Before a time was taken, both sides gave the same numbers: bars bit for bit, EMAs "
        "within 1e-9.",
        "",
        *[f"**Not measured**, {failure}" for failure in header["failed"]],
        "",
        "What the peers leave out:",
        NOT_DONE,
        "",
    ]
    for section in sections:
        lines += [f"## {section.title}", ""]
        if section.note:
            lines += [section.note, ""]
        lines.append("| " + " | ".join(section.columns) + " |")
        lines.append("|" + "---|" * len(section.columns))
        lines += ["| " + " | ".join(cell(value) for value in row) + " |" for row in section.rows]
        lines.append("")
    return "\n".join(lines)


def as_json(header: dict[str, Any], sections: Sequence[Section], facts: dict[str, Any]) -> str:
    """The same with every sample."""

    def plain(value: Any) -> Any:
        return value.as_json() if isinstance(value, Samples) else str(value)

    tables = [
        {
            "title": s.title,
            "note": s.note,
            "rows": [dict(zip(s.columns, row, strict=True)) for row in s.rows],
        }
        for s in sections
    ]
    return json.dumps({**header, "sections": tables, "facts": facts}, default=plain, indent=1)


def save(
    folder: Path, name: str, header: dict[str, Any], sections: Sequence[Section], facts: dict[str, Any]
) -> Path:
    """Write both; returns the Markdown's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(as_json(header, sections, facts), encoding="utf-8")
    path = folder / f"{name}.md"
    path.write_text(markdown(header, sections), encoding="utf-8")
    return path
