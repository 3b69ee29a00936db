"""Work is decided once: the shapes in which it travels from the decision to who carries it out."""

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
    _run("0008_work.sql")


def downgrade() -> None:
    _run("0008_work_down.sql")
