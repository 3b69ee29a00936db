"""Loading files: what is refused and how, what options decide, and that numbers arrive as they stand."""

from __future__ import annotations

import gzip
import json
import math
import struct
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ta_lab2_sql.errors import TaLabError, describe
from ta_lab2_sql.load import BadFile, LoadOptions, Question, Report, load_files

Db = psycopg.Connection[Any]
CMC_HEADER = "timeOpen;timeClose;timeHigh;timeLow;name;open;high;low;close;volume;marketCap;timestamp\n"
HEADER = "date,open,high,low,close,volume\n"
NUMBERS = st.from_regex(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?", fullmatch=True)
GOOD = HEADER + "2024-01-01,1,2,0.5,1.5,10\n2024-01-02,1,2,0.5,1.5,10\n"


def cmc_line(day: str, close: str = "1.5", name: str = "2781") -> str:
    open_, end = f'"{day}T00:00:00.000Z"', f'"{day}T23:59:59.999Z"'
    return f'{open_};{end};"{day}T12:00:00.000Z";;"{name}";1;2;0.5;{close};10;;{end}\n'


def load(db: Db, folder: Path, content: str | bytes, name: str = "X.csv", **options: Any) -> Report:
    """Load one text as asset 7, unless the options say otherwise."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    options.setdefault("asset", "7")
    return load_files(db, [str(path)], LoadOptions(**options))


def stored(db: Db) -> list[Any]:
    return db.execute(
        """SELECT id, local_day::text, open, high, low, close, volume FROM cmc_price_histories7
           ORDER BY id, "timestamp" """
    ).fetchall()


BAD = {
    "empty": ("", "line 1", "empty"),
    "no rows": (HEADER, "line 2", "no rows"),
    "no delimiter": ("hello\nworld\n", "line 1", "hello"),
    "column twice": (HEADER.strip() + ",close\n2024-01-01,1,2,0,1,1,1\n", "column 7", "twice"),
    "half a line": (GOOD + "2024-01-03,1,2", "line 4, column 4", "3 columns"),
    "too many cells": (GOOD + "2024-01-03,1,2,3,4,5,6\n", "line 4, column 7", "7 columns"),
    "decimal commas": (GOOD + "2024-01-03,1,5,2,5,0,5,1,5,7\n", "line 4, column 7", "quote such numbers"),
    "a line in quotes": (GOOD + '"2024-01-03,1,2,0,1,1"\n', "line 4", "whole line is one quoted field"),
    "half a quote": (CMC_HEADER + cmc_line("2024-01-01")[:-6], "line 2", "quote"),
    "text as number": (GOOD + "2024-01-03,1,2,0,abc,1\n", "line 4, column close", "not a number"),
    "hexadecimal": (GOOD + "2024-01-03,0x10,2,0,1,1\n", "line 4, column open", "not a number"),
    "underscore": (GOOD + "2024-01-03,1_0,2,0,1,1\n", "line 4, column open", "not a number"),
    "other digits": (GOOD + "2024-01-03,١,2,0,1,1\n", "line 4, column open", "not a number"),
    "300 digits": (GOOD + f"2024-01-03,{'9' * 300},2,0,1,1\n", "line 4, column open", "300 characters"),
    "too large": (GOOD + "2024-01-03,1e309,2,0,1,1\n", "line 4, column open", "too large"),
    "too small": (GOOD + "2024-01-03,1e-400,2,0,1,1\n", "line 4, column open", "too small"),
    "no such day": (GOOD + "2024-02-30,1,2,0,1,1\n", "line 4, column date", "not a day"),
    "empty day": (GOOD + ",1,2,0,1,1\n", "line 4, column date", "not a day"),
    "hour 25": (GOOD + "2024-01-03 25:00,1,2,0,1,1\n", "line 4, column date", "not a day"),
    "no stamp": (CMC_HEADER + ";;;;x;1;1;1;1;1;;\n", "column timestamp", "not a time"),
    "no zone": (CMC_HEADER + cmc_line("2024-01-01").replace("Z", ""), "column timestamp", "not a time"),
    "cmc's hour 25": (
        CMC_HEADER + cmc_line("2024-01-01").replace("T12", "T25"), "column timeHigh", "not a time"
    ),
    "no row in the middle": (GOOD + "oops\n2024-01-03,1,2,0,1,1\n", "line 4", "1 columns"),
    "nul": (GOOD.replace("1.5", "1\0"), "line 2, column", "NUL"),
    "no symbol": ("symbol," + HEADER + ",2024-01-01,1,2,0,1,1\nA,2024-01-02,1,2,0,1,1\n", "line 2", "empty"),
    "bad id": ("id," + HEADER + "x,2024-01-01,1,2,0,1,1\n", "line 2, column id", "not an asset id"),
    "one long line": (GOOD + "x" * (1 << 20), "line 4", "longer"),
    "a web page": ("<!DOCTYPE html>\n<html></html>\n", "line 1", "web page"),
    "json": ('{"date": "2024-01-01", "close": 1}\n', "line 1", "JSON"),
    "a workbook": (b"PK\x03\x04 cut", "line 1", "archive"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "line 1", "Excel"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_named_with_line_and_column(db: Db, tmp_path: Path, case: str) -> None:
    content, where, what = BAD[case]
    asset = {} if case in ("no symbol", "bad id") else {"asset": "7"}
    with pytest.raises(BadFile) as caught:
        load(db, tmp_path, content, **{"asset": None, **asset})
    message = caught.value.format_message()
    assert message.count("\n") == 0
    assert "X.csv" in message
    assert where in message
    assert what in message
    assert caught.value.exit_code == 1
    assert stored(db) == []


ASKED = {
    "no price column": ("date,a,b\n2024-01-01,x,2\n", {}, "--columns"),
    "no open": ("date,high,low,close\n2024-01-01,2,1,1\n", {}, "no column for open"),
    "no header, unclear": ("a,2024-01-01,5,1,9\nb,2024-01-02,5,1,9\n", {}, "--no-header --columns"),
    "no such column": (GOOD, {"columns": {"close": "Schluss"}}, "no column 'Schluss'"),
    "another layout": (GOOD, {"layout": "coingecko"}, "doesn't fit the layout coingecko"),
    "digits as symbols": (
        "code," + HEADER + "7203,2024-01-01,1,2,0,1,1\n", {"asset": None}, "--symbol-suffix .T"
    ),
    "row numbers": (
        "id," + HEADER + "".join(f"{i},2024-01-{i:02},1,2,0,1,1\n" for i in range(1, 9)),
        {"asset": None}, "numbers the rows",
    ),
    "several symbols": (
        "ticker," + HEADER + "A,2024-01-01,1,2,0,1,1\nB,2024-01-01,1,2,0,1,1\n", {}, "2 symbols in the files"
    ),
    "no adjusted price": (GOOD, {"adjusted": True}, "--adjusted"),
    "new assets": (GOOD, {"asset": "NEW", "new_assets": False}, "no asset NEW"),
    "sparse": (
        HEADER + "".join(f"20{10 + i // 12}-{1 + i % 12:02}-01,1,2,0,1,1\n" for i in range(30)),
        {}, "--sparse",
    ),
    "a pattern that doesn't fit": (
        GOOD, {"asset": None, "name_pattern": "{symbol}-1d.csv"}, "--name-pattern"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ASKED)
def test_a_question_names_the_option_that_answers(db: Db, tmp_path: Path, case: str) -> None:
    content, options, said = ASKED[case]
    try:
        load(db, tmp_path, content, **options)
    except (Question, psycopg.Error) as failure:
        told = describe(failure)
        assert isinstance(told, TaLabError)
        assert told.exit_code == 2
        assert said in told.format_message()
    else:
        pytest.fail("loaded")
    assert stored(db) == []


def test_one_symbol_has_one_id(cli: Any, db: Db, tmp_path: Path) -> None:
    for name in ("X_7.csv", "X_3.csv"):
        (tmp_path / name).write_text(GOOD)
    result = cli("load", tmp_path / "X_7.csv", tmp_path / "X_3.csv", "--name-pattern", "{symbol}_{id}.csv")
    assert result.code == 2
    assert "X is asset 3, the file's name says 7" in result.err
    assert stored(db) == []


def test_ten_faults_are_named_at_once(cli: Any, db: Db, tmp_path: Path) -> None:
    path = tmp_path / "X.csv"
    lines = [f"2024-01-{i:02},1,2,0.5,{'x' if i % 2 else '1'},10" for i in range(1, 31)]
    path.write_text(HEADER + "\n".join([*lines[:29], "2024-01-30,1,2", ""]))
    result = cli("load", path, "--asset", 7)
    assert result.code == 1
    *faults, more, last = result.err.splitlines()
    assert len(faults) == 10
    assert faults[0].startswith(f"'x' is not a number; {path}, line 2, column close")
    assert more == "and 6 more"
    assert last.startswith("error: 16 lines can't be read")
    assert stored(db) == []
    result = cli("load", path, "--asset", 7, "--skip-bad-lines", 16)
    assert result.code == 0
    assert "16 bad lines skipped: 2, 4, 6" in result.err
    assert len(stored(db)) == 14
    assert cli("load", path, "--asset", 7, "--skip-bad-lines", 15).code == 1


def test_a_cut_gzip_file_is_bad(db: Db, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="ends early"):
        load(db, tmp_path, gzip.compress(GOOD.encode())[:-9], "X.csv.gz")


def test_prices_within_the_day_are_refused(db: Db, tmp_path: Path) -> None:
    rows = "".join(f"2024-01-{1 + i // 24:02} {i % 24:02}:00,1,2,0.5,{i},1\n" for i in range(24 * 25))
    with pytest.raises(psycopg.Error, match="prices within the day"):
        load(db, tmp_path, HEADER + rows)
    assert stored(db) == []


@pytest.mark.parametrize(
    "content",
    [GOOD, GOOD.upper(), "\ufeff" + GOOD, GOOD.replace("\n", "\r\n"), GOOD.rstrip("\n"), GOOD + "\n\n",
     GOOD.replace("\n", "\r"), GOOD.replace("2024-01-01", '"2024-01-01"'), GOOD.replace(",", ";"),
     GOOD.replace("2024-01-01", "2024-01-01 00:00:00+00:00"), GOOD.replace(",", "\t"),
     HEADER + "\n" + GOOD.removeprefix(HEADER), "sep=,\n" + GOOD, GOOD.replace(",10\n", ',"10"\n')],
)  # fmt: skip
def test_spellings_of_the_same_file(db: Db, tmp_path: Path, content: str) -> None:
    load(db, tmp_path, content)
    assert stored(db) == [(7, f"2024-01-0{i}", 1.0, 2.0, 0.5, 1.5, 10.0) for i in (1, 2)]


@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@example(content=b'"')
@example(content=b"\xef\xbb\xbf")
@example(content=b"\r")
@settings(suppress_health_check=list(HealthCheck), max_examples=40)
def test_no_input_becomes_anything_but_rows_or_one_line(db: Db, tmp_path: Path, content: bytes) -> None:
    """Law: whatever the bytes are, there are rows or a message that names the file, and never half a file."""
    for prefix in (b"", HEADER.encode(), CMC_HEADER.encode(), GOOD.encode()):
        db.execute("DELETE FROM cmc_price_histories7")
        try:
            report = load(db, tmp_path, prefix + content)
        except (TaLabError, psycopg.Error) as failure:
            told = describe(failure)
            refused = told.format_message() if told else ""
        else:
            refused = ""
            assert sum(row.inserted for row in report.assets) == len(stored(db))
            continue
        assert "\n" not in refused
        assert "SQLSTATE" not in refused
        assert stored(db) == []


@settings(suppress_health_check=list(HealthCheck), max_examples=60)
@given(
    values=st.lists(st.floats() | st.decimals(allow_nan=False, allow_infinity=False) | NUMBERS, max_size=6)
)
def test_numbers_arrive_as_they_stand(db: Db, values: list[Any]) -> None:
    """Law: what number_fault lets through is the server's number too, the same 64 bits that Python reads."""
    for value in values:
        text = repr(value) if isinstance(value, float) else str(value)
        row = db.execute(
            """SELECT number_fault(%(t)s, '.', '{nan}', '{}'),
                   CASE WHEN number_fault(%(t)s, '.', '{nan}', '{}') IS NULL
                   THEN number_text(%(t)s, '.', '{nan}', '{}')::float8 END""",
            {"t": text},
        ).fetchone()
        assert row is not None
        if row[0] is None and not math.isnan(float(text)):
            assert struct.pack("d", row[1]) == struct.pack("d", float(text))


# -- what is stored ------------------------------------------------------------------------------------------


def test_the_same_file_twice_changes_nothing(cli: Any, db: Db, tmp_path: Path) -> None:
    path = tmp_path / "X.csv"
    path.write_text(CMC_HEADER + "".join(cmc_line(f"2024-01-{day:02}") for day in range(1, 11)))
    first = cli("--json", "load", path, "--asset", 7)
    assert first.code == 0, first.err
    (row,) = json.loads(first.out)
    assert (row["id"], row["read"], row["inserted"], row["updated"], row["unchanged"]) == (7, 10, 10, 0, 0)
    assert row["earliest"].startswith("2024-01-01")
    before = db.execute('SELECT h.*, h.xmin FROM cmc_price_histories7 AS h ORDER BY "timestamp"').fetchall()
    db.execute("DELETE FROM raw_changes")
    again = cli("load", path, "--asset", 7)
    assert again.code == 0
    assert "nothing changed" in again.out
    after = db.execute('SELECT h.*, h.xmin FROM cmc_price_histories7 AS h ORDER BY "timestamp"').fetchall()
    assert after == before
    assert db.execute("SELECT count(*) FROM raw_changes").fetchone() == (0,)


def test_only_differing_days_are_written_and_noted(db: Db, tmp_path: Path) -> None:
    load(db, tmp_path, HEADER + "2024-01-01,1,2,0.5,1,\n2024-01-02,1,2,0.5,1,1\n2024-01-03,1,2,0.5,1,1\n")
    db.execute("DELETE FROM raw_changes")
    days = "2024-01-01,1,2,0.5,1.0,\n2024-01-02,1,2,0.5,1.25,1\n2024-01-03,1,2,0.5,1.0,1\n"
    (row,) = load(db, tmp_path, HEADER + days, "Y.csv").assets
    assert (row.inserted, row.updated, row.unchanged) == (0, 1, 2)
    files = db.execute('SELECT source_file FROM cmc_price_histories7 ORDER BY "timestamp"').fetchall()
    assert files == [("X.csv",), ("Y.csv",), ("X.csv",)]
    noted = db.execute("SELECT id, (dirty_from AT TIME ZONE 'UTC')::date::text FROM raw_changes").fetchall()
    assert noted == [(7, "2024-01-02")]


def test_what_a_file_has_no_column_for_stays(db: Db, tmp_path: Path) -> None:
    load(db, tmp_path, "date,open,high,low,close,volume,market cap\n2024-01-01,1,2,0.5,1,10,99\n")
    load(db, tmp_path, "date,open,high,low,close\n2024-01-01,1,2,0.5,1.5\n", "Y.csv")
    assert db.execute("SELECT close, volume, marketcap FROM cmc_price_histories7").fetchall() == [
        (1.5, 10.0, 99.0)
    ]
    load(db, tmp_path, "date,price\n2024-01-01,1.75\n", "Z.csv")
    assert stored(db) == [(7, "2024-01-01", 1.0, 2.0, 0.5, 1.75, 10.0)]


def test_equal_lines_are_one(db: Db, tmp_path: Path) -> None:
    (row,) = load(db, tmp_path, GOOD + GOOD.removeprefix(HEADER)).assets
    assert (row.read, row.inserted, row.duplicates) == (4, 2, 2)


def test_a_day_under_another_stamp_is_refused_or_replaced(db: Db, tmp_path: Path) -> None:
    db.execute(
        """INSERT INTO cmc_price_histories7 (id, "timestamp", timeopen, timeclose, open, high, low, close)
           SELECT 7, d + time '21:00', d + time '14:30', d + time '21:00', 1, 2, 0.5, 1
           FROM unnest(ARRAY['2023-12-31', '2024-01-02', '2024-01-05']::date[]) AS d"""
    )
    with pytest.raises(psycopg.Error, match="under another stamp") as caught:
        load(db, tmp_path, GOOD)
    assert "stored as 2024-01-02 21:00:00, now 2024-01-02 23:59:59" in str(caught.value.diag.message_detail)
    assert "--replace" in str(caught.value.diag.message_hint)
    (row,) = load(db, tmp_path, GOOD, replace=True).assets
    assert (row.inserted, row.deleted) == (2, 1)
    days = db.execute("SELECT (\"timestamp\" AT TIME ZONE 'UTC')::text FROM cmc_price_histories7 ORDER BY 1")
    assert [day[:13] for (day,) in days] == [
        "2023-12-31 21",
        "2024-01-01 23",
        "2024-01-02 23",
        "2024-01-05 21",
    ]


def test_a_replacement_deletes_within_its_range_only(db: Db, tmp_path: Path) -> None:
    rows = "".join(f"2024-01-{i:02},1,2,0.5,1,1\n" for i in range(1, 11))
    load(db, tmp_path, HEADER + rows)
    load(db, tmp_path, HEADER + rows, asset="8")
    text = "2024-01-03,1,2,0.5,1,1\n2024-01-05,null,null,null,null,null\n2024-01-07,1,2,0.5,1,1\n"
    (row,) = load(db, tmp_path, HEADER + text, "Y.csv", replace=True).assets
    assert (row.deleted, row.unchanged) == (2, 2)
    assert [day[1][-2:] for day in stored(db) if day[0] == 7] == [
        "01",
        "02",
        "03",
        "05",
        "07",
        "08",
        "09",
        "10",
    ]
    assert len([day for day in stored(db) if day[0] == 8]) == 10


def test_another_scale_is_refused_and_a_whole_one_is_said(cli: Any, db: Db, tmp_path: Path) -> None:
    def text(first: int, factor: float) -> str:
        rows = (
            f"2024-01-{i:02},{7 * i * factor},{14 * i * factor},{3.5 * i * factor},{7 * i * factor},1"
            for i in range(first, 21)
        )
        return HEADER + "\n".join(rows) + "\n"

    load(db, tmp_path, text(1, 1.0))
    with pytest.raises(psycopg.Error, match="one factor, 1/7") as caught:
        load(db, tmp_path, text(10, 1 / 7))
    assert "from 2024-01-10 on" in str(caught.value.diag.message_detail)
    assert "whole history" in str(caught.value.diag.message_hint)
    path = tmp_path / "all.csv"
    path.write_text(text(1, 1 / 7))
    result = cli("load", path, "--asset", 7)
    assert result.code == 0, result.err
    assert "all days by a factor of 1/7: a split?" in result.err


def test_another_basis_is_refused_unless_all_is_replaced(db: Db, tmp_path: Path) -> None:
    yahoo = (
        "Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-02,10,20,5,10,5,1\n2024-01-03,10,20,5,12,6,1\n"
    )
    load(db, tmp_path, yahoo)
    assert db.execute("SELECT basis FROM assets WHERE id = 7").fetchone() == ("splits",)
    with pytest.raises(psycopg.Error, match="another basis: total beside splits"):
        load(db, tmp_path, yahoo, adjusted=True)
    load(db, tmp_path, yahoo, adjusted=True, replace=True)
    assert stored(db) == [
        (7, "2024-01-02", 5.0, 10.0, 2.5, 5.0, 1.0), (7, "2024-01-03", 5.0, 10.0, 2.5, 6.0, 1.0)
    ]  # fmt: skip
    assert db.execute("SELECT basis FROM assets WHERE id = 7").fetchone() == ("total",)


def test_a_day_stamped_at_its_opening_moves_to_its_close(cli: Any, db: Db) -> None:
    line = cmc_line("2024-01-01").rstrip("\n").rsplit(";", 1)[0] + ';"2024-01-01T00:00:00.000Z"\n'
    assert cli("load", "-", "--id", 3, stdin=CMC_HEADER + line).code == 0
    assert db.execute('SELECT "timestamp" = timeclose FROM cmc_price_histories7').fetchall() == [(True,)]


def test_one_bad_file_of_two_loads_nothing_unless_each_is_for_itself(
    cli: Any, db: Db, tmp_path: Path
) -> None:
    good, bad = tmp_path / "X_7.csv", tmp_path / "Y_8.csv"
    good.write_text(GOOD)
    bad.write_text(GOOD + "2024-01-03,1,2")
    pattern = ("--name-pattern", "{symbol}_{id}.csv")
    result = cli("load", good, bad, *pattern)
    assert result.code == 1
    assert result.out == ""
    assert result.err.count("\n") == 1
    assert f"{bad}, line 4, column 4" in result.err
    assert stored(db) == []
    result = cli("--json", "load", bad, good, *pattern, "--each-file")
    assert result.code == 1
    assert [(row["id"], row["symbol"], row["inserted"]) for row in json.loads(result.out)] == [(7, "X", 2)]
    assert str(bad) in result.err
    assert len(stored(db)) == 2


def test_a_dry_run_shows_and_writes_nothing(cli: Any, db: Db, tmp_path: Path) -> None:
    path = tmp_path / "X.csv"
    path.write_text(HEADER + "".join(f"2024-01-{i:02},1,2,0.5,{i / 10},1\n" for i in range(1, 11)))
    (row,) = json.loads(cli("--json", "load", path, "--asset", "NEW", "--dry-run").out)
    assert [day["local_day"][-2:] for day in row["days"]] == ["01", "02", "03", "08", "09", "10"]
    assert (row["symbol"], row["inserted"]) == ("NEW", 10)
    shown = cli("load", path, "--asset", "NEW", "--dry-run")
    assert "layout general; commas; utf-8" in shown.err
    assert "nothing was written" in shown.out
    assert stored(db) == []
    assert db.execute("SELECT count(*) FROM assets").fetchone() == (0,)


def test_new_ids_follow_the_largest(db: Db, tmp_path: Path) -> None:
    load(db, tmp_path, GOOD, asset="41")
    text = "ticker," + HEADER + "B,2024-01-01,1,2,0,1,1\nA,2024-01-01,1,2,0,1,1\n"
    rows = load(db, tmp_path, text, asset=None, symbol_suffix=".T").assets
    assert [(row.id, row.symbol) for row in rows] == [(42, "B.T"), (43, "A.T")]


def test_a_layout_of_ones_own(cli: Any, db: Db, tmp_path: Path) -> None:
    layout, path = tmp_path / "mine.toml", tmp_path / "X.csv"
    layout.write_text(
        'title = "mine"\nstamp = "end"\nbasis = "traded"\n[columns]\ndate = ["until"]\nclose = ["worth"]\n'
        "[units]\nLAKH = 5\n"
    )
    path.write_text("until;worth\n2024-01-02 00:00;1.5 lakh\n2024-01-03T00:00Z;2.5\n")
    result = cli("load", path, "--asset", 7, "--layout", layout)
    assert result.code == 0, result.err
    assert [(row[1], row[5]) for row in stored(db)] == [("2024-01-01", 150000.0), ("2024-01-02", 2.5)]
    layout.write_text("colums = 1\n")
    result = cli("load", path, "--asset", 7, "--layout", layout)
    assert result.code == 2
    assert "did you mean 'columns'?" in result.err


def test_layouts_are_listed_and_printed(cli: Any) -> None:
    names = [row["layout"] for row in json.loads(cli("--json", "layouts").out)]
    assert {"yahoo", "binance", "general"} <= set(names)
    assert 'needs = [["Date", "Open"' in cli("layouts", "yahoo").out
    result = cli("layouts", "yaho")
    assert result.code == 2
    assert "yahoo" in result.err


@pytest.mark.parametrize(
    "arguments",
    [["-"], ["nowhere.csv"], [], ["-", "-", "--id", 1], ["-", "--id", 0], ["-", "--id", 1, "--format", "x"],
     ["-", "--columns", "x"], ["-", "--asset", "a", "--id", 1]],
)  # fmt: skip
def test_wrong_usage_exits_with_2(cli: Any, arguments: list[Any]) -> None:
    result = cli("load", *arguments, stdin=GOOD)
    assert result.code == 2
    assert result.err.count("\n") == 1


def test_an_unmigrated_database_is_refused(cli: Any, empty_url: str) -> None:
    result = cli("load", "-", "--id", 1, stdin=GOOD, url=empty_url)
    assert result.code == 3
    assert "migrate" in result.err


def test_parquet_and_csv_give_the_same_days(cli: Any, db: Db, tmp_path: Path) -> None:
    pl = pytest.importorskip("polars")
    csv_file, parquet, packed = tmp_path / "X_7.csv", tmp_path / "X_7.parquet", tmp_path / "X_7.csv.gz"
    csv_file.write_text(HEADER + "2024-01-01,0.1,1e300,5e-324,-1.5,\n2024-01-02,1,2,0.5,1,3\n")
    packed.write_bytes(gzip.compress(csv_file.read_bytes()))
    pl.read_csv(csv_file, try_parse_dates=True).write_parquet(parquet)
    assert cli("load", csv_file, "--id", 7).code == 0
    for path in (parquet, packed):
        result = cli("load", path, "--id", 7)
        assert result.code == 0, result.err
        assert "nothing changed" in result.out
    days = db.execute('SELECT open, high, low, close, volume FROM cmc_price_histories7 ORDER BY "timestamp"')
    assert days.fetchone() == (0.1, 1e300, 5e-324, -1.5, None)


def test_a_file_that_calls_itself_parquet_must_be_one(db: Db, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="not a Parquet file"):
        load(db, tmp_path, GOOD, "X_7.parquet")


def test_a_calendar_for_the_assets_that_have_none(db: Db, tmp_path: Path) -> None:
    """For assets that the load makes and those without one, and said; a shipped one is imported then."""

    def said(text: str, calendar: str | None) -> list[str]:
        path = tmp_path / "prices.csv"
        path.write_text("symbol,date,close\n" + text)
        return load_files(db, [str(path)], LoadOptions(calendar=calendar)).files[0].notes

    def calendars() -> list[Any]:
        return db.execute("SELECT symbol, calendar FROM assets ORDER BY symbol").fetchall()

    assert said("T1,2024-01-30,1\n", None) == []
    assert said("T1,2024-01-30,1\nT2,2024-01-30,1\n", "XNYS") == [
        "imported calendar XNYS (exchange_calendars 4.13.2)",
        "calendar XNYS for 2 assets",
    ]
    assert calendars() == [("T1", "XNYS"), ("T2", "XNYS")]
    assert db.execute("SELECT count(*) > 500 FROM calendar_exceptions").fetchone() == (True,)
    assert said("T2,2024-01-30,1\nT3,2024-01-30,1\n", "XNYS") == ["calendar XNYS for 1 asset"]
    assert said("T3,2024-01-30,1\n", "XNYS") == []
    before = stored(db), calendars()
    for calendar, what in (
        ("XLON", "asset T3 has the calendar XNYS; --calendar XLON; ta-lab2 assets set T3 --calendar XLON"),
        ("XNYZ", "unknown calendar 'XNYZ'; .* did you mean .*XNYS"),
    ):
        with pytest.raises(TaLabError, match=what) as raised:
            said("T3,2024-01-30,2\nT4,2024-01-30,1\n", calendar)
        assert raised.value.exit_code == 2
    assert (stored(db), calendars()) == before
    assert db.execute("SELECT calendar FROM calendars").fetchall() == [("XNYS",)]


def test_a_local_day_has_one_stamp(db: Db, tmp_path: Path) -> None:
    """Two makers stamp one day otherwise: neither both in one command, nor one after the other."""
    line = cmc_line("2024-01-01").replace("T23:59:59.999Z", "T21:00:00.000Z")
    (tmp_path / "one.csv").write_text(CMC_HEADER + line)
    (tmp_path / "two.csv").write_text(HEADER + "2024-01-01,1,2,0.5,1.5,10\n")
    one, two = (str(tmp_path / name) for name in ("one.csv", "two.csv"))
    db.execute("INSERT INTO assets (id, tz) VALUES (7, 'UTC')")
    with pytest.raises(psycopg.Error, match="1 day is given under two stamps") as raised:
        load_files(db, [one, two], LoadOptions(asset="7"))
    failure = describe(raised.value)
    assert isinstance(failure, TaLabError)
    assert failure.exit_code == 2
    assert stored(db) == []
