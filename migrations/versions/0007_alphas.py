"""The alphas of a timeframe as vectors; room on the pages of bars and EMAs for what a day changes."""

from pathlib import Path

from alembic import context

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent


def _run(name: str) -> None:
    path = HERE / name
    context.config.attributes["run"](path.read_text(encoding="utf-8"), f"migrations/versions/{name}")


def upgrade() -> None:
    _run("0007_alphas.sql")


def downgrade() -> None:
    _run("0007_alphas_down.sql")
