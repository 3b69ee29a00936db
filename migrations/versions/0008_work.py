"""Work is decided once: the shapes in which it travels from the decision to who carries it out."""

from alembic import context

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    context.config.attributes["run_file"]("0008_work.sql")


def downgrade() -> None:
    context.config.attributes["run_file"]("0008_work_down.sql")
