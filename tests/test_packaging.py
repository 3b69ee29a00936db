"""The wheel carries sql/ and migrations/ and works in an empty environment."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    code = (
        f"import hatchling.build, os; os.chdir({str(ROOT)!r}); hatchling.build.build_wheel({str(folder)!r})"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_wheel_carries_every_sql_file(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for kind in ("sql", "migrations"):
        for path in (ROOT / kind).rglob("*"):
            if path.suffix in (".sql", ".txt", ".py"):
                assert f"ta_lab2_sql/_{kind}/{path.relative_to(ROOT / kind).as_posix()}" in names
    assert "ta_lab2_sql/py.typed" in names


def test_installed_wheel_migrates(wheel: Path, tmp_path: Path, empty_url: str) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=True)
    binaries = environment / ("Scripts" if os.name == "nt" else "bin")
    subprocess.run(
        [binaries / "python", "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel], check=True
    )
    # Its dependencies are those of this environment: its .pth files aren't read, so our source stays out.
    site = next(environment.rglob("site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    env = {**os.environ, "TA_LAB2_DATABASE_URL": empty_url}
    env.pop("PYTHONPATH", None)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [binaries / "ta-lab2", *arguments],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )

    where = subprocess.run(
        [binaries / "python", "-c", "import ta_lab2_sql; print(ta_lab2_sql.__file__)"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(environment))
    migrated = run("migrate")
    assert migrated.returncode == 0, migrated.stderr
    assert run("migrate", "--check").returncode == 0
    assert "migrate" in run("--help").stdout
