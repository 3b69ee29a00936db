"""Split the tables of assets into hash partitions, or over a Citus cluster."""

from __future__ import annotations

import click

from ta_lab2_sql.errors import WrongUsage
from ta_lab2_sql.settings import Settings, pass_settings


@click.command()
@click.option("--plan", "plan_only", is_flag=True, help="Print every statement; change nothing.")
@click.option("--apply", "do_it", is_flag=True, help="Do it, all or nothing.")
@click.option(
    "--partitions",
    type=click.IntRange(0, 1024),
    metavar="N",
    help="Hash partitions (default 8, or as they are; 0: plain tables again); on Citus the number of shards.",
)
@pass_settings
def command(settings: Settings, plan_only: bool, do_it: bool, partitions: int | None) -> None:
    """Split the tables of assets by id, with the data that is in them.

    On one server they become hash partitions; another N splits them anew, 0 makes plain tables of them
    again. Where the extension citus is installed, they are distributed over its workers, the catalogue is
    copied to all of them, and refreshes run beside their asset's rows; 0 brings it all back to one server.
    Run again, it changes nothing.

    While it runs nobody else can use the tables, and the disk holds both copies.

    \b
    Examples:
      ta-lab2 distribute --plan --partitions 16
      ta-lab2 distribute --apply --partitions 16
    """
    from ta_lab2_sql.schema import distribute
    from ta_lab2_sql.schema.version import check_version

    if plan_only == do_it:
        raise WrongUsage("plan or apply?", "the command line", "give --plan or --apply")
    with settings.connect("distribute") as connection:
        check_version(connection)
        if plan_only:
            _plan(settings, connection, partitions)
            return
        done = distribute.apply(connection, partitions)
        now = distribute.layout(connection)
    statements = [*done.statements, *done.afterwards]
    if settings.json:
        settings.show_one(
            {
                "before": str(done.before),
                "now": str(now),
                "changed": bool(statements),
                "statements": statements,
            }
        )
    elif statements:
        settings.note(f"{done.before} -> {now}, {len(statements)} statements")
    else:
        settings.note(f"{now}: nothing to do")


def _plan(settings: Settings, connection: object, partitions: int | None) -> None:
    import psycopg

    from ta_lab2_sql.schema import distribute

    assert isinstance(connection, psycopg.Connection)
    if settings.json:
        found = distribute.plan(connection, partitions)
        settings.show_one(
            {"now": str(found.before), "statements": found.statements, "afterwards": found.afterwards}
        )
        return
    text = distribute.script(connection, partitions)
    if text:
        click.echo(text, nl=False)
    else:
        settings.note(f"{distribute.layout(connection)}: nothing to do")
