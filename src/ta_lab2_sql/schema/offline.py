"""Everything as one SQL file."""

from __future__ import annotations

import io

from ta_lab2_sql._version import __version__
from ta_lab2_sql.queries import query
from ta_lab2_sql.schema.files import catalogue
from ta_lab2_sql.schema.objects import Installer
from ta_lab2_sql.schema.revisions import LABEL, alembic_config, head_revision
from ta_lab2_sql.schema.roles import privileges
from ta_lab2_sql.schema.sinks import FileSink
from ta_lab2_sql.schema.text import identifier, session_settings
from ta_lab2_sql.schema.version import OBJECTS_TABLE, stamp_of, stamp_sql


def offline(schema: str | None = None, *, roles: bool = False) -> str:
    """One file that installs everything from nothing with `psql -f`."""
    from alembic import command

    schema = schema or "public"
    things = catalogue()
    out = io.StringIO()
    sink = FileSink(out)
    installer = Installer(sink)
    out.write(f"-- ta-lab2 {__version__}: installs into an empty database with psql -f.\n")
    out.write("\\set ON_ERROR_STOP on\nBEGIN;\n")
    out.write(
        f"SET LOCAL client_min_messages TO warning;\nCREATE SCHEMA IF NOT EXISTS {identifier(schema)};\n"
    )
    out.write(session_settings(schema))
    sink.run(query("schema/objects_table"), OBJECTS_TABLE)
    for thing in things.before_tables:
        installer.apply(thing)
    config = alembic_config(schema, run=sink.run, apply_object=installer.apply, buffer=out)
    command.upgrade(config, f"{LABEL}@head", sql=True)
    for thing in things.after_tables:
        installer.apply(thing)
    installer.finish()
    if roles:
        sink.run(query("roles_create"), "roles")
    sink.run(privileges(), "privileges")
    sink.run(stamp_sql(stamp_of(things, head_revision())), "version")
    out.write("\nCOMMIT;\n")
    return out.getvalue()
