"""From notebooks: frames with the numbers of the relations, and a package that is light until asked."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pandas as pd
import psycopg
import pytest
from loading import PRICES, load_named

import ta_lab2_sql
from ta_lab2_sql.schema.migration import Migration

pl = pytest.importorskip("polars")

Db = psycopg.Connection[Any]


@pytest.fixture
def solana(db: Db) -> Db:
    """1149 days of Solana, 2024-03-08 to 15 missing, and six days of another asset, built."""
    load_named(db, PRICES / "SOL_5426.csv.gz")
    db.execute(
        'INSERT INTO cmc_price_histories7 (id, "timestamp", timeopen, timeclose, open, high, low, close) '
        "SELECT 7, t + interval '1 day', t, t + interval '1 day', 1, 2, 0.5, i "
        "FROM generate_series(1, 6) AS i, "
        "LATERAL (SELECT timestamptz '2024-01-01 00:00+00' + i * interval '1 day') AS d (t)"
    )
    for asset in (5426, 7):
        db.execute("SELECT FROM refresh_bars(%s)", (asset,))
    return db


def test_bars_are_closed_unless_asked(solana: Db) -> None:
    closed = ta_lab2_sql.bars(solana, 5426, "7D")
    assert closed.height == 1149 // 7
    assert not closed["is_partial_end"].any()
    every = ta_lab2_sql.bars(solana, [7, 5426], "7D", forming=True)
    assert every["id"].to_list() == [7] + [5426] * (1149 // 7 + 1)
    assert every.filter(pl.col("is_partial_end"))["count_days"].to_list() == [6, 1149 % 7]
    wanted = solana.execute(
        "SELECT time_close, open, high, low, close, volume FROM bars "
        "WHERE id = 5426 AND tf = '7D' AND is_closed ORDER BY bar_seq"
    ).fetchall()
    assert closed.select("time_close", "open", "high", "low", "close", "volume").rows() == wanted
    days = ta_lab2_sql.bars(solana, 7, "1D")
    assert days["close"].to_list() == [1, 2, 3, 4, 5, 6]
    assert days["volume"].null_count() == 6


def test_snapshots_in_a_range(solana: Db) -> None:
    frame = ta_lab2_sql.snapshots(solana, 5426, "1M_CAL", start="2024-03-01", end=date(2024, 4, 1))
    assert frame.height == 31 - 8
    assert frame["timestamp"].min() > datetime(2024, 3, 1, tzinfo=timezone.utc)
    assert frame["count_missing_days"].to_list() == [0] * 7 + [8] * 16
    assert frame["first_missing_day"].to_list()[-1] == date(2024, 3, 8)
    assert frame.schema["tf"] == pl.Categorical
    assert frame.schema["id"] == pl.Int32
    wanted = solana.execute(
        "SELECT close, count_days, missing_days_where FROM bar_snapshots(5426, '1M_CAL', %s, %s)",
        (datetime(2024, 3, 1, tzinfo=timezone.utc), datetime(2024, 4, 1, tzinfo=timezone.utc)),
    ).fetchall()
    assert frame.select("close", "count_days", "missing_days_where").rows() == wanted


def test_emas_are_those_of_the_relation(solana: Db) -> None:
    for variant, tf in (("multi_tf", "7D"), ("cal_us", "1M_CAL")):
        solana.execute("SELECT FROM refresh_emas(5426, %s)", (variant,))
        found = ta_lab2_sql.emas(solana, variant, 5426, tf, 9, start="2022-06-01")
        relation = "cmc_ema_" + (variant if variant == "multi_tf" else f"multi_tf_{variant}")
        wanted = solana.execute(
            f"SELECT id, ts, roll, ema, d1, d2, d1_roll, d2_roll FROM {relation} WHERE id = 5426 AND tf = %s "
            "AND period = 9 AND ts >= '2022-06-01 00:00+00' ORDER BY ts".encode(),
            (tf,),
        ).fetchall()
        assert len(wanted) > 600
        assert found.select("id", "ts", "roll", "ema", "d1", "d2", "d1_roll", "d2_roll").rows() == wanted
        assert found.schema["id"] == pl.Int32
        assert found["ema_bar"].is_null().all() == (variant == "multi_tf")
        wide = ta_lab2_sql.matrix(solana, variant, [7, 5426], tf, [21, 9], start="2022-06-01")
        assert wide.columns == ["id", "tf", "ts", "roll", "ema_9", "ema_21"]
        assert wide["ema_9"].to_list() == found["ema"].to_list()
        assert wide["ema_21"].null_count() > 0 or tf == "7D"
    table = ta_lab2_sql.matrix(solana, "multi_tf", 5426, "7D", library="pandas")
    assert list(table.columns[4:6]) == ["ema_6", "ema_9"]
    assert table["ema_200"].isna().all()
    with pytest.raises(psycopg.Error) as caught:
        ta_lab2_sql.emas(solana, "multi_tf", 5426, "7D", 22)
    assert caught.value.sqlstate == "TA003"


def test_pandas_gets_the_same(solana: Db) -> None:
    pd = pytest.importorskip("pandas")
    frame = ta_lab2_sql.snapshots(solana, [5426, 7], "3D", start="2024-01-03", library="pandas")
    same = ta_lab2_sql.snapshots(solana, [5426, 7], "3D", start="2024-01-03")
    assert list(frame.columns) == same.columns
    assert len(frame) == same.height
    assert frame["close"].tolist() == same["close"].to_list()
    assert frame["volume"].isna().tolist() == same["volume"].is_null().to_list()
    assert str(frame["timestamp"].dt.tz) == "UTC"
    assert [stamp.to_pydatetime() for stamp in frame["timestamp"]] == same["timestamp"].to_list()
    assert frame["bar_anchor_offset"].isna().all()
    assert isinstance(frame, pd.DataFrame)


def test_what_is_not_there_is_an_error_and_no_rows_are_none(solana: Db) -> None:
    for ids, tf, state in ((8, "7D", "TA001"), (7, "8D", "TA002")):
        with pytest.raises(psycopg.Error) as caught:
            ta_lab2_sql.bars(solana, ids, tf)
        assert caught.value.sqlstate == state
    with pytest.raises(psycopg.Error) as caught:
        ta_lab2_sql.snapshots(solana, 7, "3D", start="2024-02-01", end="2024-01-01")
    assert caught.value.sqlstate == "TA004"
    with pytest.raises(ValueError, match="polars"):
        ta_lab2_sql.bars(solana, 7, "7D", library="spark")
    empty = ta_lab2_sql.bars(solana, 7, "7D", start="2030-01-01")
    assert empty.height == 0
    assert empty.schema["close"] == pl.Float64


def test_times_without_an_offset_are_utc(solana: Db) -> None:
    solana.execute("SET TimeZone TO 'Asia/Tokyo'")
    noon = datetime(2024, 1, 3, 12)
    east = noon.replace(tzinfo=timezone(timedelta(hours=9)))
    naive = ta_lab2_sql.bars(solana, 7, "1D", start=noon)
    assert naive.height == ta_lab2_sql.bars(solana, 7, "1D", start="2024-01-03T12:00:00Z").height == 5
    assert ta_lab2_sql.bars(solana, 7, "1D", end=east).height == 1
    assert naive["time_close"].to_list()[0] == datetime(2024, 1, 4, tzinfo=timezone.utc)


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = {"polars", "pandas", "numpy", "psycopg", "sqlalchemy"}
    code = f"import ta_lab2_sql, sys; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
    assert {"bars", "connect", "emas", "engine", "matrix", "snapshots"} <= set(dir(ta_lab2_sql))
    assert not hasattr(ta_lab2_sql, "smas")


def test_connect_opens_what_the_commands_open(db_url: str) -> None:
    with ta_lab2_sql.connect(db_url) as connection:
        row = connection.execute(
            "SELECT current_setting('application_name'), count(*) FROM dim_period"
        ).fetchone()
    assert row == ("ta-lab2 python", 17)


def test_bars_of_a_day_open_where_the_one_before_closed(solana: Db) -> None:
    """As in every other reader, whatever the range: the day's own opening stamp is the validated day's."""
    snapshots = ta_lab2_sql.snapshots(solana, [5426, 7], "1D")
    days = ta_lab2_sql.bars(solana, [5426, 7], "1D")
    same = ["id", "time_open", "time_close", "open", "close"]
    assert days.select(same).equals(snapshots.select(same))
    later = ta_lab2_sql.bars(solana, [5426, 7], "1D", start="2024-01-04")
    assert later.equals(days.filter(pl.col("time_close") >= datetime(2024, 1, 4, tzinfo=timezone.utc)))


def test_engine_serves_pandas_and_the_schema_that_was_named(db_url: str, db: psycopg.Connection[Any]) -> None:
    """Reads by name, commits what is written, and gives its connections back."""
    db.execute('CREATE SCHEMA "two words"')
    Migration(db, "two words").upgrade()
    engine = ta_lab2_sql.engine(db_url, schema="two words")
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO dim_period (period) VALUES (4321)")
        connection.exec_driver_sql("SELECT sync_ema_alpha()")
    frame = pd.read_sql("SELECT period FROM dim_period WHERE period > 4000", engine)
    assert frame["period"].to_list() == [4321]
    assert db.execute('SELECT count(*) FROM "two words".dim_period WHERE period = 4321').fetchone() == (1,)
    assert db.execute("SELECT count(*) FROM public.dim_period WHERE period = 4321").fetchone() == (0,)
    open_ones = """SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND application_name = 'ta-lab2 python'"""
    assert db.execute(open_ones).fetchone() == (1,)
    engine.dispose()
