"""Look for anything wrong in what is stored; exit 1 when there is."""

from __future__ import annotations

from datetime import datetime

import click

from ta_lab2_sql.options import Moment, OneAsset, SomeAssets, Workers
from ta_lab2_sql.settings import Settings, pass_settings


@click.group(invoke_without_command=True)
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
@click.option(
    "--workers",
    type=Workers(),
    default="6",
    show_default=True,
    metavar="N|auto",
    help="Assets at a time on each --db-url; at most the CPUs of this machine.",
)
@pass_settings
@click.pass_context
def command(
    ctx: click.Context,
    settings: Settings,
    ids: tuple[int | str, ...] | None,
    checks: tuple[str, ...],
    prove: bool,
    workers: int,
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
    if ctx.invoked_subcommand is not None:
        return
    from ta_lab2_sql.audit import run_audit

    run_audit(settings, ids, checks, prove, workers)


@command.command()
@click.argument("asset", type=OneAsset())
@click.argument("check")
@click.option("--from", "first", type=Moment(), metavar="D", help="First day that is accepted; default: all.")
@click.option("--to", "last", type=Moment(), metavar="D", help="Last day that is accepted; default: all.")
@click.option("--note", metavar="TEXT", help="Why it is right.")
@click.option("--revoke", "undo", is_flag=True, help="Accept it no longer: what lies inside these days.")
@pass_settings
def accept(
    settings: Settings,
    asset: int | str,
    check: str,
    first: datetime | None,
    last: datetime | None,
    note: str | None,
    undo: bool,
) -> None:
    """Be silent about warnings and infos that you found right.

    ASSET is an id or a symbol, CHECK a name of `audit`. Days missing, or odd, between --from and --to are no
    longer counted; what has no day of its own is accepted only without them. Errors can't be accepted.

    \b
    Examples:
      ta-lab2 audit accept AAPL missing_local_days --from 2012-10-29 --to 2012-10-30 --note hurricane
      ta-lab2 audit accept 3 missing_local_days --revoke
    """
    from ta_lab2_sql import audit

    first_day, last_day = (None if moment is None else moment.date() for moment in (first, last))
    if undo:
        audit.revoke(settings, asset, check, first_day, last_day)
    else:
        audit.accept(settings, asset, check, first_day, last_day, note)


@command.command()
@click.option(
    "--ids", type=SomeAssets(), default="all", show_default=True, metavar="all|1,AAPL|@FILE", help="Assets."
)
@pass_settings
def accepted(settings: Settings, ids: tuple[int | str, ...] | None) -> None:
    """List what was accepted."""
    from ta_lab2_sql import audit

    settings.show(audit.accepted(settings, ids), title="accepted")
