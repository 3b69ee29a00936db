"""Start, stop and reach the embedded server."""

from __future__ import annotations

import sys

import click

from ta_lab2_sql.errors import WrongUsage
from ta_lab2_sql.settings import Settings, pass_settings


@click.group()
def command() -> None:
    """Start, stop and reach the embedded server: a PostgreSQL of your own that needs no installation.

    Its data lies in the user's data folder; the variable TA_LAB2_HOME moves it. It stays up until `db stop`.

    \b
    Examples:
      ta-lab2 db psql
      ta-lab2 db psql -- -c "SELECT * FROM bars_latest"
      ta-lab2 db url
    """


@command.command()
@pass_settings
def start(settings: Settings) -> None:
    """Start the server unless it runs, and print its address."""
    from ta_lab2_sql import server

    _print_url(settings, server.start())


@command.command()
@pass_settings
def stop(settings: Settings) -> None:
    """Stop the server; its data stays."""
    from ta_lab2_sql import server

    stopped = server.stop()
    _print_done(
        settings, "stopped", stopped, "the server is stopped" if stopped else "the server was not running"
    )


@command.command()
@pass_settings
def url(settings: Settings) -> None:
    """Print the address that the commands use, without its password; starts nothing."""
    from ta_lab2_sql import server
    from ta_lab2_sql.errors import mask

    if settings.source() == "embedded server":
        _print_url(settings, server.url())
    else:
        _print_url(settings, mask(settings.url()) or "postgresql://")


@command.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@pass_settings
def psql(settings: Settings, arguments: tuple[str, ...]) -> None:
    """Open psql on the database; ARGUMENTS go to it (after --, if they look like ours)."""
    from ta_lab2_sql import server

    sys.exit(server.psql(list(arguments), settings.conninfo("psql")))


@command.command()
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_settings
def reset(settings: Settings, yes: bool) -> None:
    """Stop the embedded server and delete all its data."""
    from ta_lab2_sql import server

    folder = server.data_folder()
    if not yes:
        if not sys.stdin.isatty():
            raise WrongUsage(f"db reset deletes {folder}", "the command line", "add --yes if you mean it")
        click.confirm(f"Delete all data in {folder}?", abort=True, err=True)
    removed = server.reset()
    _print_done(
        settings, "removed", removed, f"removed {folder}" if removed else "there was nothing to remove"
    )


def _print_url(settings: Settings, address: str) -> None:
    if settings.json:
        settings.show_one({"url": address})
    else:
        click.echo(address)


def _print_done(settings: Settings, key: str, done: bool, message: str) -> None:
    if settings.json:
        settings.show_one({key: done})
    else:
        settings.note(message)
