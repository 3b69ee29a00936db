"""Run the audits of the database, and prove what is stored by building it again."""

from __future__ import annotations

import dataclasses
import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import date, datetime
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from ta_lab2_sql.assets import Asset, resolve, symbols_of
from ta_lab2_sql.errors import WorkFailed, WrongUsage
from ta_lab2_sql.queries import query
from ta_lab2_sql.refresh.connections import cpus
from ta_lab2_sql.schema.version import check_version
from ta_lab2_sql.settings import Settings

if TYPE_CHECKING:
    import psycopg

MOST_WORKERS = 6
SEVERITIES = ("error", "warning", "info")
# For one asset, so that a cluster runs it beside its rows.
ONE = "SELECT * FROM audit_asset(%s, %s)"


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


def run_audit(
    settings: Settings,
    given: Sequence[Asset] | None,
    checks: Sequence[str],
    prove: bool,
    workers: int = MOST_WORKERS,
) -> None:
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
        _refuse_unknown_checks(connection, checks)
        found = _shared(connection, ids, checks)
        found += audit(settings, known if ids is None else ids, checks, workers)
        symbols = symbols_of(connection, sorted({finding.id for finding in found if finding.id is not None}))
    if prove:
        found += _proofs(settings, known if ids is None else ids)
    found.sort(key=_place)
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
    settings: Settings, ids: Sequence[int], checks: Sequence[str] = (), workers: int = MOST_WORKERS
) -> Iterator[Finding]:
    """The findings of some checks (none given: all): a call for each asset, some at once."""
    from psycopg.rows import class_row

    free: SimpleQueue[psycopg.Connection[Any]] = SimpleQueue()

    def one(asset: int) -> list[Finding]:
        connection = free.get()
        try:
            cursor = connection.cursor(row_factory=class_row(Finding))
            return cursor.execute(ONE, (asset, list(checks) or None)).fetchall()
        finally:
            free.put(connection)

    nodes = settings.nodes()
    count = max(1, min(min(workers, cpus()) * len(nodes), len(ids)))
    with ExitStack() as stack:
        connections = [stack.enter_context(nodes[i % len(nodes)].connect("audit")) for i in range(count)]
        for connection in connections:
            free.put(connection)
        pool = stack.enter_context(ThreadPoolExecutor(count))
        try:
            for found in pool.map(one, ids):
                yield from found
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for connection in connections:
                with suppress(Exception):
                    connection.cancel_safe(timeout=2)
            raise


def accept(
    settings: Settings, asset: Asset, check: str, first: date | None, last: date | None, note: str | None
) -> None:
    """Be silent about a check of an asset, for the days first .. last (None: all before, all after)."""
    if first is not None and last is not None and first > last:
        raise WrongUsage(f"{first} is after {last}", "--from and --to", "exchange them")
    with settings.connect("audit accept") as connection:
        check_version(connection)
        _refuse_unknown_checks(connection, [check])
        severity = connection.execute(
            'SELECT severity FROM audit_checks() WHERE "check" = %s', (check,)
        ).fetchone()
        if severity == ("error",):
            raise WrongUsage(
                f"{check} is an error, and errors can't be accepted",
                "the check",
                "docs/reference/audits.md says what to do about it",
            )
        id = _asset(connection, asset)
        values = {"id": id, "check": check, "first": first, "last": last, "note": note}
        connection.execute(query("audit/accept"), values)
    settings.note(f"asset {id}: {check} is accepted{_days(first, last)}")


def revoke(settings: Settings, asset: Asset, check: str, first: date | None, last: date | None) -> None:
    """Tell again what was accepted of a check inside these days."""
    with settings.connect("audit accept") as connection:
        check_version(connection)
        _refuse_unknown_checks(connection, [check])
        id = _asset(connection, asset)
        values = {"id": id, "check": check, "first": first, "last": last}
        gone = connection.execute(query("audit/revoke"), values).rowcount
    settings.note(f"asset {id}: {gone} of {check}{_days(first, last)} no longer accepted")


def accepted(settings: Settings, given: Sequence[Asset] | None) -> list[dict[str, Any]]:
    """What is accepted of some assets (None: all): id, symbol, check, from, to, note."""
    from psycopg.rows import dict_row

    with settings.connect("audit accepted") as connection:
        check_version(connection)
        ids = None if given is None else list(resolve(connection, given))
        cursor = connection.cursor(row_factory=dict_row)
        return cursor.execute(query("audit/accepted"), {"ids": ids}).fetchall()


def _days(first: date | None, last: date | None) -> str:
    return (f" from {first}" if first else "") + (f" to {last}" if last else "")


def _asset(connection: psycopg.Connection[Any], given: Asset) -> int:
    """The id of an asset that is named by its id or its symbol."""
    (asset,) = resolve(connection, [given])
    _refuse_unknown([asset], [id for (id,) in connection.execute("SELECT id FROM assets")])
    return asset


def _shared(
    connection: psycopg.Connection[Any], ids: Sequence[int] | None, checks: Sequence[str]
) -> list[Finding]:
    """What is no asset's own."""
    from psycopg.rows import class_row

    cursor = connection.cursor(row_factory=class_row(Finding))
    parameters = (None if ids is None else list(ids), list(checks) or None)
    return cursor.execute("SELECT * FROM audit_shared(%s, %s)", parameters).fetchall()


def _refuse_unknown_checks(connection: psycopg.Connection[Any], checks: Sequence[str]) -> None:
    catalogue = [name for (name,) in connection.execute('SELECT "check" FROM audit_checks()')]
    for check in checks:
        if check not in catalogue:
            near = difflib.get_close_matches(check, catalogue, n=3, cutoff=0.4)
            todo = f"did you mean {' or '.join(near)}?" if near else "SELECT * FROM audit_checks() lists them"
            raise WrongUsage(f"unknown check '{check}'", "--check", todo)


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
                    cursor.execute(query("audit/prove_assets"), {"id": asset})
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


def _place(finding: Finding) -> tuple[int, int, str, str, int, str]:
    """Errors first; the same findings always stand in the same order."""
    place = (SEVERITIES.index(finding.severity), finding.id or 0, finding.check, finding.tf or "")
    return (*place, finding.period or 0, str(finding.detail.get("variant", "")))


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
