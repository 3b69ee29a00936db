"""Columns by their roles, as options name them."""

from __future__ import annotations

import click

from ta_lab2_sql.errors import WrongUsage
from ta_lab2_sql.load.layouts import ROLES


def columns_option(context: click.Context, parameter: click.Parameter, value: str | None) -> dict[str, str]:
    """role=column pairs of an option."""
    made = {}
    for pair in value.split(",") if value else ():
        role, sign, name = pair.partition("=")
        if not sign or not name:
            raise WrongUsage(f"{pair!r} is not role=column", "--columns", "like date=snapped_at,close=price")
        if role.strip() not in ROLES:
            raise WrongUsage(f"{role.strip()!r} is not a role", "--columns", f"roles are {', '.join(ROLES)}")
        made[role.strip()] = name.strip()
    return made
