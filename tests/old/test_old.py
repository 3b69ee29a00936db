"""Databases that earlier revisions built, with data and unfinished work in them, brought to this one."""

from __future__ import annotations

import json
import lzma
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conftest import runner
from definitions import DUMP
from law.machine import STORED, Comparison, World
from old.keep import KEPT, NEWER

from ta_lab2_sql import server
from ta_lab2_sql.schema.files import resources
from ta_lab2_sql.schema.revisions import head_revision

ASSETS = (1, 7, 5426, 900001)
READ = (7, 5426)
# What real prices are warned of, and what is only told.
USUAL = {"rows_rejected", "missing_local_days", "stale_asset", "repaired_days", "missing_days_interior"}


def kept() -> list[Path]:
    """The dumps, oldest first."""
    return sorted(KEPT.glob("*.sql.xz"))


def test_every_earlier_revision_is_kept() -> None:
    """A migration needs a database of the revision before it; `make keep` there writes one."""
    revisions = {path.name.split("_")[0] for path in (resources("migrations") / "versions").glob("[0-9]*.py")}
    assert head_revision() in revisions
    assert revisions - {head_revision()} <= {path.name.split(".")[0] for path in kept()}


def definitions(db: psycopg.Connection[Any]) -> list[Any]:
    """Everything that is defined; a view that went through a dump has other brackets."""
    return [row for row in db.execute(DUMP).fetchall() if row[0] != "view"]


@pytest.mark.parametrize("dump", kept(), ids=lambda path: path.name.split(".")[0])
def test_old_data_comes_to_what_a_build_from_nothing_gives(
    dump: Path, empty_url: str, db: psycopg.Connection[Any]
) -> None:
    done = subprocess.run(
        [str(server._binaries() / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", empty_url],
        input=lzma.decompress(dump.read_bytes()),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    run = runner(empty_url)
    with psycopg.connect(empty_url, autocommit=True) as old:
        # There is something of everything, and something to do.
        for table in STORED:
            if table in ("day_blocks", "bar_blocks") and dump.name < "0006":
                continue
            if table == "marks" and dump.name < "0010":
                continue
            assert old.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() != (0,), table

        migrated = run("migrate")
        assert migrated.code == 0, migrated.err
        assert run("migrate", "--check").code == 0
        assert definitions(old) == definitions(db)
        assert run("status").code == 0
        refreshed = run("refresh", "all")
        assert refreshed.code == 0, refreshed.err

        found = run("--json", "audit", "--prove")
        assert found.code == 0, found.err
        assert {f["check"] for f in json.loads(found.out) if f["severity"] != "info"} <= USUAL
        # What is stored of all; of some, what is read from it too.
        for comparison, assets in ((Comparison.of(old, STORED), ASSETS), (Comparison.of(old), READ)):
            world = World(old, comparison, 0, whole_catalogue=True)
            world.analyze = True
            for asset in assets:
                world.check(asset, thorough=assets is ASSETS)


def test_kept_dumps_speak_to_every_server() -> None:
    for dump in kept():
        lines = lzma.decompress(dump.read_bytes()).decode().splitlines()
        assert not [line for line in lines if line.startswith(NEWER)]
