"""The demo, and the commands that look at what it built."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ta_lab2_sql.commands.demo import FILES


@pytest.mark.slow
def test_the_demo_builds_everything_and_does_it_once(
    cli: Any, db: psycopg.Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = cli("--json", "demo")
    assert first.code == 0, first.err
    told = json.loads(first.out)
    assert {row["id"]: row["symbol"] for row in told["loaded"]} == dict(enumerate(FILES, start=1))
    assert all(row["inserted"] == row["read"] - row["duplicates"] > 1000 for row in told["loaded"])
    assert [row["duplicates"] for row in told["loaded"]] == [70, 0, 0]
    assert {row["id"] for row in told["built"]} == {1, 2, 3}
    assert all(row["bars"] > 0 and row["ema_vectors"] > 0 for row in told["built"])
    if told["chart"]:
        assert Path(told["chart"]).stat().st_size > 0
    stored = "SELECT id, tf, bar_seq, xmin FROM bars ORDER BY id, tf, bar_seq"
    before = db.execute(stored).fetchall()
    # The stock has a row on each session of the calendar that it is on; its splits are named.
    told = db.execute("""SELECT id, "check", severity, detail FROM audit_all() WHERE severity <> 'info'""")
    assert [(*row[:3], row[3]["days"]) for row in told.fetchall()] == [
        (3, "split_suspected", "warning", ["2000-06-21 2:1", "2005-02-28 2:1"])
    ]
    (fits,) = db.execute(
        """SELECT m.mismatches FROM calendar_mismatches(3) AS m
           JOIN assets AS a ON a.id = 3 AND a.calendar = m.calendar"""
    ).fetchall()
    assert fits == (0,)
    db.execute("UPDATE assets SET calendar = NULL")
    suggested = json.loads(cli("--json", "calendars", "suggest").out)
    assert [(row["id"], row["suggested"], row["left"]) for row in suggested] == [(3, "XNYS", 0)]
    db.execute("UPDATE assets SET calendar = 'XNYS' WHERE id = 3")
    again = cli("demo")
    assert again.code == 0, again.err
    assert "Next:" in again.out
    assert db.execute(stored).fetchall() == before

    assets = json.loads(cli("--json", "assets").out)
    assert [row["id"] for row in assets] == [1, 2, 3]
    for row in assets:
        # Every raw day became a valid day or a reject.
        assert row["days"] == row["valid_days"] + row["rejects"]
        assert row["bars"] > 0


def test_the_demo_never_mixes_with_other_prices(cli: Any, db: psycopg.Connection[Any]) -> None:
    own = "date,open,high,low,close,volume\n2015-01-01,1,2,0.5,1,1\n"
    assert cli("load", "-", "--asset", "AAPL", stdin=own).code == 0
    result = cli("demo")
    assert result.code == 2
    assert "asset AAPL (1) holds other prices" in result.err
    assert db.execute("SELECT id, count(*) FROM cmc_price_histories7 GROUP BY id").fetchall() == [(1, 1)]


def test_no_assets_is_no_failure(cli: Any) -> None:
    assert json.loads(cli("--json", "assets").out) == []
    result = cli("assets")
    assert result.code == 0
    assert "ta-lab2 load" in result.err


def test_the_catalogue_has_98_timeframes_of_days(cli: Any) -> None:
    result = cli("--json", "timeframes", "--family", "multi_tf")
    assert result.code == 0, result.err
    found = json.loads(result.out)
    assert len(found) == 98
    assert found[0]["tf"] == "1D"


def test_windows_of_a_timeframe_tile_the_calendar(cli: Any) -> None:
    result = cli("--json", "timeframes", "1W_CAL_US", "--windows", "--from", "2010-07-13", "--count", 5)
    assert result.code == 0, result.err
    windows = json.loads(result.out)
    assert len(windows) == 5
    # The first full week, Sunday to Saturday, of an asset that begins on a Tuesday.
    assert (windows[0]["window_start"], windows[0]["window_end"]) == ("2010-07-18", "2010-07-24")
    assert [w["bar_seq"] for w in windows] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--family", "weeks"], "cal_us"),
        (["7d"], "7D"),
        (["--windows"], "1W_CAL_US"),
    ],
)
def test_a_wrong_name_gets_the_right_ones(cli: Any, arguments: list[str], named: str) -> None:
    result = cli("timeframes", *arguments)
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert named in result.err
