"""What builders read and hand on: alphas as vectors, sessions of an asset, rows on their way to tables."""

from alembic import context

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    context.config.attributes["run_file"]("0007_builders_alphas.sql")
    context.config.attributes["run_file"]("0007_builders_types.sql")


def downgrade() -> None:
    context.config.attributes["run_file"]("0007_builders_down.sql")
