"""The worked examples and the golden bars in any session, zone and plan: computed and read, the same bits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from bars_helpers import FAMILIES, RELATIONS, only

from . import test_bars_reference as golden
from . import test_ema_examples as examples
from .planting import database
from .series import close_of, days_of, load
from .test_plans import SESSIONS, digest, parallel

Db = psycopg.Connection[Any]
SERIES = {"A": 1, "G": 2, "W79": 3}
CASES = [
    case
    for case in examples.EXAMPLES["cases"] + examples.EXAMPLES["digests"]
    if case["series"] in SERIES and "cal_anchor" not in case["variant"] and case["n_rows"] > 60
]
# Every hour from UTC-12 to UTC+14, and what lies between; those of Etc count the other way.
ZONES = [f"Etc/GMT{hours:+d}" for hours in range(-14, 13)]
BETWEEN = ["Asia/Kolkata", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "Pacific/Marquesas"]


@pytest.fixture(scope="module")
def built(postgresql_server: Any) -> Iterator[Db]:
    """Three series of the worked examples, and Solana, with the timeframes of both; read once, plainly."""
    with database(postgresql_server, "golden") as db:
        bars = {line["tf"] for line in golden.reference("bars_reference.csv.gz")}
        only(db, "1D", *bars, *(case["tf"] for case in CASES), "1M_CAL_ANCHOR", "2W_CAL_ANCHOR_ISO")
        for name, asset in SERIES.items():
            load(db, asset, [(day, close_of(i)) for i, day in enumerate(days_of(name))])
            db.execute("SELECT FROM refresh_emas(%s)", (asset,))
        golden.load_sol(db)
        db.execute("SELECT FROM refresh_emas(%s)", (golden.SOL,))
        db.execute("ANALYZE")
        golden.check_bars(db)
        yield db


@contextmanager
def session(db: Db, settings: dict[str, str]) -> Iterator[None]:
    """Settings that hold inside, and a search_path on which something else stands first."""
    db.execute("CREATE SCHEMA IF NOT EXISTS odd; CREATE TABLE IF NOT EXISTS odd.bars_latest (id text)")
    for setting, value in {**settings, "search_path": "odd, pg_catalog, public, pg_temp"}.items():
        db.execute("SELECT set_config(%s, %s, false)", (setting, value))
    try:
        yield
    finally:
        db.execute("RESET ALL")


def rebuilt(db: Db, asset: int) -> int:
    """Bars and vectors that building an asset from nothing writes differently."""
    row = db.execute(
        """SELECT (SELECT sum(b.bars_written + b.bars_deleted) FROM refresh_bars(%(id)s, p_full => true) AS b)
               + (SELECT sum(e.vectors_written) FROM refresh_emas(%(id)s, p_full => true) AS e)""",
        {"id": asset},
    ).fetchone()
    assert row is not None
    return int(row[0])


def wrong(db: Db, cases: list[dict[str, Any]]) -> list[str]:
    """Columns of worked examples that read differently."""
    found = []
    for case in cases:
        columns = [key.removeprefix("sha256_") for key in case if key.startswith("sha256_")]
        hashes = ", ".join(
            f"encode(sha256(string_agg(float8send({c}), ''::bytea ORDER BY ts)), 'hex')" for c in columns
        )
        row = db.execute(
            f"""SELECT count(*), {hashes} FROM {examples.relation(case["variant"])}
                WHERE id = %s AND tf = %s AND period = %s""".encode(),
            (SERIES[case["series"]], case["tf"], case["period"]),
        ).fetchone()
        wanted = (case["n_rows"], *(case[f"sha256_{c}"] for c in columns))
        if row != wanted:
            found.append(f"{case['series']} {case['variant']} {case['tf']} {case['period']}: {row}")
    return found


@pytest.mark.parametrize("name", SESSIONS)
def test_worked_examples_and_golden_bars_in_any_session(built: Db, name: str) -> None:
    read = [
        *(f"{RELATIONS[family]} AS r WHERE id = {golden.SOL}" for family in FAMILIES),
        *(f"{examples.relation(v)} AS r WHERE id = 1 AND tf = '1M_CAL_ANCHOR' AND period = 6"
          for v in ("cal_anchor_us", "cal_anchor_iso")),
    ]  # fmt: skip
    plain = [digest(built, call) for call in read]
    assert all(count for count, _ in plain)
    settings = parallel(built) if name == "parallel" else SESSIONS[name]
    with session(built, settings):
        assert [rebuilt(built, asset) for asset in (*SERIES.values(), golden.SOL)] == [0] * 4
        assert wrong(built, CASES[::9]) == []
        assert [digest(built, call) for call in read] == plain


def test_worked_examples_in_every_zone(built: Db) -> None:
    for i, zone in enumerate((*ZONES, *BETWEEN)):
        with session(built, {"TimeZone": zone}):
            assert rebuilt(built, SERIES["G"]) == 0, zone
            assert wrong(built, CASES[i :: len(ZONES)]) == [], zone
