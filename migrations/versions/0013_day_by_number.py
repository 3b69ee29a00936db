"""A day found by its number tells its time and its date from the index."""

from alembic import context

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    context.config.attributes["run_file"]("0013_day_by_number.sql")


def downgrade() -> None:
    context.config.attributes["run_file"]("0013_day_by_number_down.sql")
