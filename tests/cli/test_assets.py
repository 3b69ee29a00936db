"""Assets by symbol: listed, added, changed, deleted, and named wherever an id stands."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

import ta_lab2_sql

Cli = Callable[..., Any]
Db = psycopg.Connection[Any]


@pytest.fixture
def small(db: Db) -> Db:
    """Assets 1 (named 2781 by its source) and 2 with ten days each, and few timeframes."""
    db.execute("DELETE FROM dim_timeframe WHERE tf NOT IN ('1D', '2D', '7D')")
    db.execute("DELETE FROM dim_period WHERE period <> 6")
    for asset, name in ((1, "2781"), (2, "Two Limited")):
        db.execute(
            """INSERT INTO cmc_price_histories7
                   (id, name, timeopen, timeclose, "timestamp", open, high, low, close)
               SELECT %s, %s, t - interval '23 h', t, t, 1, 2, 1, 1.5
               FROM generate_series(1, 10) AS i
               CROSS JOIN LATERAL (
                   SELECT timestamptz '2024-01-01 23:59+00' + i * interval '1 day') AS x (t)""",
            (asset, name),
        )
    return db


def listed(cli: Cli) -> dict[int, dict[str, Any]]:
    return {row["id"]: row for row in json.loads(cli("--json", "assets").out)}


def test_the_list_tells_symbol_name_zone_and_what_there_is(cli: Cli, small: Db) -> None:
    small.execute("UPDATE cmc_price_histories7 SET high = 0 WHERE id = 2 AND \"timestamp\" < '2024-01-03'")
    assert cli("assets", "set", "2", "--symbol", "TWO", "--tz", "utc").code == 0
    assert cli("refresh", "bars").code == 0
    assert cli("assets", "add", "NEW", "--name", "Not yet").code == 0
    found = listed(cli)
    assert [tuple(row.values()) for row in found.values()] == [
        # Digits alone number the currency of the source: no name.
        (1, None, None, None, "America/New_York", 10, "2024-01-02", "2024-01-11", 10, found[1]["bars"], 0),
        (2, "TWO", "Two Limited", None, "UTC", 10, "2024-01-02", "2024-01-11", 9, found[2]["bars"], 1),
        (3, "NEW", "Not yet", None, "America/New_York", 0, None, None, 0, 0, 0),
    ]
    assert list(found[1]) == [
        "id", "symbol", "name", "calendar", "zone", "days", "first", "last", "valid_days", "bars", "rejects"
    ]  # fmt: skip
    assert found[1]["bars"] > 0


def test_a_symbol_stands_wherever_an_id_stands(cli: Cli, small: Db, tmp_path: Path) -> None:
    small.execute('SELECT set_assets(ARRAY[1], \'{"symbol": "BRK#B"}\')')
    small.execute('SELECT set_assets(ARRAY[2], \'{"symbol": "TWO"}\')')
    names = tmp_path / "names.txt"
    names.write_text("# ours\nBRK#B  # a comment\nTWO,1\n")
    plan = json.loads(cli("--json", "plan", "bars", "--ids", f"@{names}").out)
    assert (plan["assets"], plan["to_do"]) == (2, 2)
    assert "BRK#B (1), TWO (2)" in cli("plan", "bars").out
    done = json.loads(cli("--json", "refresh", "all", "--ids", "TWO").out)
    assert [(row["id"], row["symbol"], row["outcome"]) for row in done["results"]] == [(2, "TWO", "done")]
    assert "asset BRK#B (1): " in cli("-v", "refresh", "all", "--ids", "BRK#B,2").err
    told = json.loads(cli("--json", "status", "--ids", "TWO").out)
    assert [(row["id"], row["symbol"]) for row in told["assets"]] == [(2, "TWO")]
    old = cli("status", "--max-age", "36h", "--ids", "TWO")
    assert (old.code, "older than 36 h: TWO (2024-01-11)" in old.err) == (1, True)
    small.execute("DELETE FROM cmc_price_bars_1d WHERE id = 2 AND \"timestamp\" < '2024-01-03'")
    findings = json.loads(cli("--json", "audit", "--ids", "TWO").out)
    assert {(row["id"], row["symbol"]) for row in findings if row["id"] is not None} == {(2, "TWO")}
    assert "TWO" in cli("audit").out
    file = tmp_path / "bars.csv"
    assert cli("export", "bars", "--ids", "TWO", "-o", file).code == 0
    assert {line.split(",")[0] for line in file.read_text().splitlines()[1:]} == {"2"}
    chart = cli("plot", "BRK#B", "2D", "-o", tmp_path / "c.html")
    assert chart.code == 0, chart.err
    assert "BRK#B (1): 2D" in (tmp_path / "c.html").read_text()
    for words in (
        ("plot", "TWOO", "2D"),
        ("status", "--ids", "TWOO"),
        ("export", "bars", "--ids", "TWOO", "-o", "-"),
        ("audit", "--ids", "two"),
        ("refresh", "bars", "--ids", "1,TWOO"),
        ("assets", "set", "TWOO", "--tz", "UTC"),
    ):
        refused = cli(*words)
        assert (refused.code, "no asset is called 't" in refused.err.lower()) == (2, True), refused
        assert "The nearest are: TWO" in refused.err


def test_frames_take_symbols(small: Db) -> None:
    small.execute('SELECT set_assets(ARRAY[2], \'{"symbol": "TWO"}\')')
    small.execute("SELECT FROM refresh_bars(2)")
    same = ta_lab2_sql.bars(small, 2, "2D")
    assert same.height > 3
    assert ta_lab2_sql.bars(small, "TWO", "2D").equals(same)
    assert ta_lab2_sql.bars(small, ["TWO", 2, "2"], "2D").equals(same)
    with pytest.raises(psycopg.Error, match="no asset is called 'two'") as error:
        ta_lab2_sql.bars(small, "two", "2D")
    assert error.value.sqlstate == "TA001"


def test_asset_id_knows_symbols_and_known_ids(small: Db) -> None:
    small.execute('SELECT set_assets(ARRAY[2], \'{"symbol": "TWO"}\')')
    for word, asset in (("TWO", 2), ("2", 2), ("1", 1)):
        assert small.execute("SELECT asset_id(%s)", (word,)).fetchone() == (asset,)
    for word in ("two", "", None, "3", "99999999999", "TWO "):
        with pytest.raises(psycopg.Error) as error:
            small.execute("SELECT asset_id(%s)", (word,))
        assert error.value.sqlstate == "TA001"


@pytest.mark.parametrize(
    ("symbol", "reason"),
    [
        ("42", "digits alone"),
        ("a b", "a blank"),
        ("a,b", "a comma"),
        ("@a", "@"),
        ("#a", "begins with"),
        ("ALL", "something else"),
        ("x" * 65, "longer than 64"),
        ("", "empty"),
        ("two", "differs from TWO in letter case only"),
        ("TWO", "TWO is asset 2"),
    ],
)
def test_what_can_not_be_a_symbol(cli: Cli, small: Db, symbol: str, reason: str) -> None:
    small.execute('SELECT set_assets(ARRAY[2], \'{"symbol": "TWO"}\')')
    before = small.execute("SELECT * FROM assets ORDER BY id").fetchall()
    refusals = [cli("assets", "add", "--", symbol)]
    if symbol:
        refusals.append(cli("assets", "set", "1", "--symbol", symbol))
    for refused in refusals:
        assert (refused.code, reason in refused.err) == (2, True), refused
    assert small.execute("SELECT * FROM assets ORDER BY id").fetchall() == before


def test_an_asset_is_known_as_soon_as_it_is_added(cli: Cli, small: Db) -> None:
    added = json.loads(cli("--json", "assets", "add", "AAPL", "--name", "Apple Inc.", "--tz", "utc").out)
    assert added == {"id": 3, "symbol": "AAPL"}
    assert small.execute("SELECT symbol, name, tz FROM assets WHERE id = 3").fetchone() == (
        "AAPL", "Apple Inc.", "UTC"
    )  # fmt: skip
    assert cli("refresh", "bars", "--ids", "AAPL").code == 0
    assert cli("status", "--ids", "AAPL").code == 0
    taken = cli("assets", "add", "B", "--id", "3")
    assert (taken.code, "asset 3 is there already" in taken.err) == (2, True)
    assert cli("assets", "add", "B", "--id", "2147483647").code == 0
    above = cli("assets", "add", "C")
    assert (above.code, "no 1 ids are left; " in above.err) == (2, True)
    zone = cli("assets", "add", "C", "--id", "9", "--tz", "Europe/Berln")
    assert (zone.code, "Europe/Berlin" in zone.err) == (2, True)
    for command in (("set", "AAPL"), ("add", "C", "--id", "9")):
        wrong = cli("assets", *command, "--tz", "Mars/X")
        assert (wrong.code, wrong.err.count("\n")) == (2, 1)
        assert "unknown time zone 'Mars/X'" in wrong.err


def test_setting_changes_what_is_named_and_frees_what_was(cli: Cli, small: Db, tmp_path: Path) -> None:
    (tmp_path / "both.txt").write_text("1\n2\n")
    many = ("assets", "set", "--ids", f"@{tmp_path / 'both.txt'}")
    assert json.loads(cli("--json", *many, "--tz", "UTC").out) == {"ids": [1, 2], "changed": 2}
    assert json.loads(cli("--json", *many, "--tz", "UTC").out)["changed"] == 0
    refused = cli(*many, "--symbol", "BOTH")
    assert (refused.code, "one symbol for 2 assets" in refused.err) == (2, True)
    assert cli("assets", "set", "1", "--symbol", "one").code == 0
    assert cli("assets", "set", "one", "--symbol", "ONE", "--name", "The first").code == 0
    assert cli("assets", "set", "2", "--symbol", "one").code == 2
    assert cli("assets", "set", "ONE", "--symbol", "").code == 0
    assert cli("assets", "set", "2", "--symbol", "one", "--tz", "").code == 0
    assert small.execute("SELECT id, symbol, name, tz FROM assets ORDER BY id").fetchall() == [
        (1, None, "The first", "UTC"), (2, "one", None, None)
    ]  # fmt: skip
    nobody = cli("assets", "set", "one", "--calendar", "XNYZ")
    assert (nobody.code, "unknown calendar 'XNYZ'" in nobody.err) == (2, True)
    small.execute("INSERT INTO calendars (calendar, tz) VALUES ('XNYS', 'America/New_York')")
    small.execute("INSERT INTO calendar_weeks VALUES ('XNYS', '1970-01-01', '1111100')")
    assert cli("assets", "set", "one", "--calendar", "XNYS").code == 0
    assert cli("assets", "add", "IBM", "--calendar", "XNYS").code == 0
    assert [row["calendar"] for row in listed(cli).values()] == [None, "XNYS", "XNYS"]
    assert json.loads(cli("--json", "assets", "set", "one", "--calendar", "").out)["changed"] == 1
    nothing = cli("assets", "set", "1")
    assert (nothing.code, "nothing to set" in nothing.err) == (2, True)
    nobody = cli("assets", "set", "--tz", "UTC")
    assert (nobody.code, "which assets?" in nobody.err) == (2, True)
    assert cli("assets", "set", "1", "7", "--tz", "UTC").code == 2


def test_deleting_leaves_nothing_of_it_and_everything_of_others(cli: Cli, small: Db) -> None:
    small.execute('SELECT set_assets(ARRAY[2], \'{"symbol": "TWO"}\')')
    small.execute("UPDATE cmc_price_histories7 SET high = 0 WHERE id = 2 AND \"timestamp\" < '2024-01-03'")
    assert cli("refresh", "all").code == 0
    small.execute("UPDATE cmc_price_histories7 SET close = 1.6 WHERE \"timestamp\" > '2024-01-10'")
    tables = [
        name
        for (name,) in small.execute(
            """SELECT c.relname FROM pg_class AS c
               INNER JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'id'
               WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
                   AND NOT c.relispartition"""
        )
    ]
    counts = "SELECT count(*) FILTER (WHERE id = 2), count(*) FILTER (WHERE id <> 2) FROM {}"
    before = {t: small.execute(counts.format(t).encode()).fetchone() for t in tables}
    assert len([t for t, (two, _) in before.items() if two]) > 7
    careful = cli("assets", "delete", "TWO")
    assert (careful.code, "this deletes TWO (2); " in careful.err) == (2, True)
    told = json.loads(cli("--json", "assets", "delete", "TWO", "--yes").out)
    assert len(told) == 1
    names = ("cmc_price_histories7", "cmc_price_bars_1d", "cmc_price_bars_1d_rejects", "bars", "emas")
    assert tuple(told[0].values()) == (2, "TWO", *(before[name][0] for name in names))
    after = {t: small.execute(counts.format(t).encode()).fetchone() for t in tables}
    assert after == {t: (0, others) for t, (_, others) in before.items()}
    assert cli("assets", "delete", "TWO", "--yes").code == 2
    last_run = "SELECT command, assets, changed FROM runs ORDER BY run_id DESC LIMIT 1"
    assert small.execute(last_run).fetchone() == ("assets delete", 1, 1)
    assert cli("refresh", "all").code == 0
    assert cli("audit").code == 0


def test_a_delete_waits_for_a_refresh_of_its_asset(cli: Cli, small: Db, db_url: str) -> None:
    assert cli("refresh", "all").code == 0
    done: list[Any] = []
    with psycopg.connect(db_url) as refreshing:
        refreshing.execute("SELECT FROM refresh_bars(2, p_full => true)")
        deleting = threading.Thread(target=lambda: done.append(cli("assets", "delete", "2", "--yes")))
        deleting.start()
        waits = """SELECT count(*) FROM pg_stat_activity
                   WHERE application_name = 'ta-lab2 assets delete' AND wait_event_type = 'Lock'"""
        while small.execute(waits).fetchone() == (0,):
            assert not done
        refreshing.commit()
    deleting.join()
    assert done[0].code == 0
    assert listed(cli).keys() == {1}


def test_rows_of_raw_days_become_assets_with_the_next_refresh(cli: Cli, small: Db) -> None:
    assert cli("refresh", "bars", "--ids", "2").code == 0
    assert small.execute("SELECT id, symbol, tz FROM assets").fetchall() == [(2, None, None)]


GIVE = """
import sys
import psycopg
with psycopg.connect(sys.argv[1]) as connection:
    print("ready", flush=True)
    sys.stdin.readline()
    symbols = sys.argv[2].split(",")
    found = connection.execute("SELECT symbol, id FROM symbol_ids(%s, true)", (symbols,)).fetchall()
    print("given", flush=True)
    sys.stdin.readline()
print(*(f"{symbol}={asset}" for symbol, asset in found))
"""


def test_two_processes_give_no_id_and_no_symbol_twice(small: Db, db_url: str) -> None:
    """The second waits for the first, which has given ids but not committed, and takes what it finds then."""

    def process(symbols: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", GIVE, db_url, symbols]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def line(of: subprocess.Popen[str]) -> str:
        assert of.stdout is not None
        return of.stdout.readline().strip()

    def go_on(of: subprocess.Popen[str]) -> None:
        assert of.stdin is not None
        of.stdin.write("\n")
        of.stdin.flush()

    first, second = process("A,B,C"), process("C,B,D")
    assert (line(first), line(second)) == ("ready", "ready")
    go_on(first)
    assert line(first) == "given"
    go_on(second)
    waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    while small.execute(waits).fetchone() == (0,):
        assert second.poll() is None
    go_on(first)
    assert line(first) == "A=3 B=4 C=5"
    assert line(second) == "given"
    go_on(second)
    assert sorted(line(second).split()) == ["B=4", "C=5", "D=6"]
    assert (first.wait(), second.wait()) == (0, 0)
    assert small.execute("SELECT symbol, id FROM assets ORDER BY id").fetchall() == [
        ("A", 3), ("B", 4), ("C", 5), ("D", 6)
    ]  # fmt: skip
