"""Blocks of days and of bars as rows, from which every read of many days goes on."""

from pathlib import Path

from alembic import context

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent


def _run(name: str) -> None:
    path = HERE / name
    context.config.attributes["run"](path.read_text(encoding="utf-8"), f"migrations/versions/{name}")


def upgrade() -> None:
    _run("0006_blocks.sql")


def downgrade() -> None:
    _run("0006_blocks_down.sql")
