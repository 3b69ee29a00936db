"""The reference, made of what the code says of itself: help texts, headers of SQL files, comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import psycopg

from ta_lab2_sql.schema.version import OBJECTS_TABLE

ROOT = Path(__file__).parents[1]
FUNCTIONS = ROOT / "sql" / "functions"

# What people call; everything else serves these.
CALLED = {
    "Refresh": ("refresh_bars", "refresh_emas", "refresh_plan", "sync_ema_alpha"),
    "Read": ("bar_snapshots", "ema_series", "ema_matrix", "bar_windows", "bars_summary", "emas_summary"),
    "Assets": ("asset_id", "add_asset", "set_assets"),
    "Audit": ("audit_all", "audit_asset", "audit_checks"),
}
PARAMETERS = re.compile(r"^ {2,3}(p_\w+(?:(?:, +| *\.\. +)p_\w+)*,?)(?: {2,}(.*))?$")
FIELDS = re.compile(r"(?:^|(?<=\s))(Returns|Rows|Errors|Locks|Cost|Rule)(?: {2,}|$)")


@dataclass
class Header:
    """The comment at the top of a SQL file and the signature under it."""

    name: str
    path: str
    signature: str
    sentence: str
    parameters: list[tuple[str, str]] = field(default_factory=list)
    fields: list[tuple[str, str]] = field(default_factory=list)

    @property
    def area(self) -> str:
        return self.path.split("/")[2]


def headers() -> list[Header]:
    """The functions, by name, those of one asset before those of many."""
    found = [read_header(path) for path in FUNCTIONS.rglob("*.sql")]
    return sorted(found, key=lambda header: (header.name, header.path))


def read_header(path: Path) -> Header:
    lines = path.read_text(encoding="utf-8").splitlines()
    count = next(number for number, line in enumerate(lines) if not line.startswith("--"))
    comment = [line[2:].rstrip() for line in lines[:count]]
    name, _, first = comment[0].strip().partition(": ")
    text = "\n".join(lines[count:])
    match = re.search(r"CREATE OR REPLACE FUNCTION (.*?)\n(?:LANGUAGE|AS)", text, re.DOTALL)
    assert match, path
    signature = re.sub(r"--[^\n]*", "", match[1])
    header = Header(name, path.relative_to(ROOT).as_posix(), tidy(signature), "")
    prose = [first]
    target = prose
    for line in comment[1:]:
        parameters = PARAMETERS.match(line)
        if parameters and (target is not prose or not FIELDS.search(" ".join(prose))):
            names, told = parameters[1], parameters[2] or ""
            if header.parameters and header.parameters[-1][0].endswith(","):
                names = f"{header.parameters.pop()[0]} {names}"
            header.parameters.append((names, told))
            target = []
        elif FIELDS.match(line.strip()) or target is prose:
            target = prose
            prose.append(line.strip())
        else:
            names, told = header.parameters.pop()
            header.parameters.append((names, f"{told} {line.strip()}"))
    parts = FIELDS.split(" ".join(prose))
    header.sentence = clean(parts[0])
    header.fields = [(key, clean(told)) for key, told in zip(parts[1::2], parts[2::2], strict=True)]
    return header


def clean(text: str) -> str:
    """One line, with names that Markdown would bend kept as they are."""
    text = " ".join(text.split()).strip()
    text = re.sub(r"(?<![\w`/])([\w.]*_[\w.]*\w|\w+_\.\.)(?![\w`])", r"`\1`", text)
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def tidy(signature: str) -> str:
    """The signature in one form, whatever the file's line breaks: an argument a line when it is long."""
    name, _, rest = signature.partition("(")
    arguments, result = close(rest)
    listed = [" ".join(argument.split()) for argument in split(arguments)]
    result = " ".join(result.split()).replace("RETURNS TABLE ( ", "RETURNS TABLE (").replace(" )", ")")
    line = f"{name}({', '.join(listed)})"
    if len(line) > 100:
        line = f"{name}(\n    " + ",\n    ".join(listed) + ")"
    columns = re.match(r"RETURNS TABLE \((.*)\)$", result)
    if columns and len(result) > 100:
        result = "RETURNS TABLE (\n    " + ",\n    ".join(split(columns[1])) + ")"
    return f"{line}\n{result}"


def close(text: str) -> tuple[str, str]:
    """Split at the parenthesis that closes one opened before."""
    depth = 1
    for number, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if not depth:
            return text[:number], text[number + 1 :]
    raise ValueError(text)


def split(text: str) -> list[str]:
    """Split at commas outside parentheses."""
    return [part.strip() for part in re.split(r",(?![^()]*\))", text) if part.strip()]


def functions_page() -> str:
    """docs/reference/sql.md"""
    found = headers()
    names = {name for group in CALLED.values() for name in group}
    audits = [h.name for h in found if h.name.startswith("audit_") and h.name not in names]
    out = [
        "# SQL functions",
        "",
        made_by(),
        "",
        "Parameters count as interface: call them by name (`p_full => true`). SQLSTATEs are explained in",
        "[architecture](../explanation/architecture.md#errors). Relations to select from are in",
        "[relations](relations.md).",
        "",
    ]
    for group, members in CALLED.items():
        out += [f"## {group}", ""]
        for name in members:
            for header in (h for h in found if h.name == name):
                out += section(header)
    out += ["### The audits one by one", "", "| function | judges |", "|---|---|"]
    out += [f"| `{h.name}` | {h.sentence} |" for h in found if h.name in audits]
    out += [
        "",
        "Groups and `audit_shared` take `p_ids int[] DEFAULT NULL`, the others `p_id int`; all return what",
        "`audit_all` returns;",
        "[audits](audits.md) explains the checks.",
        "",
        "## What these are made of",
        "",
        "Not meant to be called from outside; they may change from version to version. The files are in",
        "`sql/functions/AREA/NAME.sql`, each with its parameters, errors and cost.",
        "",
    ]
    inner = [h for h in found if h.name not in names and h.name not in audits]
    for area in sorted({h.area for h in inner}):
        out += [f"### {area}", "", "| function | does |", "|---|---|"]
        out += [f"| `{h.name}` | {h.sentence} |" for h in inner if h.area == area]
        out.append("")
    return page(out)


def section(header: Header) -> Iterator[str]:
    many = " (many assets)" if header.path.endswith("_of_many.sql") else ""
    yield from (f"### {header.name}{many}", "", f"{header.sentence[:1].upper()}{header.sentence[1:]}", "")
    yield from ("```text", *header.signature.splitlines(), "```", "")
    if header.parameters:
        yield from ("| parameter | meaning |", "|---|---|")
        for names, told in header.parameters:
            listed = re.sub(r"p_\w+", lambda found: f"`{found[0]}`", names)
            yield f"| {listed} | {clean(told)} |"
        yield ""
    for key, told in header.fields:
        yield f"- **{key}**: {told}"
    yield from (f"- **Source**: `{header.path}`", "")


def commands_page() -> str:
    """docs/reference/commands.md"""
    from ta_lab2_sql.cli import cli

    out = [
        "# Commands",
        "",
        made_by(),
        "",
        "Options of the whole program stand before the command: `ta-lab2 --json status`. Exit codes: 0 done;",
        "1 finished with failures, with rejects under `--fail-on-rejects`, with errors of an audit, or with",
        "something older than `--max-age`; 2 wrong usage; 3 the database can't be used; 130 interrupted.",
        "Errors go to stderr as one line: what, where, what to do. A reader that leaves early (`| head`) is",
        "no failure: the work goes on, and only an export to stdout ends with its reader.",
        "",
        "Environment: `TA_LAB2_DATABASE_URL`, `DATABASE_URL` or the `PG*` variables name the database, in",
        "this order; `TA_LAB2_HOME` is the folder of the embedded server; `NO_COLOR` turns colours off.",
        "",
        *help_of(cli, "ta-lab2", None, 2),
    ]
    return page(out)


def help_of(command: click.Command, name: str, parent: click.Context | None, level: int) -> Iterator[str]:
    context = click.Context(
        command,
        info_name=name,
        parent=parent,
        terminal_width=84,
        max_content_width=84,
        help_option_names=["-h", "--help"],
    )
    title = context.command_path
    yield from (f"{'#' * level} {title}", "", "```text", *command.get_help(context).splitlines(), "```", "")
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None and not found.hidden:
                yield from help_of(found, inner, context, 2 if parent is None else 3)


COLUMNS = """
SELECT
    c.relname,
    c.relkind IN ('r', 'p') AS is_table,
    coalesce(obj_description(c.oid, 'pg_class'), '') AS told,
    (
        SELECT string_agg(a.attname, ', ' ORDER BY k.position)
        FROM pg_index AS i
        CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, position)
        JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
        WHERE i.indrelid = c.oid AND i.indisprimary
    ) AS key,
    (
        SELECT json_agg(json_build_array(
            a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated <> '',
            coalesce(col_description(c.oid, a.attnum), '')) ORDER BY a.attnum)
        FROM pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS columns
FROM pg_class AS c
WHERE
    c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v')
    AND NOT c.relispartition
ORDER BY c.relname
"""
SHORT = {
    "timestamp with time zone": "timestamptz",
    "double precision": "float8",
    "double precision[]": "float8[]",
    "integer": "int",
    "integer[]": "int[]",
}
# Relations by what people look for; what isn't named here serves the others.
GROUPS = {
    "Raw and validated days": (
        "cmc_price_histories7", "cmc_price_bars_1d", "cmc_price_bars_1d_rejects", "cmc_price_bars_1d_state",
    ),
    "Bars": (
        "cmc_price_bars_multi_tf", "cmc_price_bars_multi_tf_cal_us", "cmc_price_bars_multi_tf_cal_iso",
        "cmc_price_bars_multi_tf_cal_anchor_us", "cmc_price_bars_multi_tf_cal_anchor_iso", "bars_latest",
        "cmc_price_bars_multi_tf_state", "cmc_price_bars_multi_tf_cal_us_state",
        "cmc_price_bars_multi_tf_cal_iso_state", "cmc_price_bars_multi_tf_cal_anchor_us_state",
        "cmc_price_bars_multi_tf_cal_anchor_iso_state",
    ),
    "EMAs": (
        "cmc_ema_multi_tf", "cmc_ema_multi_tf_v2", "cmc_ema_multi_tf_cal_us", "cmc_ema_multi_tf_cal_iso",
        "cmc_ema_multi_tf_cal_anchor_us", "cmc_ema_multi_tf_cal_anchor_iso", "cmc_ema_multi_tf_u",
        "emas_latest", "cmc_ema_multi_tf_state", "cmc_ema_multi_tf_v2_state",
        "cmc_ema_multi_tf_cal_us_state", "cmc_ema_multi_tf_cal_iso_state",
        "cmc_ema_multi_tf_cal_anchor_us_state", "cmc_ema_multi_tf_cal_anchor_iso_state",
    ),
    "Catalogues": ("dim_timeframe", "dim_period", "ema_alpha"),
    "What is stored": ("bars", "bars_state", "emas", "emas_state"),
}  # fmt: skip


def relations_page(connection: psycopg.Connection[Any]) -> str:
    """docs/reference/relations.md"""
    found = {row[0]: row for row in connection.execute(COLUMNS)}
    grouped = {name for names in GROUPS.values() for name in names}
    assert grouped <= set(found), grouped - set(found)
    out = [
        "# Relations",
        "",
        made_by(),
        "",
        "Everything can be read with plain SELECT; in psql, `\\d+ RELATION` tells the same. Times are",
        "`timestamptz`, prices `float8`. How the values come about is told in [bars](../semantics/bars.md),",
        "[calendars](../semantics/calendars.md) and [EMAs](../semantics/emas.md).",
        "",
    ]
    rest = tuple(name for name in found if name not in grouped)
    for group, names in {**GROUPS, "Inside": rest}.items():
        out += [f"## {group}", ""]
        if group == "Inside":
            out += ["What the others are made of; it may change from version to version.", ""]
        shown: dict[str, str] = {}
        for name in names:
            _, is_table, told, key, columns = found[name]
            if name == OBJECTS_TABLE:
                # Its comment is the mark of the version, which every change of an SQL file moves.
                told = "which SQL files are installed; its comment is the mark of their version"
            out += [f"### {name}", "", f"{'Table' if is_table else 'View'}: {clean(told)}", ""]
            if key:
                out += [f"Key: {key}.", ""]
            body = list(table(columns, is_table))
            twin = shown.setdefault("\n".join(body), name)
            out += body if twin == name else [f"Columns as [{twin}](#{twin})."]
            out.append("")
    return page(out)


def table(columns: list[list[Any]], is_table: bool) -> Iterator[str]:
    yield from ("| column | type | meaning |", "|---|---|---|")
    for name, kind, required, generated, told in columns:
        short = SHORT.get(kind, kind)
        note = ", not null" if required and is_table else ""
        yield f"| `{name}` | {short}{note}{', generated' if generated else ''} | {clean(told)} |"


def made_by() -> str:
    return "<!-- Written by `make docs` from the code; change it there. -->"


def page(lines: list[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"
