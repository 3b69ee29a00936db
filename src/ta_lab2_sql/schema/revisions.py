"""The migrations of this version, as Alembic knows them; importing Alembic takes long, so only here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ta_lab2_sql.schema import files

if TYPE_CHECKING:
    from alembic.config import Config

LABEL = "ta_lab2"


def alembic_config(schema: str, **attributes: Any) -> Config:
    """Alembic's configuration, without a file; what revisions find in its attributes."""
    from alembic.config import Config

    folder = files.resources("migrations")

    def run_file(name: str) -> None:
        """Run a file of SQL that lies beside the revisions."""
        text = (folder / "versions" / name).read_text(encoding="utf-8")
        attributes["run"](text, f"migrations/versions/{name}")

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes.update(schema=schema, catalogue=files.catalogue(), run_file=run_file, **attributes)
    return config


def head_revision() -> str:
    """The newest revision of this version's migrations."""
    from alembic.script import ScriptDirectory

    head = ScriptDirectory.from_config(alembic_config("public")).get_current_head()
    assert head is not None
    return head


def known_revisions() -> set[str]:
    """All revisions of this version's migrations."""
    from alembic.script import ScriptDirectory

    return {r.revision for r in ScriptDirectory.from_config(alembic_config("public")).walk_revisions()}


def is_ancestor(config: Config, revision: str, before: str | None) -> bool:
    """Whether a revision lies on the way to another one (None: to nothing)."""
    from alembic.script import ScriptDirectory

    if before is None:
        return False
    walk = ScriptDirectory.from_config(config).walk_revisions("base", before)
    return any(script.revision == revision for script in walk)
