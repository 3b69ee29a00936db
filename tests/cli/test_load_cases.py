"""Small files of many makers: each loads as it comes, or asks what only its owner can answer."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

CASES = Path(__file__).parents[1] / "fixtures" / "cases"
Db = psycopg.Connection[Any]

TWO = [("2024-01-02", 10.1, 10.5, 10.0, 10.4, 1000.0), ("2024-01-03", 10.4, 10.7, 10.3, 10.6, 900.0)]
TWO_FINE = [(*row[:5], volume) for row, volume in zip(TWO, (1000.5, 900.1), strict=True)]
DAYS: dict[str, list[tuple[Any, ...]]] = {
    "alphavantage": TWO,
    "binance_klines_us": [("2025-01-01", *TWO_FINE[0][1:]), ("2025-01-02", *TWO_FINE[1][1:])],
    "cmc_old_table": [(*TWO[0][:5], None), (*TWO[1][:5], 1234500.0)],
    "coingecko": [("2024-01-02", *[10.4] * 4, 1000.5), ("2024-01-03", *[10.6] * 4, 900.1)],
    "cryptodatadownload": TWO_FINE,
    "datetime_header": TWO[:1],
    "investing": [
        ("2024-01-02", 1010.1, 1010.5, 1010.0, 1010.4, 3.10e6),
        ("2024-01-03", 1010.4, 1010.7, 1010.3, 1010.6, 1.20e3),
    ],
    "kraken_ohlcvt": TWO_FINE,
    "nasdaq": TWO,
    "stooq_bulk": TWO,
    "unnamed_index": TWO[:1],
    "yahoo_adjclose_null": [TWO[0], ("2024-01-04", 10.4, 10.6, 10.3, 10.5, 1200.0)],
    "yfinance_history_tz": [TWO[0], ("2024-07-02", *TWO[1][1:])],
    "yfinance_three_headers": TWO,
}


def stored(db: Db, asset: int | None = None) -> list[tuple[Any, ...]]:
    """What is stored: the local day, prices, volume."""
    return db.execute(
        """SELECT local_day::text, open, high, low, close, volume FROM cmc_price_histories7
           WHERE id = coalesce(%s, id) ORDER BY id, "timestamp" """,
        (asset,),
    ).fetchall()


@pytest.mark.parametrize("case", DAYS)
def test_a_file_loads_as_it_comes(cli: Any, db: Db, case: str) -> None:
    path = CASES / f"layout_{case}.csv"
    result = cli("--json", "load", path, "--asset", 42)
    assert result.code == 0, result.err
    assert stored(db, 42) == DAYS[case]
    stamps = db.execute(
        """SELECT bool_and("timestamp" = (local_day + 1)::timestamp AT TIME ZONE 'UTC' - interval '1 ms'
               AND timeopen = local_day::timestamp AT TIME ZONE 'UTC' AND timeclose = "timestamp")
           FROM cmc_price_histories7"""
    ).fetchone()
    assert stamps == (True,)
    (row,) = json.loads(cli("--json", "load", path, "--asset", 42).out)
    assert (row["inserted"], row["updated"], row["unchanged"]) == (0, 0, len(DAYS[case]))


@pytest.mark.parametrize(
    ("case", "symbol"),
    [("stooq_bulk", "XYZ.US"), ("cryptodatadownload", "AAA/USD"), ("yfinance_three_headers", "XYZ")],
)
def test_a_file_that_knows_its_symbol_needs_no_option(cli: Any, db: Db, case: str, symbol: str) -> None:
    (row,) = json.loads(cli("--json", "load", CASES / f"layout_{case}.csv").out)
    assert (row["id"], row["symbol"]) == (1, symbol)
    assert stored(db) == DAYS[case]


def test_coinmarketcaps_export_keeps_its_stamps_whatever_separates_columns(cli: Any, db: Db) -> None:
    assert cli("load", CASES / "layout_cmc_export_commas.csv", "--asset", 1).code == 0
    assert stored(db) == [(None, *TWO[0][1:])]
    row = db.execute(
        'SELECT "timestamp"::date::text, timehigh IS NOT NULL, marketcap FROM cmc_price_histories7'
    )
    assert row.fetchone() == ("2024-01-02", True, 100000.0)


def test_one_file_of_two_symbols_makes_two_assets(cli: Any, db: Db) -> None:
    rows = json.loads(cli("--json", "load", CASES / "layout_many_symbols.csv").out)
    assert [(row["id"], row["symbol"], row["inserted"]) for row in rows] == [(1, "AAA", 2), (2, "BBB", 2)]
    assert stored(db, 1) == TWO
    assert stored(db, 2) == [
        ("2024-01-02", 20.1, 20.5, 20.0, 20.4, 500.0), ("2024-01-03", 20.4, 20.7, 20.3, 20.6, 400.0)
    ]  # fmt: skip


def test_a_day_that_can_be_read_in_two_ways_is_asked_for(cli: Any, db: Db) -> None:
    path = CASES / "layout_tiingo_ddmmyyyy.csv"
    result = cli("load", path, "--asset", 1)
    assert result.code == 2
    assert "'03/01/2024' is 03 January 2024 or 01 March 2024" in result.err
    assert "--date-order dmy" in result.err
    assert stored(db) == []
    for order, day in (("dmy", "2024-01-03"), ("mdy", "2024-03-01")):
        assert cli("load", path, "--asset", order, "--date-order", order).code == 0
        assert db.execute(
            """SELECT local_day::text, close FROM cmc_price_histories7
               WHERE id = (SELECT id FROM assets WHERE symbol = %s)""",
            (order,),
        ).fetchall() == [(day, 10.6)]


def test_digits_in_a_files_name_are_no_asset(cli: Any, db: Db) -> None:
    files = [CASES / "id_from_year_AAPL_2023.csv", CASES / "id_from_year_MSFT_2023.csv"]
    result = cli("load", *files)
    assert result.code == 2
    assert "which assets are these?" in result.err
    assert "id_from_year_AAPL_2023.csv" in result.err
    assert stored(db) == []
    assert cli("load", *files, "--name-pattern", "id_from_year_{symbol}_2023.csv").code == 0
    closes = db.execute(
        """SELECT a.symbol, array_agg(h.close ORDER BY h."timestamp") FROM cmc_price_histories7 AS h
           JOIN assets AS a USING (id) GROUP BY a.symbol ORDER BY 1"""
    ).fetchall()
    assert closes == [("AAPL", [125.0, 126.0]), ("MSFT", [239.0, 229.0])]


@pytest.mark.parametrize("number", ["2023", "1440", "7"])
def test_a_suggested_pattern_works_as_it_stands(cli: Any, db: Db, tmp_path: Path, number: str) -> None:
    """A year, the minutes of a day, and one number for two assets are no ids."""
    for symbol in ("AAPL", "MSFT"):
        (tmp_path / f"{symbol}_{number}.csv").write_bytes(
            (CASES / f"id_from_year_{symbol}_2023.csv").read_bytes()
        )
    files = sorted(tmp_path.glob("*.csv"))
    result = cli("load", *files)
    assert result.code == 2
    pattern = result.err.split("--name-pattern '")[1].split("'")[0]
    assert pattern == f"{{symbol}}_{number}.csv"
    assert cli("load", *files, "--name-pattern", pattern).code == 0
    assert db.execute("SELECT array_agg(symbol ORDER BY symbol) FROM assets").fetchone() == (
        ["AAPL", "MSFT"],
    )


def test_a_day_given_twice_is_named_with_both_values(cli: Any, db: Db) -> None:
    path = CASES / "newest_first_duplicate.csv"
    result = cli("load", path, "--asset", "BTC")
    assert result.code == 2
    assert "BTC (1), 2017-12-18" in result.err
    assert "line 2" in result.err
    assert "line 3" in result.err
    assert "low 17030 or 17029, volume 10624 or 10280" in result.err
    assert "--on-conflict first" in result.err
    assert stored(db) == []
    assert cli("load", path, "--asset", "BTC", "--on-conflict", "first").code == 0
    assert [row[3] for row in stored(db)] == [18510.0, 17030.0]
    assert cli("load", path, "--asset", "BTC", "--on-conflict", "last").code == 0
    assert [row[3] for row in stored(db)] == [18510.0, 17029.0]


def test_the_files_day_is_the_assets_local_day_in_any_zone(cli: Any, db: Db) -> None:
    assert cli("load", CASES / "own_zone_kolkata.csv", "--asset", 7).code == 0
    db.execute("UPDATE assets SET tz = 'Asia/Kolkata' WHERE id = 7")
    months = db.execute(
        """SELECT to_char(local_day, 'Mon'), count(*) FROM cmc_price_histories7
           GROUP BY 1, date_trunc('month', local_day) ORDER BY date_trunc('month', local_day)"""
    ).fetchall()
    assert months == [("Jan", 23), ("Feb", 20), ("Mar", 22)]
    assert db.execute("SELECT min(local_day) FROM cmc_price_histories7").fetchone() == (date(2020, 1, 1),)


def test_bars_lie_on_the_files_own_days_east_of_utc(cli: Any, db: Db, tmp_path: Path) -> None:
    # Each day's price is its number: 1 is Monday, 1 January 2024, 60 is 29 February.
    lines = [f"{date(2024, 1, 1) + timedelta(n - 1)},{n},{n},{n},{n},1" for n in range(1, 61)]
    path = tmp_path / "days.csv"
    for upto in (45, 60):
        path.write_text("\n".join(("date,open,high,low,close,volume", *lines[:upto])) + "\n")
        assert cli("load", path, "--asset", "X").code == 0
        assert cli("assets", "set", "X", "--tz", "Asia/Kolkata").code == 0
        assert cli("refresh", "all").code == 0
    assert db.execute("SELECT tz FROM bars_state").fetchone() == ("Asia/Kolkata",)
    days = db.execute("SELECT day - date '2023-12-31', close FROM cmc_price_bars_1d ORDER BY 1").fetchall()
    assert days == [(n, n) for n in range(1, 61)]
    closed = """SELECT open, close, count_days, count_missing_days FROM cmc_price_bars_multi_tf_{}
                WHERE tf = %s AND NOT is_partial_end ORDER BY bar_seq"""
    months = [(1, 31, 31, 0), (32, 60, 29, 0)]
    for family, tf, windows in (
        ("cal_iso", "1W_CAL_ISO", [(n, n + 6, 7, 0) for n in range(1, 51, 7)]),
        ("cal_us", "1W_CAL_US", [(n, n + 6, 7, 0) for n in range(7, 50, 7)]),
        ("cal_us", "1M_CAL", months),
        ("cal_anchor_iso", "1M_CAL_ANCHOR", months),
    ):
        assert db.execute(closed.format(family).encode(), (tf,)).fetchall() == windows, tf


@pytest.mark.parametrize(
    "name", ["closed_sep2001", "one_saturday_session", "split_7_for_1", "plot_wick_clipped"]
)
def test_other_cases_load_too(cli: Any, db: Db, name: str) -> None:
    path = CASES / f"{name}.csv"
    assert cli("load", path, "--asset", 1).code == 0
    assert len(stored(db)) == len(path.read_text().splitlines()) - 1
