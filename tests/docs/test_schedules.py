"""The lines for cron and systemd in the docs, run as those run them: no terminal, hardly a variable."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import psycopg
import pytest

ROOT = Path(__file__).parents[2]
DAILY = ROOT / "docs" / "how-to" / "run-daily.md"
CRON = {path.name: path for path in (ROOT / "README.md", DAILY)}
BARE = {"LOGNAME": "prices", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="cron and systemd")


def blocks(path: Path, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


class Machine:
    """A folder with the program and the prices of which the lines speak, and an empty database."""

    def __init__(self, folder: Path, url: str) -> None:
        self.url = url
        self.programs, self.prices = folder / "bin", folder / "prices"
        self.programs.mkdir()
        self.prices.mkdir()
        program = self.programs / "ta-lab2"
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m ta_lab2_sql "$@"\n')
        program.chmod(0o755)
        self.home = folder

    def here(self, text: str) -> str:
        """The text with the paths and the database of this machine."""
        for theirs, ours in {
            "/opt/ta-lab2/bin": str(self.programs),
            "/data/prices": str(self.prices),
            "postgresql:///prices": self.url,
        }.items():
            text = text.replace(theirs, ours)
        return text

    def receive(self, days: int, newest: int = 0) -> None:
        """Get a file of so many days; the newest is so many days old."""
        today = datetime.now(timezone.utc).date()
        lines = ["date,open,high,low,close,volume"]
        lines += [f"{today - timedelta(days=newest + back)},1,2,1,2,{back}" for back in range(days)]
        (self.prices / "P_42.csv").write_text("\n".join(lines) + "\n")

    def run(self, command: list[str], variables: dict[str, str]) -> tuple[int, str]:
        """What becomes of a command, and all that it says."""
        environment = {"HOME": str(self.home), "TA_LAB2_DATABASE_URL": self.url, **BARE, **variables}
        done = subprocess.run(
            command, env=environment, cwd=self.home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout

    def cron(self, path: Path) -> tuple[int, str]:
        """Do what the crontab on a page says."""
        (table,) = blocks(path, "cron")
        *settings, job = self.here(table).splitlines()
        variables = dict(line.split("=", 1) for line in settings)
        times, command = re.fullmatch(r"((?:\S+\s+){5})(.*)", job).groups()  # type: ignore[union-attr]
        assert times.split() == ["15", "0", "*", "*", "*"]
        assert "%" not in command  # cron makes line breaks of it
        return self.run(["/bin/sh", "-c", command], variables)

    def systemd(self) -> Iterator[tuple[int, str]]:
        """Do what the service says, command by command."""
        unit = self.here(blocks(DAILY, "ini")[0])
        variables = dict(line.split("=", 1) for line in re.findall("^Environment=(.*)$", unit, re.MULTILINE))
        for command in re.findall("^ExecStart=(.*)$", unit, re.MULTILINE):
            yield self.run(shlex.split(command), variables)


@pytest.fixture
def machine(tmp_path: Path, db: psycopg.Connection[Any], db_url: str) -> Machine:
    db.execute("DELETE FROM dim_timeframe WHERE tf NOT IN ('1D', '7D', '1W_CAL_US')")
    return Machine(tmp_path, db_url)


def built(db: psycopg.Connection[Any]) -> int:
    row = db.execute("SELECT count(DISTINCT ts::date) FROM cmc_ema_multi_tf WHERE tf = '1D'").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("page", CRON)
def test_cron_builds_and_sends_no_mail(machine: Machine, db: psycopg.Connection[Any], page: str) -> None:
    machine.receive(days=40)
    assert machine.cron(CRON[page]) == (0, "")
    before = built(db)
    assert before > 0
    machine.receive(days=41)
    assert machine.cron(CRON[page]) == (0, "")
    assert built(db) == before + 1


@pytest.mark.parametrize("page", CRON)
@pytest.mark.parametrize(
    ("arrange", "told"),
    [
        (lambda machine: None, "P_42.csv|\\*.csv"),
        (lambda machine: machine.receive(days=40, newest=3), "1 of 1 assets are older than 36 h"),
    ],
)
def test_cron_sends_a_mail_of_one_line_when_something_is_wrong(
    machine: Machine, page: str, arrange: Callable[[Machine], None], told: str
) -> None:
    arrange(machine)
    code, said = machine.cron(CRON[page])
    assert code != 0
    assert len(said.splitlines()) == 1
    assert re.match(f"error: .*({told})", said)


def test_systemd_builds_and_fails_when_something_is_old(
    machine: Machine, db: psycopg.Connection[Any]
) -> None:
    machine.receive(days=40)
    assert [code for code, _ in machine.systemd()] == [0, 0, 0]
    assert built(db) > 0
    db.execute("DELETE FROM cmc_price_histories7 WHERE \"timestamp\" > now() - interval '5 days'")
    machine.receive(days=35, newest=5)
    assert [code for code, _ in machine.systemd()] == [0, 0, 1]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd isn't installed")
def test_systemd_accepts_the_units(machine: Machine, tmp_path: Path) -> None:
    service, timer = (machine.here(unit) for unit in blocks(DAILY, "ini"))
    (tmp_path / "ta-lab2.service").write_text(service.replace("User=prices\n", ""))
    (tmp_path / "ta-lab2.timer").write_text(timer)
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "ta-lab2.service", tmp_path / "ta-lab2.timer"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    complaints = [line for line in done.stderr.splitlines() if "ta-lab2" in line]
    assert (done.returncode, complaints) == (0, [])
