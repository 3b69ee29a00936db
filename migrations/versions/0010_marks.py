"""Marks of one shape: a stage says what of its output changed, and readers say what they have read."""

from alembic import context

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    context.config.attributes["run_file"]("0010_marks.sql")


def downgrade() -> None:
    context.config.attributes["run_file"]("0010_marks_down.sql")
