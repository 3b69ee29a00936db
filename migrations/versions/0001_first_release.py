"""The tables, triggers and catalogue of the first release."""

from alembic import context

revision = "0001"
down_revision = None
branch_labels = ("ta_lab2",)
depends_on = None

TABLES = (
    "runs",
    "emas_pending",
    "emas_state",
    "emas_at_blocks",
    "emas",
    "bars_pending",
    "bars_state",
    "bars",
    "cmc_price_bars_1d_state",
    "cmc_price_bars_1d_rejects",
    "cmc_price_bars_1d",
    "raw_changes",
    "cmc_price_histories7",
    "ema_alpha",
    "dim_period",
    "dim_timeframe",
)


def upgrade() -> None:
    run_file = context.config.attributes["run_file"]
    run_file("0001_tables.sql")
    # The triggers need their functions, which name the tables.
    for thing in context.config.attributes["catalogue"].after_tables:
        if thing.path.startswith("functions/source/"):
            context.config.attributes["apply_object"](thing)
    for name in ("0001_triggers.sql", "0001_catalogue.sql", "0001_statistics.sql"):
        run_file(name)


def downgrade() -> None:
    for table in TABLES:
        context.config.attributes["run"](f"DROP TABLE {table}", f"table {table}")
