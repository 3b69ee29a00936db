"""Run the audits of the database, and prove what is stored by building it again."""

from __future__ import annotations

import dataclasses
import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ta_lab2_sql.assets import Asset, resolve, symbols_of
from ta_lab2_sql.errors import WorkFailed, WrongUsage
from ta_lab2_sql.queries import query
from ta_lab2_sql.schema.version import check_version
from ta_lab2_sql.settings import Settings

if TYPE_CHECKING:
    import psycopg

# Assets in one call: enough for its overhead to vanish, few enough for the server's memory.
ASSETS = 25
# Reads every row of the long relations; only when one of its checks is asked for.
ON_REQUEST = "audit_emas_rows"
SEVERITIES = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Finding:
    """What an audit found; ts is the first offence."""

    severity: str
    check: str
    id: int | None
    tf: str | None
    period: int | None
    ts: datetime | None
    detail: dict[str, Any]


def run_audit(settings: Settings, given: Sequence[Asset] | None, checks: Sequence[str], prove: bool) -> None:
    """Print the findings; raise when one of them is an error."""
    with settings.connect("audit") as connection:
        check_version(connection)
        ids = None if given is None else resolve(connection, given)
        if prove:
            from ta_lab2_sql.schema import distribute

            # Stored rows lie on workers, rebuilt ones in temporary tables of one session.
            if distribute.layout(connection).kind == "citus":
                raise WrongUsage(
                    "a cluster can't be proved", "--prove", "load the raw days into one server, prove there"
                )
        known = [asset for (asset,) in connection.execute("SELECT asset_ids()")]
        _refuse_unknown(ids, known)
        found = list(audit(connection, ids, known, checks))
        symbols = symbols_of(connection, sorted({finding.id for finding in found if finding.id is not None}))
    if prove:
        found += _proofs(settings, known if ids is None else ids)
    found.sort(key=lambda f: (SEVERITIES.index(f.severity), f.id or 0, f.check, f.tf or "", f.period or 0))
    counts = Counter(finding.severity for finding in found)
    if not (settings.json or settings.verbose or checks):
        found = [finding for finding in found if finding.severity != "info"]
    settings.show([_shown(settings, finding, symbols) for finding in found], title="findings")
    settings.note(", ".join(f"{counts[s]} {s}{'' if counts[s] == 1 else 's'}" for s in SEVERITIES))
    if counts["error"]:
        assets = sorted({finding.id for finding in found if finding.severity == "error" and finding.id})
        where = f"asset{'' if len(assets) == 1 else 's'} {', '.join(map(str, assets[:10]))}"
        raise WorkFailed(
            f"{counts['error']} audit error{'' if counts['error'] == 1 else 's'}",
            where + (", .." if len(assets) > 10 else "") if assets else "the database",
            "what to do stands in docs/reference/audits.md",
        )


def audit(
    connection: psycopg.Connection[Any],
    ids: Sequence[int] | None,
    known: Sequence[int],
    checks: Sequence[str] = (),
) -> Iterator[Finding]:
    """The findings of some checks (none given: all), some assets at a time."""
    from psycopg import sql
    from psycopg.rows import class_row

    functions = _functions(connection, checks)
    if ids is None and len(known) <= ASSETS:
        pieces: list[list[int] | None] = [None]
    else:
        wanted = list(known if ids is None else ids)
        pieces = [wanted[i : i + ASSETS] for i in range(0, len(wanted), ASSETS)]
    shared: list[Finding] = []
    cursor = connection.cursor(row_factory=class_row(Finding))
    for piece in pieces:
        for function in functions:
            statement = sql.SQL("SELECT * FROM {}(%s)").format(sql.Identifier(function))
            for finding in cursor.execute(statement, (piece,)):
                if (checks and finding.check not in checks) or finding in shared:
                    continue
                if finding.id is None:
                    shared.append(finding)  # about no asset, so every piece has it
                yield finding


def _functions(connection: psycopg.Connection[Any], checks: Sequence[str]) -> list[str]:
    """The functions that make these checks, each once."""
    catalogue = dict(connection.execute('SELECT "check", audit FROM audit_checks()').fetchall())
    for check in checks:
        if check not in catalogue:
            near = difflib.get_close_matches(check, catalogue, n=3, cutoff=0.4)
            todo = f"did you mean {' or '.join(near)}?" if near else "SELECT * FROM audit_checks() lists them"
            raise WrongUsage(f"unknown check '{check}'", "--check", todo)
    wanted = dict.fromkeys(catalogue[check] for check in checks or catalogue)
    return [function for function in wanted if checks or function != ON_REQUEST]


def _refuse_unknown(ids: Sequence[int] | None, known: Sequence[int]) -> None:
    for asset in ids or ():
        if asset not in known:
            near = difflib.get_close_matches(str(asset), map(str, known), n=3, cutoff=0.4)
            todo = f"did you mean {' or '.join(near)}?" if near else "ta-lab2 assets lists the ids"
            raise WrongUsage(f"asset {asset} is not loaded", "--ids", todo)


def _proofs(settings: Settings, ids: Sequence[int]) -> Iterator[Finding]:
    """Build each asset again in temporary tables, which hide the stored ones from the functions."""
    import psycopg
    from psycopg.rows import dict_row

    for asset in ids:
        # A session for each: plans and types that functions remember are those of its temporary tables.
        with settings.connect("audit --prove") as connection:
            cursor = connection.cursor(row_factory=dict_row)
            try:
                with connection.transaction(force_rollback=True):
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                    cursor.execute(query("audit/prove_tables"))
                    cursor.execute(query("audit/prove_bars"), {"id": asset})
                    cursor.execute(query("audit/prove_emas"), {"id": asset})
                    rows = cursor.execute(query("audit/prove_compare"), {"id": asset}).fetchall()
            except psycopg.DatabaseError as error:
                if error.sqlstate is None or not error.sqlstate.startswith("TA"):
                    raise
                detail = {"sqlstate": error.sqlstate, "message": error.diag.message_primary}
                yield Finding("error", "rebuild_fails", asset, None, None, None, detail)
                continue
        told = ", ".join(f"{row['rebuilt']} {row['relation']}" for row in rows if row["rebuilt"])
        settings.note(f"asset {asset}: rebuilt rows of {told or 'nothing'}")
        for row in rows:
            if row["differing"]:
                detail = {k: row[k] for k in ("relation", "stored", "rebuilt", "differing")}
                severity = "warning" if row["is_behind"] else "error"
                yield Finding(severity, "rebuild_differs", asset, None, None, None, detail)


def _shown(settings: Settings, finding: Finding, symbols: dict[int, str]) -> Any:
    symbol = None if finding.id is None else symbols.get(finding.id)
    if settings.json:
        return {**dataclasses.asdict(finding), "symbol": symbol}
    told = "; ".join(f"{name} {_brief(value)}" for name, value in finding.detail.items())
    return {
        "severity": finding.severity,
        "check": finding.check,
        "id": finding.id,
        **({"symbol": symbol} if symbols else {}),
        "tf": finding.tf,
        "period": finding.period,
        "ts": finding.ts,
        "detail": told,
    }


def _brief(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value[:6])) + (f", .. ({len(value)})" if len(value) > 6 else "")
    return f"{value:.6g}" if isinstance(value, float) else str(value)
