"""Bring the database to this version of ta-lab2."""

from __future__ import annotations

import click

from ta_lab2_sql.errors import DatabaseUnusable, WrongUsage
from ta_lab2_sql.settings import Settings, pass_settings


@click.command()
@click.option(
    "--sql", "as_sql", is_flag=True, help="Print SQL that psql -f installs from nothing; touches no database."
)
@click.option(
    "--to",
    metavar="REV",
    default="head",
    show_default=True,
    help="Revision to go to, up or down; base removes ta-lab2 and its data.",
)
@click.option("--check", is_flag=True, help="Change nothing; exit 3 when the database is behind.")
@click.option(
    "--roles",
    is_flag=True,
    help="Also make the roles ta_lab2_reader (may read) and ta_lab2_runner (may refresh) and let them in.",
)
@click.option("--yes", is_flag=True, help="Allow --to base, which drops all data.")
@pass_settings
def command(settings: Settings, as_sql: bool, to: str, check: bool, roles: bool, yes: bool) -> None:
    """Bring the database to this version of ta-lab2: tables, functions and views, in one transaction.

    Run again it changes nothing.

    \b
    Examples:
      ta-lab2 migrate
      ta-lab2 migrate --sql > install.sql
    """
    from ta_lab2_sql.schema.migration import Migration, pending
    from ta_lab2_sql.schema.offline import offline

    if as_sql:
        if check or to != "head":
            raise WrongUsage(
                "--sql goes alone or with --roles", "the command line", "leave --to and --check out"
            )
        click.echo(offline(settings.schema, roles=roles), nl=False)
        return
    with settings.connect("migrate") as connection:
        if check:
            _check(settings, pending(connection))
            return
        if to == "base" and not yes:
            raise WrongUsage("--to base drops all tables and their data", "--to", "add --yes if you mean it")
        report = Migration(connection, settings.schema).upgrade(to, roles=roles)
    record = {
        "schema": report.schema,
        "from": report.from_revision,
        "to": report.to_revision,
        "applied": len(report.applied),
        "dropped": len(report.dropped),
        "changed": report.changed,
    }
    if settings.json:
        settings.show_one(record)
        return
    if roles:
        settings.note(f"schema {report.schema}: GRANT ta_lab2_reader or ta_lab2_runner to who logs in")
    if not report.changed:
        settings.note(f"schema {report.schema}: already at revision {report.to_revision}, nothing to do")
    else:
        settings.note(
            f"schema {report.schema}: "
            f"revision {report.from_revision or 'none'} -> {report.to_revision or 'none'}, "
            f"{len(report.applied)} SQL files applied, {len(report.dropped)} objects dropped"
        )


def _check(settings: Settings, found: list[str]) -> None:
    if settings.json:
        settings.show_one({"behind": bool(found), "pending": found})
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise DatabaseUnusable(
            f"the database is behind: {found[0]}{more}", settings.masked_url(), "run ta-lab2 migrate"
        )
    settings.note("the database is at this version")
