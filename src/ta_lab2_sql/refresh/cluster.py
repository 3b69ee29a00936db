"""A refresh on a Citus cluster: who holds which asset, and what to do while a node is away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ta_lab2_sql import errors
from ta_lab2_sql.queries import query
from ta_lab2_sql.refresh.connections import check_node, connect, is_lost
from ta_lab2_sql.refresh.request import Request
from ta_lab2_sql.settings import Settings

if TYPE_CHECKING:
    import psycopg

# So few assets are called at once: to ask every shard about all of them costs as much.
FEW = 20


def assets(connection: psycopg.Connection[Any], request: Request) -> list[int]:
    """The assets to call, in order. Those of a node that is away are among them: others needn't wait.

    Not planned: a plan would ask each asset by itself, and a call that finds nothing to do costs less.
    """
    import psycopg

    connection.execute(query("refresh/check"), request.parameters())
    ids = None if request.ids is None else sorted(request.ids)
    try:
        if ids is not None:
            connection.execute("SELECT check_ids(%s::int[])", (ids,))
            return ids
        rows = connection.execute("SELECT asset_ids()").fetchall()
    except psycopg.Error as error:
        if not is_lost(error) or connection.closed:
            raise
        if ids is not None:
            return ids
        # Every node knows what was loaded.
        rows = connection.execute("SELECT a.id FROM assets AS a ORDER BY a.id").fetchall()
    return [asset for (asset,) in rows]


def settled(connection: psycopg.Connection[Any], request: Request) -> set[int]:
    """The assets of which one question to all nodes tells that there is nothing to do.

    None where options ask for more than what is new, where few are asked for, and while a node is away.
    """
    import psycopg

    if not request.takes_what_is_new() or (request.ids is not None and len(request.ids) < FEW):
        return set()
    parameters = request.parameters()
    if request.what == "bars":
        parameters["variants"] = []
    try:
        rows = connection.execute(query("refresh/settled"), parameters).fetchall()
    except psycopg.Error as error:
        if not is_lost(error) or connection.closed:
            raise
        return set()
    return {asset for (asset,) in rows}


def places(connection: psycopg.Connection[Any], ids: Sequence[int]) -> dict[int, str]:
    """The node that holds each asset, as host:port."""
    return dict(connection.execute(query("refresh/places"), {"ids": list(ids)}).fetchall())


def lanes(settings: Settings, places: dict[int, str], most: int) -> list[tuple[Settings, str | None, int]]:
    """Whom to connect to, for which node's assets, how often: each address takes the assets of its own node,
    the first one those whose node has no address. One that doesn't answer is left out."""
    import psycopg

    held = Counter(places.values())
    own: dict[str, Settings] = {}
    others = settings.nodes()[1:] if places else []
    with ThreadPoolExecutor(max(1, len(others))) as pool:
        answers = [pool.submit(_node_of, node, next(iter(places))) for node in others]
    for node, answer in zip(others, answers, strict=True):
        try:
            here = answer.result()
        except psycopg.Error as error:
            told = errors.from_database(error)
            settings.warn(
                f"{node.masked_url()}: {told.what}; its assets are called through the first address"
            )
            continue
        own.setdefault(here, node)
    rest = sum(count for node, count in held.items() if node not in own)
    near = [(address, name, min(most, held[name])) for name, address in own.items() if name in held]
    # Somebody has to be there when an address stops answering.
    return [(settings, None, max(1, min(most, rest))), *near]


def _node_of(node: Settings, asset: int) -> str:
    """The node that an address leads to, as host:port; refuses a database that does not know the asset."""
    with connect(node) as connection:
        check_node(node, connection, asset)
        (here,) = connection.execute(query("refresh/here")).fetchone() or ("",)
    return str(here)
