"""Loading files: what is read, what is refused, and that numbers arrive as they stand."""

from __future__ import annotations

import gzip
import io
import json
import math
import struct
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ta_lab2_sql import load
from ta_lab2_sql.errors import TaLabError

CMC_HEADER = "timeOpen;timeClose;timeHigh;timeLow;name;open;high;low;close;volume;marketCap;timestamp\n"
HEADER = "date,open,high,low,close,volume\n"


NUMBERS = st.from_regex(load.NUMBER, fullmatch=True)


def cmc_line(day: str, close: str = "1.5", name: str = "2781") -> str:
    open_, end = f'"{day}T00:00:00.000Z"', f'"{day}T23:59:59.999Z"'
    return f'{open_};{end};"{day}T12:00:00.000Z";;"{name}";1;2;0.5;{close};10;;{end}\n'


def read(content: str | bytes, name: str = "X_7.csv", asset: int | None = None) -> list[load.StagedRow]:
    data = content.encode() if isinstance(content, str) else content
    return list(load.read_csv(io.BytesIO(data), name, None, asset))


GOOD = HEADER + "2024-01-01,1,2,0.5,1.5,10\n2024-01-02,1,2,0.5,1.5,10\n"
BAD = {
    "empty": ("", "line 1", "empty"),
    "no header": ("\n1,2\n", "line 1", "header"),
    "no rows": (HEADER, "line 2", "no rows"),
    "missing column": ("date,open,high,low,close\n2024-01-01,1,2,0,1\n", "column volume", "missing"),
    "unknown column": (HEADER.strip() + ",adj close\n2024-01-01,1,2,0,1,1,1\n", "column 7", "adj close"),
    "column twice": (HEADER.strip() + ",close\n2024-01-01,1,2,0,1,1,1\n", "column 7", "twice"),
    "semicolons": (GOOD.replace(",", ";"), "line 1", "separated"),
    "tabs": (GOOD.replace(",", "\t"), "line 1", "separated"),
    "cmc with commas": (CMC_HEADER.replace(";", ","), "line 1", "separated"),
    "no delimiter": ("hello\nworld\n", "line 1", "hello"),
    "half a line": (GOOD + "2024-01-03,1,2", "line 4, column 4", "3 columns"),
    "too many cells": (GOOD + "2024-01-03,1,2,3,4,5,6\n", "line 4, column 7", "7 columns"),
    "half a quote": (CMC_HEADER + cmc_line("2024-01-01")[:-6], "line 2", "quote"),
    "text as number": (GOOD + "2024-01-03,1,2,0,abc,1\n", "line 4, column close", "not a number"),
    "thousands": (GOOD + '2024-01-03,1,"2,000",0,1,1\n', "line 4, column high", "not a number"),
    "hexadecimal": (GOOD + "2024-01-03,0x10,2,0,1,1\n", "line 4, column open", "not a number"),
    "underscore": (GOOD + "2024-01-03,1_0,2,0,1,1\n", "line 4, column open", "not a number"),
    "other digits": (GOOD + "2024-01-03,١,2,0,1,1\n", "line 4, column open", "not a number"),
    "300 digits": (GOOD + f"2024-01-03,{'9' * 300},2,0,1,1\n", "line 4, column open", "300 characters"),
    "too large": (GOOD + "2024-01-03,1e309,2,0,1,1\n", "line 4, column open", "too large"),
    "too small": (GOOD + "2024-01-03,1e-400,2,0,1,1\n", "line 4, column open", "too small"),
    "no such day": (GOOD + "2024-02-30,1,2,0,1,1\n", "line 4, column date", "not a day"),
    "american day": (GOOD + "02/01/2024,1,2,0,1,1\n", "line 4, column date", "not a day"),
    "empty day": (GOOD + ",1,2,0,1,1\n", "line 4, column date", "not a day"),
    "not midnight": (GOOD + "2024-01-03 12:00,1,2,0,1,1\n", "line 4, column date", "not a day"),
    "no stamp": (CMC_HEADER + ";;;;x;1;1;1;1;1;;\n", "line 2, column timestamp", "empty"),
    "no zone": (CMC_HEADER + cmc_line("2024-01-01").replace("Z", ""), "column timeopen", "not a time"),
    "hour 25": (CMC_HEADER + cmc_line("2024-01-01").replace("T12", "T25"), "column timehigh", "not a time"),
    "empty line": (HEADER + "\n2024-01-01,1,2,0.5,1.5,10\n", "line 2", "empty line"),
    "nul": (GOOD.replace("1.5", "1\0"), "line 2, column", "NUL"),
    "utf-16": (GOOD.encode("utf-16"), "line 1, column", "NUL"),
    "latin-1": (b"date,open,high,low,close,volume,name\n2024-01-01,1,2,0,1,1,M\xfcnze\n", "line 2", "UTF-8"),
    "mixed ids": (
        "id," + HEADER + "7,2024-01-01,1,2,0,1,1\n8,2024-01-02,1,2,0,1,1\n",
        "line 3, column id",
        "mixed",
    ),
    "mixed names": (
        CMC_HEADER + cmc_line("2024-01-01") + cmc_line("2024-01-02", name="x"),
        "line 3",
        "mixed",
    ),
    "bad id": ("id," + HEADER + "x,2024-01-01,1,2,0,1,1\n", "line 2, column id", "not an asset id"),
    "one long line": ("x" * (load.LONGEST_LINE + 1), "line 1", "longer"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_named_with_line_and_column(case: str) -> None:
    content, where, what = BAD[case]
    with pytest.raises(load.BadFile) as caught:
        read(content)
    message = caught.value.format_message()
    assert message.count("\n") == 0
    assert "X_7.csv" in message
    assert where in message
    assert what in message


def test_a_cut_gzip_file_is_bad(tmp_path: Path) -> None:
    path = tmp_path / "X_7.csv.gz"
    path.write_bytes(gzip.compress(GOOD.encode())[:-9])
    with pytest.raises(load.BadFile, match="ends early"):
        list(load.read_file(str(path)))


def test_a_plain_day_gets_the_bounds_of_its_utc_day() -> None:
    assert read(HEADER + "2024-01-01,1,2,0.5,1.5,\n") == [
        ("7", None, "2024-01-01T00:00:00.000Z", "2024-01-01T23:59:59.999Z", None, None,
         "2024-01-01T23:59:59.999Z", "1", "2", "0.5", "1.5", None, None, "X_7.csv")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [GOOD, GOOD.upper(), "\ufeff" + GOOD, GOOD.replace("\n", "\r\n"), GOOD.rstrip("\n"), GOOD + "\n\n",
     GOOD.replace("2024-01-01", '"2024-01-01"'), GOOD.replace("2024-01-01", "2024-01-01 00:00:00+00:00")],
)  # fmt: skip
def test_spellings_of_the_same_file(content: str) -> None:
    assert read(content) == read(GOOD)


@pytest.mark.parametrize(
    ("name", "asset"),
    [("BTC_1.csv", 1), ("SOL_5426.csv.gz", 5426), ("a/b/G_O_900001.parquet", 900001), ("x_12", 12),
     ("BTC.csv", None), ("BTC1.csv", None), ("x_9999999999.csv", None), ("x_1_y.csv", None)],
)  # fmt: skip
def test_the_id_ends_the_files_name(name: str, asset: int | None) -> None:
    assert load.id_from_name(name) == asset


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
@example(b'"')
@example(b"\xef\xbb\xbf")
@example(b"\r")
def test_no_input_gets_past_the_parser_as_anything_but_rows_or_one_line(content: bytes) -> None:
    """Law: whatever the bytes are, the parser answers with rows or with one line that names the file."""
    for prefix in (b"", HEADER.encode(), CMC_HEADER.encode(), GOOD.encode()):
        try:
            rows = read(prefix + content)
        except TaLabError as failure:
            rows, message = [], failure.format_message()
        else:
            message = "X_7.csv"
        assert "X_7.csv" in message
        assert "\n" not in message
        assert all(len(row) == 14 for row in rows)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(value=st.floats() | st.decimals(allow_nan=False, allow_infinity=False) | NUMBERS)
def test_the_server_takes_every_number_that_the_parser_takes(db: psycopg.Connection[Any], value: Any) -> None:
    """Law: a number that passes is the server's too, the same 64 bits that Python reads."""
    text = repr(value) if isinstance(value, float) else str(value)
    if load.number_fault(text) is None:
        row = db.execute("SELECT %s::text::float8", (text,)).fetchone()
        assert row is not None
        if math.isnan(float(text)):
            assert math.isnan(row[0])
        else:
            assert struct.pack("d", row[0]) == struct.pack("d", float(text))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(text=st.from_regex(load.INSTANT, fullmatch=True, alphabet=st.characters(max_codepoint=127)))
def test_the_server_takes_every_time_that_the_parser_takes(db: psycopg.Connection[Any], text: str) -> None:
    """Law: a time that passes has a place on the server's calendar."""
    if load.instant_fault(text) is None:
        assert db.execute("SELECT isfinite(%s::text::timestamptz)", (text,)).fetchone() == (True,)


# -- through the command -------------------------------------------------------------------------------------


def test_the_same_file_twice_changes_nothing(cli: Any, db: psycopg.Connection[Any], tmp_path: Path) -> None:
    path = tmp_path / "X_7.csv"
    path.write_text(CMC_HEADER + "".join(cmc_line(f"2024-01-{day:02}") for day in range(1, 11)))
    first = cli("--json", "load", path)
    assert first.code == 0, first.err
    (row,) = json.loads(first.out)
    assert (row["id"], row["read"], row["inserted"], row["updated"], row["unchanged"]) == (7, 10, 10, 0, 0)
    assert row["earliest"].startswith("2024-01-01")
    before = db.execute('SELECT h.*, h.xmin FROM cmc_price_histories7 AS h ORDER BY "timestamp"').fetchall()
    db.execute("DELETE FROM raw_changes")
    again = cli("load", path)
    assert again.code == 0
    assert "nothing changed" in again.out
    assert (
        db.execute('SELECT h.*, h.xmin FROM cmc_price_histories7 AS h ORDER BY "timestamp"').fetchall()
        == before
    )
    assert db.execute("SELECT count(*) FROM raw_changes").fetchone() == (0,)


def test_only_differing_days_are_written_and_noted(
    cli: Any, db: psycopg.Connection[Any], tmp_path: Path
) -> None:
    path = tmp_path / "X_7.csv"
    path.write_text(HEADER + "2024-01-01,1,2,0.5,NaN,\n2024-01-02,1,2,0.5,1,1\n2024-01-03,1,2,0.5,1,1\n")
    assert cli("load", path).code == 0
    db.execute("DELETE FROM raw_changes")
    other = tmp_path / "Y_7.csv"
    days = "2024-01-01,1,2,0.5,nan,\n2024-01-02,1,2,0.5,1.25,1\n2024-01-03,1,2,0.5,1.0,1\n"
    other.write_text(HEADER + days)
    (row,) = json.loads(cli("--json", "load", other).out)
    assert (row["inserted"], row["updated"], row["unchanged"]) == (0, 1, 2)
    files = db.execute('SELECT source_file FROM cmc_price_histories7 ORDER BY "timestamp"').fetchall()
    assert files == [("X_7.csv",), ("Y_7.csv",), ("X_7.csv",)]
    noted = db.execute("SELECT id, (dirty_from AT TIME ZONE 'UTC')::date::text FROM raw_changes").fetchall()
    assert noted == [(7, "2024-01-02")]


def test_the_last_line_of_a_day_wins(cli: Any, db: psycopg.Connection[Any]) -> None:
    text = HEADER + "2024-01-01,1,2,0.5,1,1\n2024-01-02,1,2,0.5,1,1\n2024-01-01,1,2,0.5,1.75,1\n"
    (row,) = json.loads(cli("--json", "load", "-", "--id", 3, stdin=text).out)
    assert (row["read"], row["inserted"], row["duplicates"]) == (3, 2, 1)
    found = db.execute('SELECT close, source_file FROM cmc_price_histories7 ORDER BY "timestamp"').fetchall()
    assert found == [(1.75, "stdin"), (1.0, "stdin")]


def test_a_day_stamped_at_its_opening_moves_to_its_close(cli: Any, db: psycopg.Connection[Any]) -> None:
    line = cmc_line("2024-01-01").rstrip("\n").rsplit(";", 1)[0] + ';"2024-01-01T00:00:00.000Z"\n'
    assert cli("load", "-", "--id", 3, stdin=CMC_HEADER + line).code == 0
    assert db.execute('SELECT "timestamp" = timeclose FROM cmc_price_histories7').fetchall() == [(True,)]


def test_one_bad_file_of_two_loads_nothing(cli: Any, db: psycopg.Connection[Any], tmp_path: Path) -> None:
    good, bad = tmp_path / "X_7.csv", tmp_path / "Y_8.csv"
    good.write_text(GOOD)
    bad.write_text(GOOD + "2024-01-03,1,2")
    result = cli("load", good, bad)
    assert result.code == 1
    assert result.out == ""
    assert result.err.count("\n") == 1
    assert f"{bad}, line 4, column 4" in result.err
    assert db.execute("SELECT count(*) FROM cmc_price_histories7").fetchone() == (0,)


@pytest.mark.parametrize(
    "arguments",
    [["-"], ["nowhere.csv"], [], ["-", "-", "--id", 1], ["-", "--id", 0], ["-", "--id", 1, "--format", "x"]],
)
def test_wrong_usage_exits_with_2(cli: Any, arguments: list[Any]) -> None:
    result = cli("load", *arguments, stdin=GOOD)
    assert result.code == 2
    assert result.err.count("\n") == 1


def test_an_unmigrated_database_is_refused(cli: Any, empty_url: str) -> None:
    result = cli("load", "-", "--id", 1, stdin=GOOD, url=empty_url)
    assert result.code == 3
    assert "migrate" in result.err


def test_parquet_and_csv_give_the_same_days(cli: Any, db: psycopg.Connection[Any], tmp_path: Path) -> None:
    pl = pytest.importorskip("polars")
    csv_file, parquet, packed = tmp_path / "X_7.csv", tmp_path / "X_7.parquet", tmp_path / "X_7.csv.gz"
    csv_file.write_text(HEADER + "2024-01-01,0.1,1e300,5e-324,-1.5,\n2024-01-02,1,2,0.5,1,3\n")
    packed.write_bytes(gzip.compress(csv_file.read_bytes()))
    pl.read_csv(csv_file, try_parse_dates=True).write_parquet(parquet)
    assert cli("load", csv_file).code == 0
    for path in (parquet, packed):
        result = cli("load", path)
        assert result.code == 0, result.err
        assert "nothing changed" in result.out
    days = db.execute('SELECT open, high, low, close, volume FROM cmc_price_histories7 ORDER BY "timestamp"')
    assert days.fetchone() == (0.1, 1e300, 5e-324, -1.5, None)


def test_a_file_that_calls_itself_parquet_must_be_one(tmp_path: Path) -> None:
    path = tmp_path / "X_7.parquet"
    path.write_text(GOOD)
    with pytest.raises(load.BadFile, match="not a Parquet file"):
        list(load.read_file(str(path)))
