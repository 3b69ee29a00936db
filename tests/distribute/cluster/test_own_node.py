"""What nodes send each other: an asset needs its own node and no other."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from distribute.cluster.both import ASSETS, Both, days
from psycopg.conninfo import make_conninfo

from ta_lab2_sql.queries import query

Db = psycopg.Connection[Any]
REFRESH = ("SELECT * FROM refresh_bars({})", "SELECT * FROM refresh_emas({})")
ANEW = (
    "SELECT * FROM refresh_bars({}, p_full => true)",
    "SELECT * FROM refresh_emas({}, p_full => true)",
    "SELECT * FROM audit_asset({}, NULL)",
)
WHAT_IS_READ = r"cmc_(?:price_bars|ema)_.*(?<!_state)"


class Node:
    """A connection that tells what its node sends to others."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)
        self.connection.execute("SET citus.log_remote_commands TO on")
        self.connection.execute("SET client_min_messages TO notice")
        self.sent: list[str] = []
        self.connection.add_notice_handler(self.note)

    def note(self, told: psycopg.errors.Diagnostic) -> None:
        text = told.message_primary or ""
        # Of a shard of its own the node says "executing the command locally".
        if text.startswith("issuing "):
            self.sent.append(text.removeprefix("issuing "))

    def call(self, statement: str) -> list[str]:
        """Run it. Returns what was sent meanwhile."""
        self.sent.clear()
        self.connection.execute(statement.encode()).fetchall()
        return list(self.sent)


def places(db: Db, ids: range | list[int]) -> dict[int, str]:
    """The node that holds each asset."""
    return dict(db.execute(query("refresh/places"), {"ids": list(ids)}).fetchall())


@pytest.fixture
def nodes(both: Both) -> Iterator[dict[str, Node]]:
    """Each node that may hold an asset, and the coordinator by the name of "first"."""
    url = both.urls[0]
    held = {"first": Node(url)}
    for place in set(places(both.cluster, range(100)).values()):
        host, _, port = place.rpartition(":")
        held[place] = Node(make_conninfo(url, host=host, port=port))
    assert len(held) > 2, "the workers are one"
    yield held
    for node in held.values():
        node.connection.close()


def test_an_asset_needs_no_other_node(both: Both, nodes: dict[str, Node]) -> None:
    """Through everything that happens to assets: one called on its node sends nothing, for one called
    through the coordinator that call is sent, in no transaction over several nodes."""
    place = places(both.cluster, range(11, 100))
    # Of each node two: one is called there, the other through the coordinator.
    there = {node: [a for a in place if place[a] == node][:2] for node in sorted(set(place.values()))}
    assets = sorted(asset for two in there.values() for asset in two)

    def refreshed(*calls: str) -> None:
        for call in calls:
            for node, (near, far) in there.items():
                both.plain.execute(call.format(near).encode())
                both.plain.execute(call.format(far).encode())
                assert nodes[node].call(call.format(near)) == [], call
                (sent,) = nodes["first"].call(call.format(far))
                name = call.split()[3].partition("(")[0]
                assert re.match(rf"SELECT .* FROM \w+\.{name}\({far}\b", sent), sent
        both.same()

    for asset in assets:
        # The command makes it known to all nodes.
        both.do(f"INSERT INTO assets (id) VALUES ({asset})")
        both.load(asset, days(0, 50))
    refreshed(*REFRESH)
    # Days that close bars of all kinds.
    for first in (50, 53):
        for asset in assets:
            both.load(asset, days(first, 3))
        refreshed(*REFRESH)
    # A day changes, and days go.
    both.do(
        "UPDATE cmc_price_histories7 SET close = close * 1.01, high = high * 1.02 "
        "WHERE id > 10 AND \"timestamp\" = '2020-01-20 23:59:59.999+00'"
    )
    for asset in assets:
        both.note(asset, "2020-01-20")
    refreshed(*REFRESH)
    both.do("DELETE FROM cmc_price_histories7 WHERE id > 10 AND \"timestamp\" > '2020-02-20'")
    for asset in assets:
        both.note(asset, "2020-02-20")
    refreshed(*REFRESH)
    # The catalogue grows and shrinks, assets get a calendar.
    both.do("INSERT INTO dim_timeframe (tf) VALUES ('3D'), ('1M_CAL_ANCHOR')")
    both.do("INSERT INTO dim_period (period) VALUES (12)")
    both.do("DELETE FROM dim_timeframe WHERE tf = '2D'")
    both.do("SELECT sync_ema_alpha()")
    refreshed(*REFRESH)
    both.say("calendars", "add", "FX", "--week", "1111100", "--tz", "UTC")
    both.say("assets", "set", "--ids", ",".join(map(str, assets)), "--calendar", "FX")
    refreshed(*REFRESH)
    refreshed(*ANEW)


def test_assets_move_while_they_are_refreshed(both: Both, nodes: dict[str, Node]) -> None:
    """Each to the other node; a refresh that meets one on its way waits or fails, the next one is whole."""
    before = places(both.cluster, list(ASSETS))
    with ThreadPoolExecutor(1) as pool, psycopg.connect(both.urls[0], autocommit=True) as mover:
        going = pool.submit(both.days_go_on, 5)
        for asset in ASSETS:
            # Assets of one shard go together.
            if places(mover, [asset])[asset] == before[asset]:
                (other,) = nodes.keys() - {"first", before[asset]}
                here, there = (place.rpartition(":") for place in (before[asset], other))
                mover.execute(
                    "SELECT citus_move_shard_placement("
                    "get_shard_id_for_distribution_column('bars', %s), %s, %s::int, %s, %s::int)",
                    (asset, here[0], here[2], there[0], there[2]),
                )
        assert going.result() <= {0, 1}
    after = places(both.cluster, list(ASSETS))
    assert all(after[asset] != before[asset] for asset in ASSETS)
    both.say("refresh", "all")
    both.same(only=WHAT_IS_READ)
    assert both.cluster.execute("SELECT count(*) FROM pg_prepared_xacts").fetchone() == (0,)
    both.say("audit")


SPARE = "TA_LAB2_CITUS_SPARE_NODE"


def test_a_node_joins_while_days_go_on(both: Both) -> None:
    """As the guide says it; a refresh that meets a shard on its way waits or fails, the next one is whole."""
    spare = os.environ.get(SPARE)
    if not spare:
        pytest.skip(f"{SPARE} is not set: no node to join")
    host, _, port = spare.rpartition(":")
    # Not by the address of the schema: with it in the search_path, types are named to the node without it.
    cluster = os.environ["TA_LAB2_CITUS_URL"]
    with ThreadPoolExecutor(1) as pool, psycopg.connect(cluster, autocommit=True) as mover:
        mover.execute("SELECT citus_add_node(%s, %s::int)", (host, port))
        try:
            going = pool.submit(both.days_go_on, 5)
            # What citus_rebalance_start() has done in the background for the tables of everybody.
            (bars,) = both.cluster.execute("SELECT current_schema() || '.bars'").fetchone() or ("",)
            mover.execute("SELECT rebalance_table_shards(%s::regclass)", (bars,))
            assert going.result() <= {0, 1}
            held = places(both.cluster, range(100))
            assert len(set(held.values())) > 2
            # An asset that is new there, too.
            new = next(asset for asset in range(10, 100) if held[asset] == spare)
            both.do(f"INSERT INTO assets (id) VALUES ({new})")
            both.load(new, days(0, 50))
            both.say("refresh", "all")
            both.same(only=WHAT_IS_READ)
            assert mover.execute("SELECT count(*) FROM pg_prepared_xacts").fetchone() == (0,)
            both.say("audit")
        finally:
            mover.execute("SELECT citus_drain_node(%s, %s::int)", (host, port))
            mover.execute("SELECT citus_remove_node(%s, %s::int)", (host, port))
    assert spare not in places(both.cluster, range(100)).values()
    both.same(only=WHAT_IS_READ)
