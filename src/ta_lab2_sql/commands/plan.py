"""Show what the next refresh would do, and why."""

from __future__ import annotations

from typing import Any

import click

from ta_lab2_sql.options import check_combination, refresh_options
from ta_lab2_sql.settings import Settings, pass_settings


@click.command()
@click.argument("what", type=click.Choice(["bars", "emas", "all"]), default="all")
@refresh_options
@pass_settings
def command(settings: Settings, /, what: str, **options: Any) -> None:
    """Show what `ta-lab2 refresh WHAT` would do with the same options, and why; nothing is changed.

    How long it takes is told from past runs of this database. refresh_plan() has it by asset, in SQL.

    \b
    Examples:
      ta-lab2 plan
      ta-lab2 plan bars --ids 1,52 --full-rebuild
    """
    from ta_lab2_sql.assets import ids_for
    from ta_lab2_sql.refresh.plan import show_plan
    from ta_lab2_sql.refresh.request import Request

    check_combination(what, options)
    options["ids"] = ids_for(settings, options["ids"])
    show_plan(settings, Request(what, **options))
