"""What a refresh knows of an asset's sessions, and what builders hand on, as values."""

from pathlib import Path

from alembic import context

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent


def _run(name: str) -> None:
    path = HERE / name
    context.config.attributes["run"](path.read_text(encoding="utf-8"), f"migrations/versions/{name}")


def upgrade() -> None:
    _run("0008_asset_sessions.sql")


def downgrade() -> None:
    _run("0008_asset_sessions_down.sql")
