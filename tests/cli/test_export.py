"""Exports: the same rows and bits as SELECT gives, whole files or none, and right names for wrong ones."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from loading import PRICES, load_named

from ta_lab2_sql import columns, export
from ta_lab2_sql.errors import TaLabError

pl = pytest.importorskip("polars")

Db = psycopg.Connection[Any]
Cli = Callable[..., Any]

KEY = ("alignment_source", "id", "tf", "variant", "family", "period", "timestamp", "ts", "bar_seq", "reason")
TIMEFRAMES = ["1D", "2D", "3D", "7D", "1W_CAL_US", "1W_CAL_ISO", "1M_CAL", "1Y_CAL"]
TIMEFRAMES += ["1W_CAL_ANCHOR_US", "1W_CAL_ANCHOR_ISO", "1M_CAL_ANCHOR"]
# Two short assets: the second misses 2024-01-04 to 06, and its last day is refused.
FIRST = "date,open,high,low,close,volume\n" + "".join(
    f"2024-{1 + day // 28:02}-{1 + day % 28:02},{10 + day},{12.5 + day},{9 + day / 3},{11 + day},{day}\n"
    for day in range(56)
)
SECOND = "date,open,high,low,close,volume\n" + "".join(
    f"2024-01-{day:02},{1 / day},2,0.1,{1 / (day + 1)},\n" for day in (1, 2, 3, 7, 8, 9, 10)
) + "2024-01-11,,2,1,,\n"  # fmt: skip


@pytest.fixture
def prices(cli: Cli, db: Db, tmp_path: Path) -> Db:
    """Two assets with all that is built of them, in a few timeframes of every family."""
    db.execute("DELETE FROM dim_timeframe WHERE tf <> ALL (%s)", (TIMEFRAMES,))
    (tmp_path / "P_7.csv").write_text(FIRST)
    (tmp_path / "Q_3.csv").write_text(SECOND)
    load_named(db, tmp_path / "P_7.csv", tmp_path / "Q_3.csv")
    refresh(db, 7, 3)
    return db


def refresh(db: Db, *assets: int) -> None:
    for asset in assets:
        db.execute("SELECT FROM refresh_bars(%s)", (asset,))
        db.execute("SELECT FROM refresh_emas(%s)", (asset,))
    # As the driver does after building from nothing.
    db.execute("ANALYZE")


def exported(db: Db, relation: str, **chosen: Any) -> Any:
    """A relation as frames, in this process."""
    with psycopg.connect(db.info.dsn, autocommit=True) as connection:
        variant = chosen.pop("variant", None)
        planned = export.plan(connection, export.RELATIONS[relation], export.Filter(**chosen), variant)
        frames = list(planned.frames())
        return pl.concat(frames) if frames else None


def same(left: Any, right: Any) -> bool:
    """Equal, and floats to the bit but for NaN."""
    if isinstance(left, float) and isinstance(right, float):
        return left.hex() == right.hex() or (math.isnan(left) and math.isnan(right))
    return bool(left == right)


def by_key(columns: list[str], rows: list[Any]) -> list[Any]:
    """Rows in the order of their key."""
    key = [i for i, column in enumerate(columns) if column in KEY]
    return sorted(rows, key=lambda row: [str(row[i]) for i in key])


def test_every_relation_is_exported_as_it_is(prices: Db) -> None:
    for name in export.RELATIONS:
        if name == export.MATRIX:
            continue
        frame = exported(prices, name)
        cursor = prices.execute(f"SELECT * FROM {name}".encode())
        assert cursor.description is not None
        wanted = cursor.fetchall()
        assert frame is not None or not wanted, name
        if frame is None:
            continue
        assert frame.columns == [column.name for column in cursor.description]
        pairs = zip(by_key(frame.columns, frame.rows()), by_key(frame.columns, wanted), strict=True)
        for found, row in pairs:
            assert all(map(same, found, row)), (name, found, row)


def test_files_hold_what_select_gives(cli: Cli, prices: Db, tmp_path: Path) -> None:
    relation = "cmc_price_bars_multi_tf"
    for target in ("b.parquet", "b.csv"):
        result = cli("--json", "export", relation, "-o", tmp_path / target)
        assert result.code == 0, result.err
        told = json.loads(result.out)
        assert told["rows"] == 3 * (56 + 7)
        assert told["bytes"] == (tmp_path / target).stat().st_size
    frame = pl.read_parquet(tmp_path / "b.parquet")
    assert frame.schema["tf"] == pl.Categorical
    assert frame.schema["timestamp"] == pl.Datetime("us", "UTC")
    assert frame.schema["first_missing_day"] == pl.Date
    assert frame.schema["is_partial_end"] == pl.Boolean
    assert frame.schema["bar_seq"] == pl.Int32
    query = f'SELECT * FROM {relation} ORDER BY id, tf COLLATE "C", "timestamp"'
    assert all(
        map(same, row, wanted)
        for row, wanted in zip(frame.rows(), prices.execute(query.encode()), strict=True)
    )
    with prices.cursor().copy(f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)".encode()) as copy:
        text = b"".join(copy).decode()
    assert (tmp_path / "b.csv").read_text().replace("+00", "") == text.replace("+00", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["P_7.csv", "Q_3.csv", "b.csv", "b.parquet"]


def test_the_matrix_has_a_column_for_each_period(cli: Cli, prices: Db, tmp_path: Path) -> None:
    asked = ("--variant", "multi_tf_v2", "--tf", "2D", "--tf", "1D", "--period", 9, "--period", 6)
    result = cli("export", "ema_matrix", *asked, "-o", tmp_path / "m.parquet")
    assert result.code == 0, result.err
    frame = pl.read_parquet(tmp_path / "m.parquet")
    assert frame.columns == ["id", "tf", "ts", "roll", "ema_6", "ema_9"]
    assert frame.select("id", "tf").unique(maintain_order=True).rows() == [(3, "1D"), (7, "1D"), (7, "2D")]
    wanted = prices.execute(
        "SELECT id, tf, ts, six.ema, nine.ema "
        "FROM (SELECT * FROM cmc_ema_multi_tf_v2 WHERE period = 6) AS six "
        "LEFT JOIN (SELECT * FROM cmc_ema_multi_tf_v2 WHERE period = 9) AS nine USING (id, tf, ts) "
        "WHERE tf IN ('1D', '2D') ORDER BY id, tf, ts"
    ).fetchall()
    assert frame.select("id", "tf", "ts", "ema_6", "ema_9").rows() == wanted
    every = exported(prices, "ema_matrix", variant="multi_tf", ids=(7,), tfs=("1D",))
    assert every.columns[4:6] == ["ema_6", "ema_9"]
    assert every.columns[-1] == "ema_365"
    assert every.height == 56 - 5


def test_filters_reach_the_rows(cli: Cli, prices: Db) -> None:
    result = cli(
        "export", "cmc_price_bars_multi_tf_cal_iso", "--ids", "3", "--tf", "1W_CAL_ISO", "--tf", "1M_CAL",
        "--from", "2024-01-03", "--to", "2024-01-09", "-o", "-",
    )  # fmt: skip
    assert result.code == 0, result.err
    header, *lines = result.out.splitlines()
    assert header.startswith("id,tf,tf_days,bar_seq,time_open,")
    assert [line.split(",")[:2] for line in lines] == [["3", "1M_CAL"]] * 3 + [["3", "1W_CAL_ISO"]] * 3
    assert {line.split(",")[5][:10] for line in lines} == {"2024-01-03", "2024-01-07", "2024-01-08"}


def test_emas_come_by_period_and_source(prices: Db) -> None:
    frame = exported(prices, "cmc_ema_multi_tf_u", ids=(7,), tfs=("1D", "1W_CAL_ISO"), periods=(6, 9))
    found = frame.select("alignment_source", "tf", "period").unique(maintain_order=True).rows()
    assert found == [
        ("multi_tf", "1D", 6),
        ("multi_tf", "1D", 9),
        ("multi_tf_v2", "1D", 6),
        ("multi_tf_v2", "1D", 9),
        ("multi_tf_cal_iso", "1W_CAL_ISO", 6),
    ]


def test_streams_are_lines_of_json_when_asked(cli: Cli, prices: Db) -> None:
    result = cli("--json", "export", "cmc_price_bars_1d_rejects", "-o", "-")
    rows = [json.loads(line) for line in result.out.splitlines()]
    assert [(row["id"], row["reason"]) for row in rows] == [(3, "null_open_close")]


def test_nothing_found_is_a_file_with_columns(cli: Cli, prices: Db, tmp_path: Path) -> None:
    for target in ("none.parquet", "none.csv"):
        asked = ("bars_latest", "--ids", "7", "--from", "2100-01-01")
        assert cli("-q", "export", *asked, "-o", tmp_path / target).code == 0
    assert pl.read_parquet(tmp_path / "none.parquet").columns[:2] == ["id", "tf"]
    assert (tmp_path / "none.csv").read_text().startswith("id,tf,tf_days,")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("cmc_price_bars_multi_tf", "--tf", "1D"),
            "no rows: cmc_price_bars_multi_tf has no 1D: days are in cmc_price_bars_1d",
        ),
        (
            ("cmc_price_bars_multi_tf", "--tf", "1D", "--tf", "2D"),
            "cmc_price_bars_multi_tf has no 1D: days are in cmc_price_bars_1d",
        ),
        (
            ("cmc_price_bars_1d", "--ids", "7", "--from", "2030-01-01"),
            "no rows: asset 7 has rows, but none between --from and --to",
        ),
        (
            ("cmc_ema_multi_tf", "--tf", "7D", "--period", "200", "--to", "2024-02-01"),
            "no rows: cmc_ema_multi_tf has too few closed bars for period 200",
        ),
        (
            ("ema_matrix", "--variant", "cal_us", "--ids", "3", "--tf", "1Y_CAL"),
            "no rows: asset 3 has nothing here: ta-lab2 plan tells what a refresh would build",
        ),
        (
            ("cmc_ema_multi_tf_cal_us", "--ids", "3,7", "--tf", "1Y_CAL"),
            "no rows: these assets have other timeframes, but not 1Y_CAL",
        ),
        (("bars_latest", "--tf", "1D"), ""),
    ],
)
def test_an_export_that_finds_nothing_says_why(
    cli: Cli, prices: Db, arguments: tuple[str, ...], told: str
) -> None:
    result = cli("export", *arguments, "-o", "-")
    assert (result.code, result.err.strip()) == (0, told)
    assert result.out.startswith("id,") or "ema_matrix" in arguments
    assert cli("-q", "export", *arguments, "-o", "-").err == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["cmc_price_bars_multi"], "did you mean cmc_price_bars_multi_tf"),
        (["pg_class"], "unknown relation"),
        (["cmc_price_bars_multi_tf", "--ids", "8"], "asset 8"),
        (["cmc_price_bars_multi_tf", "--tf", "8D"], "7D"),
        (["cmc_price_bars_multi_tf", "--tf", "1W_CAL_US"], "of family multi_tf"),
        (["cmc_price_bars_multi_tf", "--period", "21"], "can't be filtered so; --period"),
        (["dim_period", "--ids", "7"], "can't be filtered so; --ids"),
        (["ema_alpha", "--period", "22"], "unknown period 22; dim_period; the nearest are 20, 21, 26"),
        (["ema_matrix"], "--variant multi_tf"),
        (["bars", "--variant", "multi_tf"], "of one variant"),
        (["bars", "--from", "2024-01-02", "--to", "2024-01-01"], "--from is after --to"),
        (["bars", "--from", "yesterday"], "write it as 2024-01-31"),
    ],
)
def test_wrong_usage_names_the_right_one(
    cli: Cli, prices: Db, tmp_path: Path, arguments: list[str], told: str
) -> None:
    result = cli("export", *arguments, "-o", tmp_path / "x.csv")
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert told in result.err
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize(
    ("target", "told"), [("x.xlsx", "what is a '.xlsx' file?"), ("x", "no ending"), (".", "")]
)
def test_files_of_unknown_kind_are_refused(cli: Cli, tmp_path: Path, target: str, told: str) -> None:
    result = cli("export", "dim_period", "-o", f"{tmp_path}/{target}")
    assert result.code == 2
    assert told in result.err


@pytest.mark.parametrize("target", ["old.parquet", "old.csv"])
def test_a_failed_export_leaves_the_old_file(cli: Cli, prices: Db, tmp_path: Path, target: str) -> None:
    (tmp_path / target).write_text("old")
    if target.endswith("csv"):
        # The last piece fails: it is read after the others are written.
        prices.execute("ALTER TABLE cmc_price_histories7 RENAME COLUMN name TO name_before")
        prices.execute("ALTER TABLE cmc_price_histories7 ADD COLUMN n int GENERATED ALWAYS AS (id) STORED")
        prices.execute("CREATE VIEW v AS SELECT *, 1 / (n - 7) AS name FROM cmc_price_histories7")
        prices.execute("ALTER TABLE cmc_price_histories7 RENAME TO raw")
        prices.execute("ALTER VIEW v RENAME TO cmc_price_histories7")
    else:
        prices.execute("INSERT INTO cmc_price_histories7 (id, \"timestamp\") VALUES (9, 'infinity')")
    result = cli("export", "cmc_price_histories7", "-o", tmp_path / target)
    assert result.code == 1, result.err
    assert (tmp_path / target).read_text() == "old"
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_an_interrupted_export_leaves_nothing(
    db: Db, db_url: str, tmp_path: Path, number: signal.Signals, ending: str
) -> None:
    load_named(db, PRICES / "SOL_5426.csv.gz")
    refresh(db, 5426)
    target = f"{tmp_path}/x.{ending}"
    process = subprocess.Popen(
        [sys.executable, "-m", "ta_lab2_sql", "export", "cmc_price_bars_multi_tf", "-o", target],
        env={**os.environ, "TA_LAB2_DATABASE_URL": db_url},
        stderr=subprocess.PIPE,
    )
    while process.poll() is None and not list(tmp_path.glob(".x*")):
        time.sleep(0.005)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said.decode()
    assert list(tmp_path.iterdir()) == []
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ta-lab2 export' AND datname = %s"
    while db.execute(query, (db.info.dbname,)).fetchone() != (0,):
        time.sleep(0.005)


def test_pieces_stay_small(db: Db) -> None:
    """An asset of 1149 days in 97 timeframes comes in more than one piece, none too big."""
    load_named(db, PRICES / "SOL_5426.csv.gz")
    refresh(db, 5426)
    with psycopg.connect(db.info.dsn, autocommit=True) as connection:
        planned = export.plan(connection, export.RELATIONS["cmc_price_bars_multi_tf"], export.Filter(), None)
        heights = [frame.height for frame in planned.frames()]
    assert len(heights) > 1
    assert max(heights) <= export.PIECE
    assert sum(heights) == 97 * 1149 <= planned.expected


# Bytes that look like the marks between values.
ODD: dict[str, list[Any]] = {
    "int8": [None, -1, None, None, 8, -1, 0, None, 34359738376, -(2**32) + 8, None],
    "int4": [-1, -1, None, 4, None, -1, 0, None, 4],
    "bool": [None, True, False, None, True],
    "float8": [0.1, None, -0.0, math.inf, None, 5e-324],
    "text": ["a", None, "", "b\n"],
    "date": ["2024-02-29", None, "1800-01-01"],
    "timestamptz": [None, "1800-01-01 00:00+00", "2199-12-31 23:59:59.999+00", None],
}


@pytest.mark.parametrize("form", ["polars", "pandas"])
@pytest.mark.parametrize("kind", ODD)
def test_values_and_nulls_come_through(db: Db, kind: str, form: str) -> None:
    from psycopg import sql

    for start in range(len(ODD[kind]) + 1):
        values = ODD[kind][start:]
        query = sql.SQL(
            "SELECT x FROM unnest({}::" + kind + "[]) WITH ORDINALITY AS u (x, i) ORDER BY i"
        ).format(values)
        wanted = [value for (value,) in db.execute(query)]
        shape = columns.describe(db, query)
        count, found = columns.fetch(db, query, shape)
        if form == "polars":
            assert all(map(same, columns.to_polars(shape, count, found)["x"].to_list(), wanted))
            continue
        pd = pytest.importorskip("pandas")
        series = columns.to_pandas(shape, count, found)["x"]
        assert len(series) == len(wanted)
        for one, value in zip(series, wanted, strict=True):
            if value is None:
                assert pd.isna(one)
            elif kind == "date":
                assert one.date() == value
            else:
                assert same(one, value)


def test_infinite_times_are_refused(db: Db) -> None:
    from psycopg import sql

    query = sql.SQL("SELECT {}::timestamptz AS x").format("infinity")
    shape = columns.describe(db, query)
    with pytest.raises(TaLabError, match="infinite"):
        columns.fetch(db, query, shape)
