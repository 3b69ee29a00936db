"""List the loaded assets: days, bars, rejects."""

from __future__ import annotations

import click

from ta_lab2_sql.queries import query
from ta_lab2_sql.schema.version import check_version
from ta_lab2_sql.settings import Settings, pass_settings


@click.command()
@pass_settings
def command(settings: Settings) -> None:
    """List the loaded assets: raw rows, their first and last day (UTC), valid days, stored bars, rejects.

    \b
    Example:
      ta-lab2 assets
    """
    from psycopg.rows import dict_row

    with settings.connect("assets") as connection, connection.cursor(row_factory=dict_row) as cursor:
        check_version(connection)
        found = cursor.execute(query("commands/assets")).fetchall()
    settings.show(found, title=f"{len(found)} asset{'' if len(found) == 1 else 's'}")
    if not found:
        settings.note("load some: ta-lab2 load BTC_1.csv")
