"""Connections of the driver to its servers, and what this machine has to work with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ta_lab2_sql import errors
from ta_lab2_sql.settings import Settings

if TYPE_CHECKING:
    import psycopg

# A server that restarts is waited for this long, in seconds, when no connection is left.
PATIENCE = 15.0
# Another node of a cluster is waited for this long, in seconds, while its assets can't be refreshed.
AWAY = 60.0


def connect(settings: Settings) -> psycopg.Connection[Any]:
    """The driver's own connection; a server that is just starting is waited for."""
    import psycopg

    try:
        return settings.connect("refresh")
    except psycopg.OperationalError as error:
        if not _is_starting(error):
            raise
    import tenacity

    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_is_starting),
        wait=tenacity.wait_random_exponential(multiplier=0.2, max=2),
        stop=tenacity.stop_after_delay(PATIENCE),
        reraise=True,
    )
    return attempts(settings.connect, "refresh")


def _is_starting(error: BaseException) -> bool:
    import psycopg

    # 57P03: the server is starting up, 53300: too many connections for now.
    return isinstance(error, psycopg.OperationalError) and (
        error.sqlstate in ("57P03", "53300") or "starting up" in str(error)
    )


def is_lost(error: psycopg.Error, connection: psycopg.Connection[Any] | None = None) -> bool:
    """Whether a server couldn't be reached, or left in the middle of an answer: later it may be back."""
    state = error.sqlstate or ""
    if state[:2] == "08" or state[:3] == "57P" or (state == "XX000" and "invalid socket" in str(error)):
        return True
    return connection is not None and connection.closed


def check_nodes(nodes: Sequence[Settings], asset: int | None) -> None:
    """Refuse addresses that don't lead to the assets of the first one."""
    for node in nodes if asset is not None else ():
        with connect(node) as connection:
            check_node(node, connection, asset)


def check_node(node: Settings, connection: psycopg.Connection[Any], asset: int | None) -> None:
    """Refuse a connection to a database that doesn't know an asset of the first address."""
    import psycopg

    try:
        connection.execute("SELECT check_asset(%s)", (asset,))
    except psycopg.Error as error:
        if error.sqlstate not in {"TA001", *errors.NOT_MIGRATED_STATES}:
            raise
        raise errors.WrongUsage(
            "the addresses lead to different databases",
            f"{node.masked_url()} doesn't know asset {asset}",
            "give nodes of one cluster",
        ) from error


def cpus() -> int:
    """The CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
