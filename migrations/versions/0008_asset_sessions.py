"""What a refresh knows of an asset's sessions, as one value."""

from alembic import context

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# calendar, version and clock: the calendar as applied, NULL: none; the rest as in bars_state.
TYPE = """CREATE TYPE asset_sessions AS (
    calendar text, version int, clock session_clock, session_before date, missing_days date[],
    extra_days date[])"""


def upgrade() -> None:
    context.config.attributes["run"](TYPE, "type asset_sessions")


def downgrade() -> None:
    context.config.attributes["run"]("DROP TYPE asset_sessions", "type asset_sessions")
