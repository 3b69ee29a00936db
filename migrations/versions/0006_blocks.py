"""Blocks of days and of bars as rows, from which every read of many days goes on."""

from alembic import context

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    context.config.attributes["run_file"]("0006_blocks.sql")


def downgrade() -> None:
    context.config.attributes["run_file"]("0006_blocks_down.sql")
