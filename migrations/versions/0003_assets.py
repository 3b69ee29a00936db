"""Assets by symbol, each with its clock; the day as a source names it; saved sources; accepted findings."""

from pathlib import Path

from alembic import context

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent


def _run(name: str) -> None:
    path = HERE / name
    context.config.attributes["run"](path.read_text(encoding="utf-8"), f"migrations/versions/{name}")


def upgrade() -> None:
    _run("0003_assets.sql")


def downgrade() -> None:
    _run("0003_assets_down.sql")
