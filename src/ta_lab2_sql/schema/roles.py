"""Who may do what."""

from __future__ import annotations

from ta_lab2_sql.queries import query
from ta_lab2_sql.schema import registry
from ta_lab2_sql.schema.text import array


def privileges() -> str:
    """What PUBLIC may not do, and what the roles may, as one statement."""
    tables = registry.read()
    written = [*(name for name in tables.distributed if name != "cmc_price_histories7"), "assets"]
    return query("schema/roles_grant").format(tables=array(tables.tables), written=array(written))
