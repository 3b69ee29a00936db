"""What builders read and hand on: alphas as vectors, sessions of an asset, rows on their way to tables."""

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
    _run("0007_builders_alphas.sql")
    _run("0007_builders_types.sql")


def downgrade() -> None:
    _run("0007_builders_down.sql")
