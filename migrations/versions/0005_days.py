"""The local day of every validated day is stored; columns that hold groups of bars and EMAs are named so."""

from alembic import context

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    context.config.attributes["run_file"]("0005_days.sql")


def downgrade() -> None:
    context.config.attributes["run_file"]("0005_days_down.sql")
