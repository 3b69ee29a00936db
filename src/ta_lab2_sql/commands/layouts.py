"""Layouts of files: which ones are known, and one as text to begin a new one with."""

from __future__ import annotations

import click

from ta_lab2_sql.load import layouts
from ta_lab2_sql.settings import Settings, pass_settings


@click.command()
@click.argument("name", required=False)
@pass_settings
def command(settings: Settings, name: str | None) -> None:
    """List the layouts of files that load knows; with NAME print one as TOML, to copy and change.

    \b
    Examples:
      ta-lab2 layouts
      ta-lab2 layouts yahoo > mine.toml
      ta-lab2 load prices.csv --layout mine.toml
    """
    if name is not None:
        layout = layouts.named(name)
        if settings.json:
            settings.show_one({"name": layout.name, "title": layout.title, "toml": layout.text})
        else:
            click.echo(layout.text, nl=not layout.text.endswith("\n"))
        return
    rows = [
        {"layout": lay.name, "of": lay.title, "basis": lay.basis, "found": _found(lay)}
        for lay in layouts.shipped().values()
    ]
    settings.show(rows, title="layouts")


def _found(layout: layouts.Layout) -> str:
    if layout.name == layouts.GENERAL:
        return "when no other fits"
    ways = [
        way
        for way, is_there in (
            ("header", layout.needs),
            ("no header", layout.headerless),
            ("fixed width", layout.fixed),
        )
        if is_there
    ]
    return ", ".join(ways) or "by --layout only"
