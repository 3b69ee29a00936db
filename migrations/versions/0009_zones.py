"""The zone of an asset or a calendar is one that there is, whoever wrote it."""

from alembic import context

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = ("assets", "calendars")


def upgrade() -> None:
    context.config.attributes["run_file"]("0009_zones.sql")


def downgrade() -> None:
    for table in TABLES:
        context.config.attributes["run"](
            f"ALTER TABLE {table} DROP CONSTRAINT tz_is_a_time_zone", f"zones of {table}"
        )
