"""What the planner may assume of tables that nobody has analysed yet, on servers that can't be told."""

from alembic import context

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    context.config.attributes["run_file"]("0011_statistics.sql")


def downgrade() -> None:
    """What is assumed harms nothing and goes with the first ANALYZE."""
