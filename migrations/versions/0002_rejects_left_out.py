"""Days whose rejects a refresh was told not to keep are remembered, so that audits don't miss them."""

from alembic import context

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None



def upgrade() -> None:
    context.config.attributes["run_file"]("0002_rejects_left_out.sql")


def downgrade() -> None:
    context.config.attributes["run"](
        "ALTER TABLE cmc_price_bars_1d_state DROP COLUMN rejects_left_out_from",
        "column rejects_left_out_from",
    )
