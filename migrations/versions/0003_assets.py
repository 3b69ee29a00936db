"""Assets by symbol, each with its clock; the day as a source names it; saved sources; accepted findings."""

from alembic import context

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    context.config.attributes["run_file"]("0003_assets.sql")


def downgrade() -> None:
    context.config.attributes["run_file"]("0003_assets_down.sql")
