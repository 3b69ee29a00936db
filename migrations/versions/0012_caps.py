"""Market caps of days that lack them in their blocks; how many days share a block, also of few assets."""

from alembic import context

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    context.config.attributes["run_file"]("0012_caps.sql")


def downgrade() -> None:
    context.config.attributes["run_file"]("0012_caps_down.sql")
