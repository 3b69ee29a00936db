"""The local day of every validated day is stored; columns that hold groups of bars and EMAs are named so."""

from pathlib import Path

from alembic import context

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent


def _run(name: str) -> None:
    path = HERE / name
    context.config.attributes["run"](path.read_text(encoding="utf-8"), f"migrations/versions/{name}")


def upgrade() -> None:
    _run("0005_days.sql")


def downgrade() -> None:
    _run("0005_days_down.sql")
