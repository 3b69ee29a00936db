"""Trading calendars: which days an asset is expected to have a row on."""

from alembic import context

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("calendar_changes", "calendars_applied", "calendar_exceptions", "calendar_weeks", "calendars")
COLUMNS = ("calendar_version", "calendar", "extra_days", "missing_days", "session_before")


def upgrade() -> None:
    context.config.attributes["run_file"]("0004_calendars.sql")


def downgrade() -> None:
    run = context.config.attributes["run"]
    for column in COLUMNS:
        run(f"ALTER TABLE bars_state DROP COLUMN {column}", f"column {column}")
    run("ALTER TABLE assets DROP CONSTRAINT calendar_is_one_of_calendars", "calendars of assets")
    for table in TABLES:
        run(f"DROP TABLE {table}", f"table {table}")
    run("DROP TYPE session_clock", "type session_clock")
