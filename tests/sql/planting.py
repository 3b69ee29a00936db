"""A database in which defects are planted, each in a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import databases
import psycopg

TFS = ["2D", "7D", "1W_CAL_US", "2W_CAL_ANCHOR_ISO", "1M_CAL", "1M_CAL_ANCHOR"]

# Days from Wednesday 2024-01-03 on, so that anchored weeks and months begin late. Highs rise: no bar's high
# comes from its first day.
PRICES = """
INSERT INTO cmc_price_histories7 (
    id, name, timeopen, timeclose, timehigh, timelow, "timestamp", open, high, low, close, volume, marketcap)
SELECT
    %s, 'synthetic', d, d + interval '86399.999 s', d + interval '12 h', d + interval '6 h',
    d + interval '86399.999 s', 100 + i, 103 + i, 98 + i, 101 + i, 10.1 * i, 1e9 + i
FROM generate_series(%s::int, %s::int) AS i
CROSS JOIN LATERAL (SELECT (date '2024-01-03' + i)::timestamp AT TIME ZONE 'UTC') AS x (d)
"""

# Behind the back of the triggers.
UNSEEN = "SET LOCAL session_replication_role = replica;"


@contextmanager
def database(server: Any, purpose: str) -> Iterator[psycopg.Connection[Any]]:
    """A migrated database that the tests of one module share."""
    with (
        databases.database(server, f"{server.dbname}_{purpose}", server.template_dbname) as url,
        psycopg.connect(url, autocommit=True) as db,
    ):
        yield db
