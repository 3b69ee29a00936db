"""Make raw days of prices that are in this database already: a table, a view, a foreign table."""

from __future__ import annotations

from typing import Any

import click

from ta_lab2_sql import assets
from ta_lab2_sql.errors import WorkFailed, WrongUsage
from ta_lab2_sql.load.mapping import columns_option
from ta_lab2_sql.load.sync import Mapping, Synced, forget, save, saved, since_day, sync, sync_all
from ta_lab2_sql.options import SomeAssets
from ta_lab2_sql.runs import logged
from ta_lab2_sql.schema.version import check_version
from ta_lab2_sql.settings import Settings, pass_settings


@click.command()
@click.argument("relation", required=False, metavar="RELATION")
@click.option(
    "--columns", callback=columns_option, metavar="ROLE=NAME,..", help="Name columns: date=day,close=px."
)
@click.option("--asset", metavar="ID|SYMBOL", help="The asset of a relation that holds one.")
@click.option("--ids", type=SomeAssets(), metavar="all|1,AAPL|@file", help="Only these assets. Default: all.")
@click.option(
    "--since", metavar="DAY", help="Only days from here on: 2024-01-31, or '7 days' back from today."
)
@click.option(
    "--stamp",
    type=click.Choice(["day", "end", "close"]),
    help="What a moment says: its day (default), the end of the day before, or the stamp to keep.",
)
@click.option("--tz", metavar="TZ", help="Zone that moments are read in. Default: UTC.")
@click.option("--on-conflict", type=click.Choice(["first", "last"]), help="Which row of a day counts.")
@click.option("--replace", is_flag=True, help="Delete stored days in the relation's range that it lacks.")
@click.option("--adjusted", is_flag=True, help="Take prices times adjusted close / close.")
@click.option("--basis", type=click.Choice(["traded", "splits", "total"]), help="What the prices are.")
@click.option("--sparse", is_flag=True, help="Take rows that lie weeks apart.")
@click.option("--no-new-assets", is_flag=True, help="Refuse unknown symbols and ids.")
@click.option("--dry-run", is_flag=True, help="Say what would be written; write nothing.")
@click.option("--save", "save_as", metavar="NAME", help="Keep how the relation is read, for --all.")
@click.option("--forget", "forgotten", metavar="NAME", help="Forget a saved source.")
@click.option("--all", "every", is_flag=True, help="Sync all saved sources.")
@click.option("--list", "listed", is_flag=True, help="List the saved sources.")
@pass_settings
def command(
    settings: Settings,
    /,
    relation: str | None,
    columns: dict[str, str],
    ids: tuple[int | str, ...] | None,
    since: str | None,
    replace: bool,
    dry_run: bool,
    save_as: str | None,
    forgotten: str | None,
    every: bool,
    listed: bool,
    **options: Any,
) -> None:
    """Make raw days of the rows of a RELATION, inside the server; only what differs is written.

    Columns are found by their usual names; symbols make assets. A column of type date is the day; moments
    are read in UTC or --tz. RELATION is looked up in your search_path.

    \b
    Examples:
      ta-lab2 sync market.daily
      ta-lab2 sync prices --columns date=d,symbol=ric,close=px_last --since '7 days'
      ta-lab2 sync market.daily --save daily
      ta-lab2 sync --all
      ta-lab2 refresh all --sync
    """
    if sum((relation is not None, every, listed, forgotten is not None)) != 1:
        raise WrongUsage(
            "what to sync?", "the command line", "name a RELATION, or --all, --list, --forget NAME"
        )
    with settings.connect("sync") as connection:
        check_version(connection)
        if forgotten is not None:
            forget(connection, forgotten)
            settings.note(f"forgot {forgotten}")
            return
        if listed:
            found = [{"name": name, **vars(mapping)} for name, mapping in saved(connection).items()]
            settings.show(
                [{k: str(v) if v else "" for k, v in row.items()} for row in found]
                if not settings.json
                else found,
                title="saved sources",
            )
            return
        if every:
            _all(settings, connection, dry_run)
            return
        assert relation is not None
        told = {k: v for k, v in options.items() if v not in (None, False)}
        if told.pop("no_new_assets", False):
            told["new_assets"] = False
        mapping = Mapping(relation, columns, told)
        wanted = None if ids is None else assets.resolve(connection, ids)
        with logged(connection, "sync", {"relation": relation, "columns": columns, **told}) as log:
            rows = sync(
                connection, mapping, ids=wanted, since=None if since is None else since_day(since),
                replace=replace, dry_run=dry_run,
            )  # fmt: skip
            log.assets, log.changed = len(rows), sum(_changed(row) for row in rows)
        if save_as is not None and not dry_run:
            kept = {**told, **({"since": since} if since else {}), **({"replace": True} if replace else {})}
            save(connection, save_as, Mapping(relation, columns, kept))
            settings.note(f"saved as {save_as}; ta-lab2 sync --all, or refresh --sync, reads it again")
    settings.show(rows, title=f"{relation}: nothing was written" if dry_run else f"synced {relation}")
    if rows and not settings.json and not any(map(_changed, rows)):
        click.echo("nothing changed")


def _changed(row: Synced) -> bool:
    return bool(row.inserted or row.updated or row.deleted)


def _all(settings: Settings, connection: Any, dry_run: bool) -> None:
    with logged(connection, "sync", {"all": True}) as log:
        done, failed = sync_all(connection, dry_run=dry_run)
        rows = [row for found in done.values() for row in found]
        log.assets, log.changed, log.failed = len(rows), sum(map(_changed, rows)), len(failed) or None
    for name, why in failed.items():
        settings.warn(f"{name}: {why}")
    shown = [{"source": name, **_record(row)} for name, found in done.items() for row in found]
    settings.show(shown, title=f"synced {len(done)} sources")
    if failed:
        raise WorkFailed(
            f"{len(failed)} of {len(failed) + len(done)} sources could not be synced",
            ", ".join(failed), "the others are in; correct these, or forget them with sync --forget NAME",
        )  # fmt: skip


def _record(row: Synced) -> dict[str, Any]:
    return {name: getattr(row, name) for name in Synced.__slots__}
