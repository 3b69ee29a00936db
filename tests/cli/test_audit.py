"""ta-lab2 audit, through real processes: what it finds, what it proves, how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

Cli = Callable[..., Any]


@pytest.fixture
def two(db: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """Two assets with 40 days, bars and EMAs of a small catalogue."""
    db.execute("DELETE FROM dim_timeframe WHERE tf NOT IN ('1D', '2D', '1W_CAL_US', '1M_CAL_ANCHOR')")
    db.execute("DELETE FROM dim_period WHERE period NOT IN (6, 9)")
    db.execute(
        """INSERT INTO cmc_price_histories7 (
               id, name, timeopen, timeclose, timehigh, timelow, "timestamp", open, high, low, close, volume)
           SELECT
               a, 'T' || a, d, d + interval '86399.999 s', d + interval '1 h', d + interval '2 h',
               d + interval '86399.999 s', 10 + i % 7, 12 + i % 7, 9 + i % 7, 11 + i % 7, 0.1 * i
           FROM generate_series(1, 2) AS a
           CROSS JOIN generate_series(0, 39) AS i
           CROSS JOIN LATERAL (SELECT (date '2024-01-03' + i)::timestamp AT TIME ZONE 'UTC') AS x (d)"""
    )
    for asset in (1, 2):
        db.execute("SELECT FROM refresh_emas(%s)", (asset,))
    return db


def test_healthy_assets_end_well(cli: Cli, two: psycopg.Connection[Any]) -> None:
    done = cli("audit")
    assert done.code == 0, done.err
    assert "findings: none" in done.out
    assert "0 errors, 0 warnings" in done.err
    assert cli("--json", "audit", "--check", "bar_content").out == "[]\n"


def test_errors_are_named_and_end_with_1(cli: Cli, two: psycopg.Connection[Any]) -> None:
    two.execute("UPDATE bars SET volume = volume + 1 WHERE id = 2 AND tf = '2D' AND bar_seq = 3")
    done = cli("audit", "--ids", "1,2")
    assert done.code == 1
    assert "bar_content" in done.out
    assert done.err.splitlines()[-1].startswith("error: 1 audit error; asset 2; ")
    told = json.loads(cli("--json", "audit", "--ids", "all", "--check", "bar_content").out)
    assert [(f["severity"], f["check"], f["id"], f["tf"], f["detail"]) for f in told] == [
        ("error", "bar_content", 2, "2D", {"n": 1, "columns": ["volume"]})
    ]
    assert cli("audit", "--ids", "1").code == 0
    assert cli("audit", "--check", "bar_ohlc").code == 0


def test_warnings_do_not_fail(cli: Cli, two: psycopg.Connection[Any], tmp_path: Path) -> None:
    two.execute("UPDATE cmc_price_histories7 SET close = close + 0.5 WHERE id = 1")
    (tmp_path / "ids").write_text("1  # the changed one\n")
    done = cli("audit", "--ids", f"@{tmp_path / 'ids'}")
    assert done.code == 0
    assert "raw_changes_pending" in done.out


def test_what_is_true_of_no_asset_is_told_once(cli: Cli, two: psycopg.Connection[Any]) -> None:
    """Many assets are audited some at a time."""
    two.execute(
        """INSERT INTO cmc_price_histories7 (id, timeopen, timeclose, "timestamp", open, close)
           SELECT a, '2024-01-03+00', '2024-01-04+00', '2024-01-04+00', 1, 1
           FROM generate_series(3, 80) AS a"""
    )
    two.execute("DROP TRIGGER raw_changes_insert ON cmc_price_histories7")
    done = cli("--json", "audit", "--check", "raw_triggers_off", "--check", "raw_changes_pending")
    found = [f["check"] for f in json.loads(done.out)]
    assert found.count("raw_triggers_off") == 1
    assert found.count("raw_changes_pending") == 78


def test_prove_rebuilds_and_changes_nothing(cli: Cli, two: psycopg.Connection[Any]) -> None:
    rows = "SELECT xmin::text, ctid::text FROM bars UNION ALL SELECT xmin::text, ctid::text FROM emas"
    before = two.execute(rows).fetchall()
    done = cli("audit", "--prove", "--check", "bar_content")
    assert done.code == 0, done.err
    assert "asset 2: rebuilt rows of" in done.err
    assert two.execute(rows).fetchall() == before


@pytest.mark.parametrize(
    ("damage", "relation"),
    [
        ("UPDATE bars SET close = close + 1e-9 WHERE id = 2 AND tf = '2D' AND bar_seq = 3", "bars"),
        (
            "UPDATE emas SET day_space[1] = day_space[1] + 1e-9 WHERE id = 2 AND tf = '2D' AND bar_seq = 12",
            "emas",
        ),
        ("DELETE FROM emas WHERE id = 2 AND tf = '1D' AND bar_seq = 40", "emas"),
        ("UPDATE cmc_price_bars_1d SET volume = 0.25 WHERE id = 2 AND bar_seq = 9", "cmc_price_bars_1d"),
        ("UPDATE bars_state SET n_rows = 39 WHERE id = 2 AND bar_group = 'multi_tf'", "bars_state"),
    ],
)
def test_prove_finds_one_bit(cli: Cli, two: psycopg.Connection[Any], damage: str, relation: str) -> None:
    two.execute(damage.encode())
    done = cli("--json", "audit", "--prove", "--check", "price_jump")
    assert done.code == 1
    assert [
        (f["check"], f["id"], f["detail"]["relation"], f["detail"]["differing"]) for f in json.loads(done.out)
    ] == [("rebuild_differs", 2, relation, 1)]


def test_prove_of_what_waits_for_a_refresh_is_a_warning(cli: Cli, two: psycopg.Connection[Any]) -> None:
    two.execute("UPDATE cmc_price_histories7 SET close = close + 0.5 WHERE id = 1")
    done = cli("--json", "audit", "--ids", "1", "--prove", "--check", "price_jump")
    assert done.code == 0
    assert {f["severity"] for f in json.loads(done.out)} == {"warning"}


def test_what_cannot_be_rebuilt_is_an_error(cli: Cli, two: psycopg.Connection[Any]) -> None:
    """A second day on one local day: the bars stand as they were, but can't be made again."""
    two.execute(
        """INSERT INTO cmc_price_histories7 (id, timeopen, timeclose, "timestamp", open, close)
           VALUES (1, '2024-01-05+00', '2024-01-05+00', '2024-01-05 04:00+00', 1, 1)"""
    )
    done = cli("--json", "audit", "--ids", "1,2", "--prove", "--check", "bar_content")
    assert done.code == 1
    assert [(f["check"], f["id"], f["detail"]["sqlstate"]) for f in json.loads(done.out)] == [
        ("rebuild_fails", 1, "TA010")
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--ids", "1,3"], "error: asset 3 is not loaded; --ids; "),
        (["--ids", "x"], "error: no asset is called 'x'; "),
        (
            ["--check", "bar_contents"],
            "error: unknown check 'bar_contents'; --check; did you mean bar_content",
        ),
    ],
)
def test_wrong_usage(cli: Cli, two: psycopg.Connection[Any], arguments: list[str], told: str) -> None:
    done = cli("audit", *arguments)
    assert done.code == 2
    assert done.err.startswith(told)
