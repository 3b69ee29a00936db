"""Examine server, privileges, settings, disk, clock and catalogue."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import click

from ta_lab2_sql import calendars
from ta_lab2_sql.errors import WorkFailed, one_line
from ta_lab2_sql.queries import query
from ta_lab2_sql.schema import distribute
from ta_lab2_sql.schema.migration import pending
from ta_lab2_sql.settings import Settings, pass_settings

if TYPE_CHECKING:
    import psycopg

MB = 1 << 20
OLDEST, NEWEST = 15, 18


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: ok, a warning (it works, but), or an error (it won't)."""

    check: str
    verdict: str
    found: str
    advice: str | None = None


@click.command()
@pass_settings
def command(settings: Settings) -> None:
    """Examine the server, the role's privileges, settings that cost speed, locale, disk, clock and catalogue.

    A warning works, but slowly or not safely; an error won't work: exit 1.

    \b
    Example:
      ta-lab2 doctor
    """
    findings = list(_examine(settings))
    settings.show(findings, title=f"doctor: {settings.masked_url()}")
    errors = [finding for finding in findings if finding.verdict == "error"]
    if errors:
        more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
        raise WorkFailed(
            f"{errors[0].check}: {errors[0].found}{more}", settings.masked_url(), errors[0].advice
        )


def _examine(settings: Settings) -> Iterator[Finding]:
    from psycopg.rows import dict_row

    with settings.connect("doctor") as connection, connection.cursor(row_factory=dict_row) as cursor:
        behind = pending(connection)
        if behind:
            more = f" and {len(behind) - 1} more" if len(behind) > 1 else ""
            told = connection.info.parameter_status("server_version")
            yield _server(connection.info.server_version // 10000, told or "?")
            yield Finding(
                "version", "error", f"the database is behind: {behind[0]}{more}", "run ta-lab2 migrate"
            )
            return
        facts = cursor.execute(query("commands/doctor"), {}).fetchone()
        assert facts is not None
        sent = datetime.now(timezone.utc)
        yield _server(facts["server_number"] // 10000, facts["server_version"])
        yield Finding("version", "ok", "the database is at this version of ta-lab2")
        yield from _privileges(facts)
        yield from _speed(facts)
        yield from _safety(facts)
        yield from _locale(facts)
        yield _clock(cursor, sent, facts["zone"])
        yield _disk(settings, facts)
        yield from _catalogue(facts)
        yield from _calendars(connection)
        if distribute.layout(connection).kind == "citus":
            nodes = cursor.execute(query("commands/doctor_nodes"), {}).fetchall()
            yield from _nodes(nodes)


def _server(major: int, version: str) -> Finding:
    if major < OLDEST:
        return Finding("server", "error", f"PostgreSQL {version}", f"use PostgreSQL {OLDEST} to {NEWEST}")
    if major > NEWEST:
        return Finding("server", "warning", f"PostgreSQL {version}", f"tested with {OLDEST} to {NEWEST}")
    return Finding("server", "ok", f"PostgreSQL {version}")


def _privileges(facts: dict[str, Any]) -> Iterator[Finding]:
    role = facts["role"]
    lacking = [*(facts["lacking"] or []), *(f"EXECUTE on {name}" for name in facts["not_executable"] or [])]
    if facts["read_only"] == "on":
        yield Finding(
            "privileges", "warning", "transactions are read only", "a refresh needs the primary server"
        )
    elif lacking:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        yield Finding(
            "privileges",
            "warning",
            f"role {role} has no {lacking[0]}{more}",
            "grant it if this role shall refresh",
        )
    else:
        work = {"refresh": True, "load": facts["may_load"], "migrate": facts["may_create"]}
        may = [name for name, allowed in work.items() if allowed]
        denied = [name for name, allowed in work.items() if not allowed]
        told = " and ".join(filter(None, (", ".join(may[:-1]), may[-1])))
        lacks = f", not {' or '.join(denied)}" if denied else ""
        yield Finding("privileges", "ok", f"role {role} may {told}{lacks}")


def _speed(facts: dict[str, Any]) -> Iterator[Finding]:
    if facts["jit"] == "on":
        yield Finding(
            "jit",
            "warning",
            "on: what reads a whole asset is compiled first, which may take seconds",
            f"ALTER DATABASE {facts['database']} SET jit TO off",
        )
    else:
        yield Finding("jit", "ok", "off")
    buffers = facts["shared_buffers"]
    if buffers < 128 * MB:
        yield Finding("shared_buffers", "warning", f"{buffers // MB} MB", "set 128 MB or more")
    else:
        yield Finding("shared_buffers", "ok", f"{buffers // MB} MB")
    memory = facts["work_mem"]
    verdict, advice = ("ok", None) if memory >= 4 * MB else ("warning", "set 4 MB or more")
    yield Finding("work_mem", verdict, f"{memory // 1024} kB", advice)
    free = facts["max_connections"] - facts["connections"]
    if free < 8:
        yield Finding(
            "connections", "warning", f"{free} left", "raise max_connections, or use fewer --workers"
        )
    else:
        yield Finding("connections", "ok", f"{free} of {facts['max_connections']} left")


def _safety(facts: dict[str, Any]) -> Iterator[Finding]:
    unsafe = [name for name in ("fsync", "full_page_writes") if facts[name] == "off"]
    if unsafe:
        yield Finding(
            "durability", "warning", f"{' and '.join(unsafe)} off: a crash loses data", "turn it on"
        )
    else:
        yield Finding("durability", "ok", f"synchronous_commit {facts['synchronous_commit']}")
    if facts["autovacuum"] == "off":
        yield Finding("autovacuum", "warning", "off: tables will bloat", "turn it on")


def _locale(facts: dict[str, Any]) -> Iterator[Finding]:
    if facts["encoding"] != "UTF8":
        yield Finding(
            "encoding", "warning", facts["encoding"], "names outside of it can't be loaded; use UTF8"
        )
    else:
        yield Finding("encoding", "ok", f"UTF8, collation {facts['collation']}")
    if facts["collation_moved"]:
        yield Finding(
            "collation",
            "warning",
            "the operating system sorts text otherwise than when the database was made",
            "REINDEX DATABASE, then ALTER DATABASE .. REFRESH COLLATION VERSION",
        )


def _clock(cursor: psycopg.Cursor[Any], sent: datetime, zone: str) -> Finding:
    row = cursor.execute("SELECT clock_timestamp() AS now").fetchone()
    assert row is not None
    received = datetime.now(timezone.utc)
    off = max((sent - row["now"]).total_seconds(), (row["now"] - received).total_seconds(), 0.0)
    if off > 5:
        return Finding(
            "clock", "warning", f"server and client differ by {off:.0f} s", "synchronise both clocks"
        )
    return Finding("clock", "ok", f"server and client agree; the server shows times in {zone}")


def _disk(settings: Settings, facts: dict[str, Any]) -> Finding:
    size = f"database {facts['database_size'] // MB} MB"
    if settings.source() != "embedded server":
        return Finding("disk", "ok", size)
    from ta_lab2_sql import server

    free = shutil.disk_usage(server.data_folder()).free
    found = f"{size}, {free // MB:,} MB free"
    if free < max(512 * MB, facts["database_size"]):
        return Finding("disk", "warning", found, "make room: a full rebuild may double the tables")
    return Finding("disk", "ok", found)


def _catalogue(facts: dict[str, Any]) -> Iterator[Finding]:
    if not facts["has_1d"]:
        yield Finding(
            "catalogue", "error", "no canonical timeframe 1D", "INSERT INTO dim_timeframe (tf) VALUES ('1D')"
        )
    elif not facts["periods"]:
        yield Finding(
            "catalogue", "warning", "no periods: no EMAs", "INSERT INTO dim_period (period) VALUES (21)"
        )
    elif facts["alphas_missing"]:
        yield Finding(
            "catalogue", "warning", f"{facts['alphas_missing']} alphas missing", "SELECT sync_ema_alpha()"
        )
    else:
        yield Finding("catalogue", "ok", f"{facts['timeframes']} timeframes, {facts['periods']} periods")
    if facts["triggers_off"]:
        yield Finding(
            "triggers",
            "warning",
            f"disabled on cmc_price_histories7: {', '.join(facts['triggers_off'])}",
            "ALTER TABLE cmc_price_histories7 ENABLE TRIGGER USER; changes since need refresh --full-rebuild",
        )
    elif not facts["triggers"]:
        yield Finding(
            "triggers", "warning", "none: only ta-lab2 load notes changes", "write by ta-lab2 load alone"
        )
    else:
        yield Finding("triggers", "ok", "changes of raw days are noted")


def _calendars(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    """Calendars of assets that end; nothing where no asset is on one."""
    for row in calendars.ends(connection):
        shipped = row["source"] == calendars.SHIPPED_SOURCE
        advice = (
            "a newer ta-lab2 may know more: ta-lab2 calendars import "
            if shipped
            else "ta-lab2 calendars close its days off, or import a newer file: ta-lab2 calendars import "
        )
        yield Finding("calendar", "warning", calendars.told_end(row), advice + row["calendar"])


def _nodes(nodes: list[dict[str, Any]]) -> Iterator[Finding]:
    """Each node of a cluster: what costs speed there, and what would give other results than elsewhere."""
    first = next((row["facts"] for row in nodes if row["is_coordinator"]), None) or {}
    same = {
        "server": ("warning", "runs PostgreSQL {}, the coordinator {}", "give all nodes the same version"),
        "extension": ("error", "has citus {}, the coordinator {}", "ALTER EXTENSION citus UPDATE on it"),
        "zones": ("error", "knows other clocks of time zones", "give all nodes the same tzdata"),
    }
    for row in nodes:
        facts, name = row["facts"], f"node {row['node']}"
        if facts is None:
            yield Finding(name, "error", f"doesn't answer: {one_line(row['told'] or '')}", "see that it runs")
            continue
        differs = [key for key in same if facts[key] != first.get(key, facts[key])]
        for key in differs:
            verdict, found, advice = same[key]
            yield Finding(name, verdict, found.format(facts[key], first[key]), advice)
        if facts["jit"] == "on":
            yield Finding(
                name,
                "warning",
                "jit on: views that go to all shards pay for it on each",
                "ALTER SYSTEM SET jit TO off there, and SELECT pg_reload_conf()",
            )
        elif not differs:
            yield Finding(name, "ok", f"PostgreSQL {facts['server']}, citus {facts['extension']}, jit off")
