"""ta-lab2 audit, through real processes: what it finds, what it proves, how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
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


def test_prove_builds_on_the_calendar_of_the_bars(cli: Cli, two: psycopg.Connection[Any]) -> None:
    """An edit that nobody took up yet is a warning, as all that waits for a refresh."""
    two.execute("INSERT INTO calendars (calendar) VALUES ('W')")
    two.execute(
        "INSERT INTO calendar_weeks (calendar, from_day, weekmask) VALUES ('W', '2000-01-01', '0110111')"
    )
    two.execute("UPDATE assets SET calendar = 'W' WHERE id = 2")
    two.execute("SELECT refresh_bars(2)")
    two.execute("SELECT refresh_emas(2)")
    prove = ("--json", "audit", "--ids", "2", "--prove", "--check", "bar_content")
    done = cli(*prove)
    assert (done.code, json.loads(done.out)) == (0, [])
    two.execute("UPDATE calendar_weeks SET weekmask = '1111111'")
    two.execute('DELETE FROM cmc_price_histories7 WHERE id = 2 AND extract(DAY FROM "timestamp") = 17')
    two.execute("SELECT refresh_bars(2)")
    two.execute("SELECT refresh_emas(2)")
    two.execute("UPDATE calendar_weeks SET weekmask = '0110111'")
    two.execute("SELECT calendars_apply()")
    done = cli(*prove)
    assert done.code == 0
    assert {f["severity"] for f in json.loads(done.out)} <= {"warning"}
    two.execute("UPDATE calendar_weeks SET weekmask = '1111111'")
    two.execute("SELECT calendars_apply(); SELECT refresh_bars(2)")
    assert (cli(*prove).code, json.loads(cli(*prove).out)) == (0, [])


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


def test_what_was_accepted_is_listed_and_not_told(cli: Cli, two: psycopg.Connection[Any]) -> None:
    two.execute("""DELETE FROM cmc_price_histories7 WHERE id = 2 AND volume BETWEEN 1 AND 1.55""")
    two.execute("SELECT FROM refresh_emas(2)")
    assert "missing_local_days" in cli("audit").out
    days = ("--from", "2024-01-10", "--to", "2024-01-31")
    done = cli("audit", "accept", 2, "missing_local_days", *days, "--note", "the source was off")
    assert (done.code, done.err.strip()) == (
        0,
        "asset 2: missing_local_days is accepted from 2024-01-10 to 2024-01-31",
    )
    assert "missing_local_days" not in cli("audit").out
    (row,) = json.loads(cli("--json", "audit", "accepted").out)
    assert row == {
        "id": 2,
        "symbol": None,
        "check": "missing_local_days",
        "from": "2024-01-10",
        "to": "2024-01-31",
        "note": "the source was off",
    }
    two.execute("UPDATE assets SET symbol = 'TWO' WHERE id = 2")
    assert "1 of missing_local_days" in cli("audit", "accept", "TWO", "missing_local_days", "--revoke").err
    assert "missing_local_days" in cli("audit").out
    assert cli("audit", "accepted").out == "accepted: none\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("3", "price_jump"), "error: asset 3 is not loaded; "),
        (("1", "price_jumps"), "error: unknown check 'price_jumps'; --check; did you mean price_jump"),
        (("1", "bar_content"), "error: bar_content is an error, and errors can't be accepted; "),
        (
            ("1", "price_jump", "--from", "2024-02-01", "--to", "2024-01-01"),
            "error: 2024-02-01 is after 2024-01-01; --from and --to; ",
        ),
    ],
)
def test_what_cannot_be_accepted_is_refused(
    cli: Cli, two: psycopg.Connection[Any], arguments: tuple[str, ...], told: str
) -> None:
    done = cli("audit", "accept", *arguments)
    assert done.code == 2
    assert done.err.startswith(told)
    assert two.execute("SELECT count(*) FROM accepted_findings").fetchone() == (0,)


CASES: dict[str, list[tuple[str, str]]] = {
    # A year of weekdays with a session on one Saturday.
    "one_saturday": [],
    "split": [("split_suspected", "2024-06-10 7:1")],
}


@pytest.mark.parametrize("case", CASES)
def test_stocks_warn_of_what_is_odd_and_of_nothing_else(
    cli: Cli, db: psycopg.Connection[Any], tmp_path: Path, case: str
) -> None:
    lines = ["date,open,high,low,close,volume"]
    for day in (date(2024, 1, 1) + timedelta(n) for n in range(366)):
        price, volume = (90, 7000) if case == "split" and day >= date(2024, 6, 10) else (630, 1000)
        if day.isoweekday() < 6 or (case == "one_saturday" and day == date(2024, 3, 2)):
            lines.append(f"{day},{price},{price + 5},{price - 5},{price},{volume}")
    (tmp_path / "stock.csv").write_text("\n".join(lines) + "\n")
    assert cli("load", tmp_path / "stock.csv", "--id", 7).code == 0
    assert cli("refresh", "bars", "--family", "1d").code == 0
    found = json.loads(cli("--json", "audit").out)
    told = [(f["check"], f["detail"]["days"][0]) for f in found if f["severity"] != "info"]
    assert told == CASES[case]
