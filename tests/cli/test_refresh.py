"""ta-lab2 refresh, through real processes: what it does, what it says, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
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
    db.execute("DELETE FROM dim_period WHERE period NOT IN (6, 9)")
    db.execute("INSERT INTO dim_period (period) VALUES (2)")
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


def two_on_one_day(db: psycopg.Connection[Any], asset: int) -> None:
    """Two raw days that fall on one day in New York: the bars of the asset can't be built."""
    db.execute(
        """INSERT INTO cmc_price_histories7 (id, timeopen, timeclose, "timestamp", open, high, low, close)
           SELECT %s, t - interval '1 h', t, t, 1, 1, 1, 1 FROM (VALUES
               ('2024-02-01 20:00+00'::timestamptz), ('2024-02-01 21:00+00')) AS x (t)""",
        (asset,),
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


def test_an_unknown_symbol_is_wrong_usage(cli: Cli) -> None:
    result = cli("refresh", "bars", "--ids", "x")
    assert (result.code, result.out) == (2, "")
    assert "no asset is called 'x'" in result.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["bars", "--family", "cal_u"], "cal_us"),
        (["emas", "--variant", "multi"], "multi_tf"),
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
    two_on_one_day(small, 2)
    result = cli("refresh", "bars", "--workers", "2")
    assert result.code == 1
    assert "1 of 3 assets failed: 2 (TA010)" in result.err
    assert result.out.count("TA010") == 1
    assert small.execute("SELECT DISTINCT id FROM bars ORDER BY id").fetchall() == [(1,), (3,)]
    failed = json.loads(cli("--json", "refresh", "bars").out)
    (failure,) = [row["failure"] for row in failed["results"] if row["outcome"] == "failed"]
    assert (failure["id"], failure["sqlstate"], failure["stage"]) == (2, "TA010", "bars")
    assert failure["todo"]


def test_an_asset_whose_days_are_gone_leaves_nothing_behind(cli: Cli, small: psycopg.Connection[Any]) -> None:
    """Also one that had bars but no EMAs yet, which the stage of EMAs doesn't know any more."""
    for asset in (1, 2):
        prices(small, asset)
    assert cli("refresh", "bars").code == 0
    assert cli("refresh", "emas", "--ids", "1").code == 0
    small.execute("DELETE FROM cmc_price_histories7")
    done = cli("refresh", "all")
    assert done.code == 0, done.err
    counts = (f"(SELECT count(*) FROM {name})" for name in ("bars", "emas", "emas_state"))
    assert small.execute(f"SELECT {', '.join(counts)}".encode()).fetchone() == (0, 0, 0)


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


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["bars", "--ids", "1,7"], "asset 7 is not loaded"),
        (["bars", "--tf", "8D"], "'8D'"),
        (["bars", "--family", "cal_us", "--tf", "7D"], "1W_CAL_US"),
        (["bars", "--tz", "America/New_Yorc"], "America/New_York"),
        (["emas", "--periods", "7"], "6, 9"),
    ],
)
def test_unknown_names_exit_2_with_the_nearest_before_any_work(
    cli: Cli, small: psycopg.Connection[Any], arguments: list[str], told: str
) -> None:
    prices(small, 1)
    for command in (["refresh"], ["plan"]):
        result = cli(*command, *arguments)
        assert (result.code, result.out) == (2, "")
        assert result.err.count("\n") == 1
        assert told in result.err
    assert stored(small) == []
    assert small.execute("SELECT count(*) FROM runs").fetchone() == (0,)


def test_everything_is_refreshed_and_unchanged_assets_are_not_even_called(
    cli: Cli, small: psycopg.Connection[Any]
) -> None:
    for asset in (1, 2, 3):
        prices(small, asset)
    first = json.loads(cli("--json", "refresh", "all").out)
    assert (first["assets"], first["unchanged"], first["changed"]) == (3, 0, 3)
    counted = "SELECT alignment_source, count(*) FROM cmc_ema_multi_tf_u WHERE id = 2 GROUP BY 1 ORDER BY 1"
    emas = small.execute(counted).fetchall()
    assert {name for name, _ in emas} >= {"multi_tf", "multi_tf_v2", "multi_tf_cal_us"}
    nothing = cli("refresh", "all")
    assert (nothing.code, nothing.out) == (0, "")
    assert "3 assets: nothing new" in nothing.err
    prices(small, 2, days=22)
    again = json.loads(cli("--json", "refresh", "all").out)
    assert (again["assets"], again["unchanged"], again["to_do"]) == (3, 2, 1)
    assert [row["id"] for row in again["results"]] == [2]
    assert {row["action"] for row in again["results"][0]["rows"]} == {"append"}
    assert small.execute(counted).fetchall() > emas


def test_a_day_of_many_is_told_as_that_of_each_and_one_bad_asset_fails_alone(
    cli: Cli, small: psycopg.Connection[Any]
) -> None:
    for asset in range(1, 7):
        prices(small, asset)
    assert cli("refresh", "all").code == 0
    for asset in range(1, 7):
        prices(small, asset, days=21)
    small.execute("DELETE FROM emas WHERE id = 3 AND tf = '2D'")
    told = json.loads(cli("--json", "refresh", "all", "--workers", "1").out)
    assert (told["to_do"], told["refreshed"], told["failed"], told["changed"]) == (6, 5, 1, 6)
    by_id = {row["id"]: row for row in told["results"]}
    assert (by_id[3]["failure"]["sqlstate"], by_id[3]["failure"]["stage"]) == ("TA030", "emas")
    # Its days and bars are up to date, as if it had been called alone from the beginning.
    assert small.execute("SELECT n_rows FROM bars_state WHERE id = 3 LIMIT 1").fetchone() == (21,)

    for asset in (1, 2):
        prices(small, asset, days=22)
    both = json.loads(cli("--json", "refresh", "all", "--ids", "1,2", "--workers", "1").out)["results"]
    prices(small, 4, days=22)
    (alone,) = json.loads(cli("--json", "refresh", "all", "--ids", "4").out)["results"]
    for result in (*both, alone):
        for row in result["rows"]:
            del row["elapsed"]
    assert [result["rows"] for result in both] == [alone["rows"]] * 2


def test_emas_bring_what_they_read_and_count_rejects_when_asked(
    cli: Cli, small: psycopg.Connection[Any]
) -> None:
    prices(small, 1, days=30)
    small.execute("UPDATE cmc_price_histories7 SET close = NULL WHERE \"timestamp\" > '2024-01-30'")
    result = cli("refresh", "emas", "--variant", "multi_tf_cal_us", "--fail-on-rejects")
    assert result.code == 1
    assert "1 days were rejected" in result.err
    built = small.execute("SELECT bar_group FROM bars_state ORDER BY bar_group").fetchall()
    assert built == [("cal",), ("cal_us",)]
    assert small.execute("SELECT count(*) > 0 FROM cmc_ema_multi_tf_cal_us").fetchone() == (True,)


def test_an_asset_of_one_family_does_not_begin_the_others(cli: Cli, small: psycopg.Connection[Any]) -> None:
    prices(small, 1)
    told = json.loads(cli("--json", "refresh", "all", "--family", "multi_tf", "--tf", "7D").out)
    done = [(row["stage"], row["family"]) for row in told["results"][0]["rows"]]
    assert done == [("bars", "1d"), ("bars", "multi_tf"), ("emas", "multi_tf"), ("emas", "multi_tf_v2")]
    assert small.execute("SELECT DISTINCT tf FROM bars").fetchall() == [("7D",)]


def test_a_bounded_run_examines_its_range_only(cli: Cli, small: psycopg.Connection[Any]) -> None:
    prices(small, 1)
    bounds = ["--time-min", "2024-01-05", "--time-max", "2024-01-08T00:00:00Z"]
    assert cli("refresh", "bars", "--family", "1d", *bounds).code == 0
    days = small.execute('SELECT min("timestamp")::text, count(*) FROM cmc_price_bars_1d').fetchone()
    assert days == ("2024-01-05 23:59:59.999+00", 3)
    assert cli("refresh", "bars", "--family", "1d").code == 0
    assert small.execute("SELECT count(*) FROM cmc_price_bars_1d").fetchone() == (20,)


def test_rejected_days_are_kept_unless_unwanted(cli: Cli, small: psycopg.Connection[Any]) -> None:
    prices(small, 1)
    small.execute("UPDATE cmc_price_histories7 SET close = NULL WHERE \"timestamp\" < '2024-01-03'")
    kept = "SELECT count(*) FROM cmc_price_bars_1d_rejects"
    assert cli("refresh", "bars", "--family", "1d", "--no-keep-rejects").code == 0
    assert small.execute(kept).fetchone() == (0,)
    assert cli("refresh", "bars", "--family", "1d", "--full-rebuild").code == 0
    assert small.execute(kept).fetchone() == (2,)


def test_fail_fast_begins_nothing_after_a_failure(cli: Cli, small: psycopg.Connection[Any]) -> None:
    # The longest work comes first.
    for asset, count in ((1, 25), (2, 20), (3, 20)):
        prices(small, asset, days=count)
    two_on_one_day(small, 1)
    result = cli("--json", "refresh", "bars", "--fail-fast", "--workers", "1")
    told = json.loads(result.out)
    assert result.code == 1
    assert (told["failed"], told["not_started"]) == (1, [2, 3])


class Running:
    """A refresh in the background, and the server's view of it."""

    def __init__(self, db: psycopg.Connection[Any], url: str, *arguments: str) -> None:
        environment = {**os.environ, "TA_LAB2_DATABASE_URL": url}
        command = [sys.executable, "-m", "ta_lab2_sql", "refresh", "bars", "--workers", "2", *arguments]
        self.db = db
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def wait_for(self, condition: str) -> None:
        """Wait until a query gives a row, as long as the process lives."""
        deadline = time.monotonic() + 60
        while self.db.execute(condition.encode()).fetchone() is None:
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline, condition
            time.sleep(0.02)

    def end(self) -> tuple[int, str, str]:
        """Exit code, output and errors."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


BLOCKED = """SELECT pid FROM pg_stat_activity WHERE datname = current_database()
    AND application_name = 'ta-lab2 refresh' AND wait_event_type = 'Lock'"""


@pytest.fixture
def blocked(small: psycopg.Connection[Any], db_url: str) -> Iterator[Callable[..., Running]]:
    """Begin a refresh of assets 1 and 2 that can't finish asset 1, whose row another session holds."""
    for asset in (1, 2):
        prices(small, asset)
        small.execute("SELECT FROM refresh_bars(%s)", (asset,))
        prices(small, asset, days=22)
    started: list[Running] = []
    with psycopg.connect(db_url) as holder:
        holder.execute("SELECT FROM cmc_price_bars_1d_state WHERE id = 1 FOR UPDATE")

        def begin() -> Running:
            running = Running(small, db_url)
            started.append(running)
            running.wait_for(BLOCKED)
            running.wait_for("SELECT WHERE NOT EXISTS (SELECT 1 FROM raw_changes WHERE id = 2)")
            return running

        yield begin
        holder.rollback()
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
            running.process.communicate()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_cancels_what_runs_and_says_what_was_done(
    cli: Cli, small: psycopg.Connection[Any], blocked: Callable[..., Running], sent: signal.Signals
) -> None:
    running = blocked()
    running.process.send_signal(sent)
    code, out, err = running.end()
    assert code == 130
    assert "interrupted: 1 of 2 assets done, 1 not" in err
    assert "run it again for the rest" in err
    assert "multi_tf" in out
    assert small.execute(BLOCKED).fetchone() is None
    # The one is up to date, the other as it was.
    counted = "SELECT id, count(*) FROM cmc_price_bars_1d GROUP BY id ORDER BY id"
    assert small.execute(counted).fetchall() == [(1, 20), (2, 22)]
    assert small.execute("SELECT id FROM raw_changes").fetchall() == [(1,)]
    logged = small.execute("SELECT outcome, changed FROM runs").fetchall()
    assert logged == [("interrupted", 1)]


def test_a_lost_connection_is_a_failure_of_its_asset(
    small: psycopg.Connection[Any], blocked: Callable[..., Running]
) -> None:
    running = blocked()
    small.execute(f"SELECT pg_terminate_backend(pid) FROM ({BLOCKED}) AS b".encode())
    code, _, err = running.end()
    assert code == 1
    assert "1 of 2 assets failed: 1 (57P01)" in err
    assert "run it again" in err
    assert small.execute("SELECT id FROM raw_changes").fetchall() == [(1,)]


def test_two_drivers_over_the_same_assets_leave_what_one_would(
    cli: Cli, small: psycopg.Connection[Any], db_url: str
) -> None:
    for asset in range(1, 9):
        prices(small, asset, days=60)
    both = [Running(small, db_url), Running(small, db_url)]
    ends = [running.end() for running in both]
    assert [code for code, _, _ in ends] == [0, 0], ends
    found = "SELECT id, tf, bar_seq, time_close, volume FROM bars ORDER BY 1, 2, 3"
    together = small.execute(found).fetchall()
    assert cli("refresh", "bars", "--full-rebuild").code == 0
    assert small.execute(found).fetchall() == together
    assert len({row[0] for row in together}) == 8


def test_a_serialisation_failure_is_tried_again(cli: Cli, small: psycopg.Connection[Any]) -> None:
    prices(small, 1)
    small.execute("CREATE SEQUENCE attempts")
    # A sequence goes on counting when its transaction is undone.
    small.execute("""CREATE FUNCTION fail_twice() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF nextval('attempts') <= 2 THEN
                RAISE EXCEPTION USING ERRCODE = '40001', MESSAGE = 'could not serialize access';
            END IF;
            RETURN NULL;
        END $$""")
    small.execute("""CREATE TRIGGER fail_twice AFTER INSERT ON cmc_price_bars_1d
        FOR EACH STATEMENT EXECUTE FUNCTION fail_twice()""")
    result = cli("refresh", "bars")
    assert result.code == 0, result.err
    assert small.execute("SELECT last_value FROM attempts").fetchone() == (3,)
    assert small.execute("SELECT count(*) FROM cmc_price_bars_1d").fetchone() == (20,)


def test_listeners_hear_of_what_changed_and_of_nothing_else(cli: Cli, small: psycopg.Connection[Any]) -> None:
    for asset in (1, 2):
        prices(small, asset)
    small.execute("LISTEN ta_lab2")
    assert cli("refresh", "bars").code == 0
    (heard,) = small.notifies(timeout=10, stop_after=1)
    payload = json.loads(heard.payload)
    assert (payload["event"], payload["what"], payload["ids"]) == ("refresh", "bars", [1, 2])
    assert payload["dirty_from"].startswith("2024-01-01")
    assert cli("refresh", "bars").code == 0
    prices(small, 2, days=21)
    assert cli("refresh", "bars").code == 0
    # The next that is heard is the third run's: the second changed nothing.
    (heard,) = small.notifies(timeout=10, stop_after=1)
    assert json.loads(heard.payload)["ids"] == [2]


def test_a_role_without_privilege_exits_3(cli: Cli, small: psycopg.Connection[Any], db_url: str) -> None:
    prices(small, 1)
    small.execute("DROP ROLE IF EXISTS ta_lab2_reader")
    small.execute("CREATE ROLE ta_lab2_reader LOGIN")
    try:
        small.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO ta_lab2_reader")
        url = db_url.replace("//postgres@", "//ta_lab2_reader@")
        small.execute("GRANT INSERT, UPDATE ON runs TO ta_lab2_reader")
        assert cli("plan", url=url).code == 0
        result = cli("refresh", "bars", url=url)
        assert result.code == 3, result.err
        assert "permission denied" in result.err
    finally:
        small.execute("DROP OWNED BY ta_lab2_reader")
        small.execute("DROP ROLE ta_lab2_reader")


def test_the_planner_knows_what_was_built(small: psycopg.Connection[Any], cli: Cli) -> None:
    prices(small, 1, days=60)
    assert cli("refresh", "all").code == 0
    known = "SELECT DISTINCT tablename FROM pg_stats WHERE schemaname = 'public' AND attname = 'id'"
    assert {"cmc_price_bars_1d", "bars", "emas"} <= {row[0] for row in small.execute(known)}
