"""Look for anything wrong in what is stored; exit 1 when there is."""

from __future__ import annotations

import click

from ta_lab2_sql.options import SomeAssets
from ta_lab2_sql.settings import Settings, pass_settings


@click.command()
@click.option(
    "--ids", type=SomeAssets(), default="all", show_default=True, metavar="all|1,AAPL|@FILE",
    help="Assets to audit.",
)
@click.option("--check", "checks", multiple=True, metavar="C", help="Only this check; can be given again.")
@click.option(
    "--prove",
    is_flag=True,
    help="Also rebuild days, bars and EMAs of each asset from its raw days, in temporary tables, and compare "
    "every row with what is stored, bit for bit. Takes as long as a full rebuild; changes and locks nothing.",
)
@pass_settings
def command(
    settings: Settings, ids: tuple[int | str, ...] | None, checks: tuple[str, ...], prove: bool
) -> None:
    """Audit raw days, validated days, bars and EMAs.

    A finding is an error (what is stored is wrong), a warning (something waits, or prices look odd) or an
    info. Infos are counted; -v, --json or --check lists them. Exit code 1: there are errors.
    `SELECT * FROM audit_checks()` tells what each check means.

    \b
    Examples:
      ta-lab2 audit
      ta-lab2 audit --ids 1,52 --prove
      ta-lab2 --json audit --check missing_local_days
    """
    from ta_lab2_sql.audit import run_audit

    run_audit(settings, ids, checks, prove)
