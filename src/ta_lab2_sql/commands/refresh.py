"""Bring validated days, bars and EMAs up to date."""

from __future__ import annotations

import signal
import threading
from typing import Any

import click

from ta_lab2_sql.errors import WorkFailed
from ta_lab2_sql.options import check_combination, refresh_options
from ta_lab2_sql.settings import Settings, pass_settings


@click.command()
@click.argument("what", type=click.Choice(["bars", "emas", "all"]))
@refresh_options
@click.option("--fail-on-rejects", is_flag=True, help="Exit 1 when a day of this run was rejected.")
@click.option("--fail-fast", is_flag=True, help="Begin no other asset after a failure.")
@click.option("--plan", "plan_only", is_flag=True, help="Say what would be done and why; change nothing.")
@click.option(
    "--sync", "sync_first", is_flag=True, help="First sync all saved sources (ta-lab2 sync --save)."
)
@click.option("--events", is_flag=True, help="Print one JSON object a line while it runs.")
@pass_settings
def command(
    settings: Settings, /, what: str, plan_only: bool, sync_first: bool, events: bool, **options: Any
) -> None:
    """Bring validated days and bars (bars), EMAs and what they read (emas), or everything (all) up to date.

    Each asset is a transaction of its own: one that fails is listed and doesn't hold up the others.
    Ctrl-C cancels what runs; an asset is then as before or up to date, never half done.

    \b
    Examples:
      ta-lab2 refresh all
      ta-lab2 refresh bars --family cal_us --ids 1,52
      ta-lab2 refresh emas --variant multi_tf --tf 7D --tf 30D --full-rebuild

    --json prints one document at the end. --events prints an object a line: `start` (assets, unchanged,
    to_do, workers), `asset` for each (id, outcome done, failed or cancelled, changed, seconds, rows,
    failure with sqlstate, message and todo, and done, to_do, seconds_left of the run), `end` with the totals.
    """
    from ta_lab2_sql.assets import ids_for
    from ta_lab2_sql.refresh.progress import reporter
    from ta_lab2_sql.refresh.request import Request
    from ta_lab2_sql.refresh.run import execute

    check_combination(what, options)
    options["ids"] = ids_for(settings, options["ids"])
    if plan_only:
        from ta_lab2_sql.refresh.plan import show_plan

        show_plan(settings, Request(what, **options))
        return
    if threading.current_thread() is threading.main_thread():
        # A scheduler's request to end is handled like Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    failed = _sync(settings) if sync_first else {}
    result = execute(settings, Request(what, **options), reporter(settings, events))
    if not events:
        _show(settings, result)
    result.raise_for_trouble()
    if failed:
        raise WorkFailed(
            f"{len(failed)} saved sources could not be synced",
            ", ".join(failed),
            "everything else is up to date",
        )


def _sync(settings: Settings) -> dict[str, str]:
    """Sync all saved sources; those that failed, with one line each."""
    from ta_lab2_sql.load.sync import sync_all
    from ta_lab2_sql.schema.version import check_version

    with settings.connect("sync") as connection:
        check_version(connection)
        _, failed = sync_all(connection)
    for name, why in failed.items():
        settings.warn(f"{name}: {why}")
    return failed


def _show(settings: Settings, result: Any) -> None:
    """The table of what was done, and the failures."""
    from ta_lab2_sql.refresh.plan import nothing_new
    from ta_lab2_sql.refresh.progress import asset_record

    if settings.json:
        results = [asset_record(outcome) for outcome in sorted(result.outcomes, key=lambda o: o.id)]
        settings.show_one({**result.summary(), "families": result.by_family(), "results": results})
        return
    if result.to_do == 0 and result.fatal is None:
        settings.note(nothing_new(result.looked_at))
        return
    took = f"{result.done} of {result.to_do} assets in {result.seconds:.2f} s"
    table = result.by_family()
    if table:
        unused = {name for name in table[0] if name != "written" and not any(row[name] for row in table)}
        rows = [{name: value for name, value in row.items() if name not in unused} for row in table]
        settings.show(rows, title=f"refresh {result.request.what}: {took}")
    if result.failures:
        settings.show(result.failures, title="failed")
    if result.not_started:
        settings.note(f"{len(result.not_started)} of {result.to_do} assets were not begun")
