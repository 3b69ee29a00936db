"""Prices out of tables of one's own: found by usual names, only differences written, saved and synced."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ta_lab2_sql.load.sync import Mapping, sync

Db = psycopg.Connection[Any]
MINE = """
CREATE SCHEMA market;
CREATE TABLE market.daily (
    day date, ticker text, open numeric, high numeric, low numeric, close numeric, volume bigint);
INSERT INTO market.daily
SELECT d::date, s, 10, 12, 9, 11, 100
FROM generate_series('2024-01-01'::date, '2024-01-30', '1 day') AS d, unnest(ARRAY['AA', 'BB']) AS s;
"""


@pytest.fixture
def mine(db: Db) -> Db:
    db.execute(MINE)
    return db


def stored(db: Db) -> list[Any]:
    return db.execute(
        """SELECT a.symbol, h.local_day::text, h.open, h.high, h.low, h.close, h.volume
           FROM cmc_price_histories7 AS h JOIN assets AS a ON a.id = h.id ORDER BY 1, 2"""
    ).fetchall()


def test_only_what_differs_is_written(cli: Any, mine: Db) -> None:
    rows = json.loads(cli("--json", "sync", "market.daily").out)
    assert [(row["symbol"], row["read"], row["inserted"]) for row in rows] == [("AA", 30, 30), ("BB", 30, 30)]
    assert stored(mine)[0] == ("AA", "2024-01-01", 10.0, 12.0, 9.0, 11.0, 100.0)
    again = cli("sync", "market.daily")
    assert "nothing changed" in again.out
    mine.execute("DELETE FROM raw_changes")
    mine.execute("UPDATE market.daily SET close = 11.5 WHERE ticker = 'BB' AND day = '2024-01-15'")
    mine.execute("INSERT INTO market.daily VALUES ('2024-01-31', 'AA', 1, 3, 1, 2, 5)")
    rows = json.loads(cli("--json", "sync", "market.daily").out)
    assert [(row["inserted"], row["updated"], row["unchanged"]) for row in rows] == [(1, 0, 30), (0, 1, 29)]
    noted = mine.execute("SELECT (dirty_from AT TIME ZONE 'UTC')::date::text FROM raw_changes ORDER BY id")
    assert noted.fetchall() == [("2024-01-31",), ("2024-01-15",)]


def test_a_range_of_days_and_assets(cli: Any, mine: Db) -> None:
    assert cli("sync", "market.daily", "--since", "2024-01-20").code == 0
    assert len(stored(mine)) == 22
    assert cli("sync", "market.daily", "--ids", "BB").code == 0
    assert [len([row for row in stored(mine) if row[0] == s]) for s in ("AA", "BB")] == [11, 30]
    mine.execute("DELETE FROM market.daily WHERE day = '2024-01-25'")
    rows = json.loads(cli("--json", "sync", "market.daily", "--since", "2024-01-22", "--replace").out)
    assert [(row["deleted"], row["inserted"]) for row in rows] == [(1, 0), (1, 0)]
    assert len(stored(mine)) == 39
    (row,) = json.loads(cli("--json", "sync", "market.daily", "--ids", "AA", "--dry-run").out)
    assert row["inserted"] == 19
    assert len(stored(mine)) == 39


@pytest.mark.parametrize(
    ("column", "options", "day"),
    [("date", [], "2024-01-02"), ("timestamptz", [], "2024-01-02"), ("timestamp", [], "2024-01-02"),
     ("text", [], "2024-01-02"), ("timestamptz", ["--stamp", "end"], "2024-01-01"),
     ("timestamptz", ["--tz", "America/New_York"], "2024-01-01"), ("bigint", [], "2024-01-02")],
)  # fmt: skip
def test_days_of_every_type(cli: Any, db: Db, column: str, options: list[str], day: str) -> None:
    """A moment is read in UTC or --tz, whatever the session's zone."""
    moment = (
        "extract(epoch FROM timestamptz '2024-01-02 00:00+00')"
        if column == "bigint"
        else "'2024-01-02 00:00+00'"
    )
    db.execute(f"CREATE TABLE one (ts {column}, price float8)".encode())
    db.execute("SET timezone = 'UTC'")
    db.execute(f"INSERT INTO one VALUES ({moment}, 2.5)".encode())
    env = {"PGTZ": "Asia/Tokyo"}
    result = cli("sync", "one", "--asset", "ONE", *options, env=env)
    assert result.code == 0, result.err
    assert stored(db) == [("ONE", day, 2.5, 2.5, 2.5, 2.5, None)]
    assert "nothing changed" in cli("sync", "one", "--asset", "ONE", *options).out


DAY = ("T", "2024-01-30", 10.25, 11.5, 9.75, 10.5, 1000.0)
PRICES = "open float8, high float8, low float8, close float8, volume float8"
VALUES = "10.25, 11.5, 9.75, 10.5, 1000"
# Columns of a table, a row, and what becomes of it: the day, or a word of what is said against it.
ODD: dict[str, tuple[str, str, tuple[Any, ...] | str]] = {
    "money": ("symbol text, date date, open money, high money, low money, close money, volume int",
              f"'T', '2024-01-30', {VALUES}", DAY),
    "numbers as texts": ("symbol text, date date, open text, high text, low char(9), close varchar, vol text",
                         "'T', '2024-01-30', '10.25', '11.5', '9.75', '10.5', '1,000'", DAY),
    "texts that are no numbers": ("symbol text, date date, close text", "'T', '2024-01-30', '9,75'",
                                  "'9,75' is not a number"),
    "an array": ("symbol text, date date, close float8[]", "'T', '2024-01-30', '{1}'", "holds no numbers"),
    "a number as day": (f"symbol text, date int, {PRICES}", f"'T', 20240130, {VALUES}", DAY),
    "no such day": (f"symbol text, date int, {PRICES}", f"'T', 20240230, {VALUES}", "without a day"),
    "a count as day": (f"symbol text, date bigint, {PRICES}", f"'T', 1706572800000, {VALUES}", DAY),
    "no end of days": (f"symbol text, date date, {PRICES}", f"'T', 'infinity', {VALUES}", "without a day"),
    "before year 1": (f"symbol text, date date, {PRICES}", f"'T', '0044-3-1 BC', {VALUES}", "without a day"),
    "not a number": (f"symbol text, date date, {PRICES}", "'T', '2024-01-30', 10.25, 11.5, 9.75, 10.5, 'NaN'",
                     (*DAY[:6], None)),
    "domains": ("symbol varchar(9), date dd, open px, high px, low px, close px, volume px",
                f"'T', '2024-01-30', {VALUES}", DAY),
    "a vendor's names": ("ric text, as_of date, px_open float8, px_high float8, px_low float8, "
                         "px_last float8, px_volume float8", f"'T', '2024-01-30', {VALUES}", DAY),
    "rows that are numbered": (f"id serial, date date, {PRICES}",
                               f"SELECT i, '2024-01-01'::date + i, {VALUES} FROM generate_series(1, 9) AS i",
                               "numbers the rows"),
}  # fmt: skip


def test_columns_of_every_type(db: Db) -> None:
    db.execute("CREATE DOMAIN dd AS date; CREATE DOMAIN px AS numeric CHECK (VALUE > 0)")
    wrong = {}
    for name, (columns, row, right) in ODD.items():
        got: Any = None
        try:
            with db.transaction(force_rollback=True):
                db.execute(f"CREATE TABLE odd ({columns})".encode())
                rows = row if row.startswith("SELECT") else f"VALUES ({row})"
                db.execute(f"INSERT INTO odd {rows}".encode())
                sync(db, Mapping("odd"))
                got = stored(db)
        except psycopg.Error as error:
            got = str(error)
        if right not in got:
            wrong[name] = got
    assert wrong == {}


def test_a_view_a_foreign_table_and_partitions_by_day(cli: Any, mine: Db, tmp_path: Path) -> None:
    mine.execute(
        'CREATE VIEW market."Odd View" AS SELECT day AS "Day of", ticker, close AS "the px" FROM market.daily'
    )
    assert cli("sync", 'market."Odd View"', "--columns", "date=Day of,close=the px").code == 0
    assert len(stored(mine)) == 60
    mine.execute("DELETE FROM cmc_price_histories7")
    mine.execute(
        """CREATE TABLE market.chunks (LIKE market.daily) PARTITION BY RANGE (day);
           CREATE TABLE market.chunk_1 PARTITION OF market.chunks
           FOR VALUES FROM (MINVALUE) TO ('2024-01-15');
           CREATE TABLE market.chunk_2 PARTITION OF market.chunks
           FOR VALUES FROM ('2024-01-15') TO (MAXVALUE);
           INSERT INTO market.chunks SELECT * FROM market.daily"""
    )
    assert cli("sync", "market.chunks", "--since", "2024-01-10").code == 0
    assert len(stored(mine)) == 42
    try:
        mine.execute("CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw")
    except psycopg.Error:
        pytest.skip("this server has no file_fdw")
    path = tmp_path / "day.csv"
    path.write_text("2024-03-01,CC,1,2,1,2,7\n")
    tmp_path.chmod(0o755)
    for folder in list(tmp_path.parents)[:2]:
        folder.chmod(0o755)
    mine.execute(
        f"""CREATE FOREIGN TABLE market.file (
            day date, ticker text, open float8, high float8, low float8, close float8,
            volume float8) SERVER files OPTIONS (filename '{path}', format 'csv')""".encode()
    )
    assert cli("sync", "market.file").code == 0
    assert stored(mine)[-1] == ("CC", "2024-03-01", 1.0, 2.0, 1.0, 2.0, 7.0)


def test_conflicts_are_seen_also_beside_a_stored_day(cli: Any, mine: Db) -> None:
    assert cli("sync", "market.daily").code == 0
    mine.execute("INSERT INTO market.daily VALUES ('2024-01-10', 'AA', 10, 12, 9, 11.25, 100)")
    result = cli("sync", "market.daily")
    assert result.code == 2
    assert "AA (1), 2024-01-10" in result.err
    assert "close 11 or 11.25" in result.err or "close 11.25 or 11" in result.err
    assert "--on-conflict" in result.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["market.dayly"], "market.daily"), (["market.daily", "--columns", "close=px"], "no column 'px'"),
     (["market.daily", "--columns", "nothing=px"], "not a role"), ([], "what to sync?"),
     (["market.daily", "--since", "soon"], "no day"), (["market.notes"], "no column for"),
     (["market.daily", "--no-new-assets"], "no asset"), (["market.lonely"], "which asset is this?")],
)  # fmt: skip
def test_questions_name_what_helps(cli: Any, mine: Db, arguments: list[str], said: str) -> None:
    mine.execute("CREATE TABLE market.notes (a int); CREATE TABLE market.lonely (day date, close float8)")
    mine.execute("SET search_path TO market, public")
    result = cli("sync", *arguments)
    assert result.code == 2
    assert said in result.err
    assert result.err.count("\n") == 1
    assert stored(mine) == []


def test_saved_sources_are_synced_before_a_refresh(cli: Any, mine: Db) -> None:
    assert cli("sync", "market.daily", "--since", "2024-01-01", "--save", "daily").code == 0
    mine.execute(
        "CREATE TABLE market.gone AS SELECT * FROM market.daily WHERE ticker = 'AA' AND day < '2023-01-01'"
    )
    assert cli("sync", "market.gone", "--save", "gone").code == 0
    mine.execute(
        "DROP TABLE market.gone; INSERT INTO market.daily VALUES ('2024-01-31', 'AA', 1, 3, 1, 2, 5)"
    )
    result = cli("--json", "sync", "--all")
    assert result.code == 1
    assert "gone: no relation market.gone" in result.err
    assert [row["inserted"] for row in json.loads(result.out)] == [1, 0]
    assert [row["name"] for row in json.loads(cli("--json", "sync", "--list").out)] == ["daily", "gone"]
    assert cli("sync", "--forget", "gone").code == 0
    mine.execute("INSERT INTO market.daily VALUES ('2024-02-01', 'AA', 1, 3, 1, 2, 5)")
    result = cli("refresh", "bars", "--sync", "--tf", "7D")
    assert result.code == 0, result.err
    newest = mine.execute("SELECT max(day)::text FROM cmc_price_bars_1d WHERE id = 1").fetchone()
    assert newest == ("2024-02-01",)


def test_nothing_of_an_option_becomes_sql(cli: Any, mine: Db) -> None:
    mine.execute('CREATE TABLE market.quotes ("day""; DROP TABLE market.daily; --" date, close float8)')
    mine.execute("INSERT INTO market.quotes VALUES ('2024-01-01', 1)")
    name = 'day"; DROP TABLE market.daily; --'
    result = cli("sync", "market.quotes", "--columns", f"date={name}", "--asset", "x';DROP")
    assert result.code == 2
    assert cli("sync", "market.quotes", "--columns", f"date={name}", "--asset", "X").code == 0
    assert mine.execute("SELECT count(*) FROM market.daily").fetchone() == (60,)
