"""The tables, triggers and catalogue of the first release."""

from pathlib import Path

from alembic import context

revision = "0001"
down_revision = None
branch_labels = ("ta_lab2",)
depends_on = None

HERE = Path(__file__).parent
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


def run(name: str) -> None:
    """Send a SQL file that lies beside this one as it stands."""
    context.config.attributes["run"]((HERE / name).read_text(encoding="utf-8"), f"migrations/versions/{name}")


def upgrade() -> None:
    run("0001_tables.sql")
    # The triggers need their functions, which name the tables.
    for thing in context.config.attributes["catalogue"].after_tables:
        if thing.path.startswith("functions/source/"):
            context.config.attributes["apply_object"](thing)
    for name in ("0001_triggers.sql", "0001_catalogue.sql", "0001_statistics.sql"):
        if (HERE / name).exists():
            run(name)


def downgrade() -> None:
    for table in TABLES:
        context.config.attributes["run"](f"DROP TABLE {table}", f"table {table}")
