"""ta-lab2 refresh, through real processes: what it does, what it says, how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

Cli = Callable[..., Any]


@pytest.fixture
def small(db: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """A catalogue of a few timeframes and periods, so that refreshes take milliseconds."""
    db.execute(
        "DELETE FROM dim_timeframe WHERE tf NOT IN ('1D', '2D', '7D', '1W_CAL_US', '1W_CAL_ISO', '1M_CAL',"
        " '1W_CAL_ANCHOR_US', '1W_CAL_ANCHOR_ISO', '1M_CAL_ANCHOR')"
    )
    db.execute("DELETE FROM dim_period WHERE period NOT IN (2, 3) AND period NOT IN (6, 9)")
    return db


def prices(
    db: psycopg.Connection[Any],
    asset: int,
    days: int = 20,
    first: date = date(2024, 1, 1),
    price: float = 10.0,
) -> None:
    """Raw days of an asset, as a load leaves them."""
    db.execute(
        """INSERT INTO cmc_price_histories7 AS h (
               id, name, timeopen, timeclose, timehigh, timelow, "timestamp", open, high, low, close, volume)
           SELECT
               %(id)s, 'T' || %(id)s, d, d + interval '86399.999 s', d + interval '1 h',
               d + interval '2 h', d + interval '86399.999 s', p, p + 1, p - 1, p + 0.5, 100
           FROM (
               SELECT (%(first)s::date + i)::timestamp AT TIME ZONE 'UTC', %(price)s::float8 + i %% 7
               FROM generate_series(0, %(days)s - 1) AS i) AS x (d, p)
           ON CONFLICT (id, "timestamp") DO UPDATE SET
               open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close""",
        {"id": asset, "first": first, "price": price, "days": days},
    )


def stored(db: psycopg.Connection[Any]) -> list[Any]:
    """Every stored row of bars with the transaction that wrote it."""
    return db.execute("SELECT id, tf, bar_seq, xmin FROM bars ORDER BY 1, 2, 3").fetchall()


def test_bars_of_all_assets_are_built_and_then_nothing_is_new(
    cli: Cli, small: psycopg.Connection[Any]
) -> None:
    for asset in (1, 2, 3):
        prices(small, asset)
    first = cli("--json", "refresh", "bars")
    assert first.code == 0, first.err
    told = json.loads(first.out)
    assert (told["assets"], told["refreshed"], told["changed"], told["failed"]) == (3, 3, 3, 0)
    assert {row["action"] for asset in told["results"] for row in asset["rows"]} == {"rebuild"}
    assert small.execute("SELECT id, count(*) FROM cmc_price_bars_1d GROUP BY id ORDER BY id").fetchall() == [
        (1, 20),
        (2, 20),
        (3, 20),
    ]
    before = stored(small)
    again = cli("--json", "refresh", "bars")
    assert again.code == 0, again.err
    assert json.loads(again.out)["changed"] == 0
    assert stored(small) == before


def test_ids_come_from_the_command_line_or_a_file(
    cli: Cli, small: psycopg.Connection[Any], tmp_path: Path
) -> None:
    for asset in (1, 2, 3):
        prices(small, asset)
    names = tmp_path / "ids.txt"
    names.write_text("# mine\n3, 1  # two of them\n\n1\n")
    result = cli("--json", "refresh", "bars", "--ids", f"@{names}")
    assert result.code == 0, result.err
    assert [row["id"] for row in json.loads(result.out)["results"]] == [1, 3]
    assert small.execute("SELECT DISTINCT id FROM bars ORDER BY id").fetchall() == [(1,), (3,)]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["bars", "--family", "cal_u"], "cal_us"),
        (["emas", "--variant", "multi"], "multi_tf"),
        (["bars", "--ids", "x"], "'x' is not an asset id"),
        (["bars", "--ids", ","], "no ids"),
        (["bars", "--ids", "@/nowhere/ids"], "/nowhere/ids"),
        (["bars", "--variant", "multi_tf"], "bars have families"),
        (["emas", "--family", "multi_tf"], "EMAs have variants"),
        (["emas", "--periods", "0"], "bad period '0'"),
        (["emas", "--periods", ""], "empty list of periods"),
        (["emas", "--time-min", "2024-01-01"], "EMAs can't be bounded"),
        (["bars", "--family", "cal_us", "--time-max", "2024-01-01"], "can't be bounded"),
        (["bars", "--time-min", "2024-02-01", "--time-max", "2024-02-01"], "empty range"),
        (["bars", "--time-min", "yesterday"], "'yesterday' is not a date"),
        (["bars", "--lookback-days", "-1"], "--lookback-days"),
        (["bars", "--workers", "many"], "'many' workers"),
        (["everything"], "everything"),
    ],
)
def test_wrong_usage_exits_2_before_any_work(cli: Cli, arguments: list[str], told: str) -> None:
    # The address leads nowhere: no database is asked.
    result = cli("refresh", *arguments, url="postgresql://127.0.0.1:1/none")
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert told in result.err


def test_one_failing_asset_does_not_stop_the_others(cli: Cli, small: psycopg.Connection[Any]) -> None:
    for asset in (1, 2, 3):
        prices(small, asset)
    # Both fall on one day in New York.
    small.execute(
        """INSERT INTO cmc_price_histories7 (id, timeopen, timeclose, "timestamp", open, high, low, close)
           SELECT 2, t - interval '1 h', t, t, 1, 1, 1, 1 FROM (VALUES
               ('2024-02-01 20:00+00'::timestamptz), ('2024-02-01 21:00+00')) AS x (t)"""
    )
    result = cli("refresh", "bars", "--workers", "2")
    assert result.code == 1
    assert "1 of 3 assets failed: 2 (TA010)" in result.err
    assert result.out.count("TA010") == 1
    assert small.execute("SELECT DISTINCT id FROM bars ORDER BY id").fetchall() == [(1,), (3,)]
    failed = json.loads(cli("--json", "refresh", "bars").out)
    (failure,) = [row["failure"] for row in failed["results"] if row["outcome"] == "failed"]
    assert (failure["id"], failure["sqlstate"], failure["stage"]) == (2, "TA010", "bars")
    assert failure["todo"]


def test_rejects_fail_the_run_when_asked_to(cli: Cli, small: psycopg.Connection[Any]) -> None:
    prices(small, 1)
    small.execute("UPDATE cmc_price_histories7 SET close = NULL WHERE \"timestamp\" < '2024-01-03'")
    result = cli("refresh", "bars", "--fail-on-rejects")
    assert result.code == 1
    assert "2 days were rejected" in result.err
    # The work is kept, and what is known isn't counted again.
    assert small.execute("SELECT count(*) FROM cmc_price_bars_1d").fetchone() == (18,)
    assert cli("refresh", "bars", "--fail-on-rejects").code == 0


def test_events_tell_a_scheduler_how_it_goes(cli: Cli, small: psycopg.Connection[Any]) -> None:
    for asset in (1, 2):
        prices(small, asset)
    result = cli("refresh", "bars", "--events")
    assert (result.code, result.err) == (0, "")
    events = [json.loads(line) for line in result.out.splitlines()]
    assert [event["event"] for event in events] == ["start", "asset", "asset", "end"]
    assert events[0]["to_do"] == 2
    assert sorted(event["id"] for event in events[1:3]) == [1, 2]
    assert [event["done"] for event in events[1:3]] == [1, 2]
    assert events[3]["changed"] == 2
