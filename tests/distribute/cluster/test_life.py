"""The life of assets, on a cluster and on one plain server: every relation says the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import psycopg
from distribute.cluster.both import ASSETS, Both, Cli, days, relations
from sql.series import load

from ta_lab2_sql.schema import distribute

UUID = re.compile(rb"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


def test_days_come_one_by_one(both: Both) -> None:
    """A week, so that bars of all kinds close; one asset rests."""
    for day in range(3):
        for asset in (1, 2, 4):
            both.load(asset, days(50 + asset + 3 * day, 3))
        both.refresh({1, 2, 4})
    both.refresh(set())


def test_a_revision_and_days_that_go(both: Both) -> None:
    both.do(
        "UPDATE cmc_price_histories7 SET close = close * 1.01, high = high * 1.02 "
        "WHERE id = 3 AND \"timestamp\" = '2020-01-20 23:59:59.999+00'"
    )
    both.note(3, "2020-01-20")
    both.refresh({3})
    both.do("DELETE FROM cmc_price_histories7 WHERE id = 2 AND \"timestamp\" > '2020-02-05'")
    both.note(2, "2020-02-05")
    both.refresh({2})
    both.do("DELETE FROM cmc_price_histories7 WHERE id = 1")
    both.note(1, "2020-01-01")
    both.refresh({1})
    assert both.cluster.execute("SELECT count(*) FROM emas WHERE id = 1").fetchone() == (0,)


def test_the_catalogue_grows(both: Both) -> None:
    both.do("INSERT INTO dim_timeframe (tf) VALUES ('3D'), ('1M_CAL_ANCHOR')")
    both.refresh(set(ASSETS))
    both.do("INSERT INTO dim_period (period) VALUES (12)")
    both.refresh(set(ASSETS))
    both.do("DELETE FROM dim_timeframe WHERE tf = '3D'")
    both.refresh(set(ASSETS))


def test_a_calendar_is_taken_up_and_edited(both: Both) -> None:
    """Bars of one asset count sessions from then on; a day that is closed changes them once more."""
    both.say("calendars", "add", "FX", "--week", "1111100", "--tz", "UTC")
    both.say("assets", "set", "3", "--calendar", "FX")
    both.refresh({3})
    both.same(" WHERE id = 3")
    both.say("calendars", "close", "FX", "2020-01-20", "--note", "mourning")
    both.refresh({3})
    both.refresh(set())


def test_files_and_sources(both: Both, tmp_path: Path) -> None:
    lines = [f"{day},{p},{p + 1},{p - 1},{p},5" for day, p in days(10, 60)]
    prices = tmp_path / "prices.csv"
    prices.write_text("date,open,high,low,close,volume\n" + "\n".join(lines) + "\n")
    both.say("load", prices, "--id", "9")
    both.refresh({9})
    lines[30] = lines[30].replace(",5", ",6")
    prices.write_text("date,open,high,low,close,volume\n" + "\n".join(lines) + "\n")
    both.say("load", prices, "--id", "9")
    both.refresh({9})
    both.say("load", prices, "--id", "9")
    both.refresh(set())


def test_questions(both: Both, tmp_path: Path) -> None:
    """Functions and commands answer the same."""
    both.same(" WHERE id = 3")
    both.load(4, days(54, 1))
    both.note(4, "2020-02-24 23:59:59.999+00")
    for question in (
        "bar_snapshots(3, '7D')",
        "bar_snapshots(3, '1D', '2020-02-01', '2020-02-05')",
        "bar_snapshots(ARRAY[1, 3, 4], '7D')",
        "bar_snapshots(ARRAY[1, 3, 4], '1M_CAL', '2020-02-01', '2020-02-05')",
        "bar_snapshots(ARRAY[1, 3, 4], '1D')",
        "ema_series('multi_tf', 3, '7D', 6)",
        "ema_series('cal_us', ARRAY[1, 3], '1W_CAL_US', 6)",
        "ema_matrix('multi_tf_v2', 3, '2D')",
        "ema_matrix('cal_anchor_us', ARRAY[1, 3], '1W_CAL_ANCHOR_US')",
        "bars_summary()",
        "bars_summary(ARRAY[1])",
        "emas_summary(ARRAY[1, 2])",
        "refresh_plan()",
        "refresh_plan(ARRAY[4])",
        "settled_assets(NULL, NULL, NULL, NULL, 3, true)",
        "settled_assets(ARRAY[1, 4], '{cal_us}', '{}', NULL, 0, false)",
        "asset_ids()",
    ):
        answers = [
            sorted(map(repr, c.execute(f"SELECT * FROM {question}".encode())))
            for c in (both.cluster, both.plain)
        ]
        assert answers[0] == answers[1], question
        assert answers[0], question
    ours, theirs = map(json.loads, both.say("--json", "status"))
    assert ours["layout"].startswith("Citus, ")
    assert (ours["waiting"], ours["fresh"]) == (theirs["waiting"], theirs["fresh"]) == ([4], False)
    assert [row["id"] for row in ours["assets"]] == list(ASSETS)
    both.refresh({4})
    for command in (
        ["plan", "all"],
        ["assets"],
        ["timeframes"],
        ["audit"],
        ["migrate", "--check"],
        ["doctor"],
    ):
        both.say(*command)
    files = []
    for url in both.urls:
        files.append(
            [tmp_path / f"{len(files)}{name}" for name in ("snapshots.csv", "emas.csv", "chart.html")]
        )
        snapshots, emas, chart = files[-1]
        for command in (
            ["export", "cmc_price_bars_multi_tf", "--tf", "7D", "-o", snapshots],
            ["export", "cmc_ema_multi_tf_u", "--ids", "1,3", "-o", emas],
            ["plot", "3", "7D", "--ema", "6", "-o", chart],
            ["plot", "3", "1D", "-o", chart],
        ):
            done = both.cli(*command, url=url)
            assert done.code == 0, (url, command, done.err)
    for ours_too, theirs_too in zip(*files, strict=True):
        # A chart names its frame by chance.
        told_too = [UUID.sub(b"", path.read_bytes()) for path in (ours_too, theirs_too)]
        assert told_too[0] == told_too[1], ours_too.name


def test_audits_find_the_same(both: Both) -> None:
    both.do("UPDATE bars SET close = close + 1 WHERE id = 2 AND tf = '7D' AND bar_seq = 3")
    both.do(
        "UPDATE emas SET day_space = trim_array(day_space, 1) WHERE id = 1 AND tf = '2D' AND bar_seq = 20"
    )
    both.do("DELETE FROM bars_state WHERE id = 4")
    question = b"SELECT * FROM audit_all() WHERE \"check\" <> 'raw_triggers_off'"
    ours, theirs = (sorted(map(repr, c.execute(question))) for c in (both.cluster, both.plain))
    assert ours == theirs
    assert ours
    both.say("audit", code=1)


# A digest of all rows of a relation, and what keys, checks and indexes there are.
DIGEST = "SELECT count(*), md5(coalesce(string_agg(md5(r::text), '' ORDER BY md5(r::text)), '')) FROM"
KEYS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = current_schema()::regnamespace
UNION ALL
SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()
ORDER BY 1, 2, 3
"""


def digests(db: psycopg.Connection[Any]) -> dict[str, Any]:
    """What is stored, and what every view makes of it."""
    return {
        name: db.execute(f"{DIGEST} (SELECT {columns} FROM {name}) AS r".encode()).fetchone()
        for name, columns in relations(db).items()
    }


def test_there_and_back(undistributed_url: str, cli: Cli) -> None:
    """As the guide says it."""
    url = undistributed_url
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("DELETE FROM dim_timeframe WHERE tf NOT IN ('1D', '7D', '1M_CAL')")
        db.execute("DELETE FROM dim_period WHERE period NOT IN (6, 9)")
        for asset in ASSETS:
            load(db, asset, days(0, 40))
        assert cli("refresh", "all", url=url).code == 0
        before, keys = digests(db), db.execute(KEYS).fetchall()
        assert min(before[name][0] for name in ("bars", "emas", "cmc_ema_multi_tf_u")) > 20
        done = cli("distribute", "--apply", "--partitions", "4", url=url)
        assert done.code == 0, done.err
        assert distribute.layout(db).kind == "citus"
        assert digests(db) == before
        done = cli("distribute", "--apply", "--partitions", "0", url=url)
        assert done.code == 0, done.err
        assert distribute.layout(db).kind == "plain"
        assert digests(db) == before
        assert db.execute(KEYS).fetchall() == keys
        # Triggers note changes again.
        db.execute("UPDATE cmc_price_histories7 SET close = close - 0.001, low = low - 1 WHERE id = 2")
        assert db.execute("SELECT DISTINCT id FROM raw_changes").fetchall() == [(2,)]
        told = json.loads(cli("--json", "refresh", "all", url=url).out)
        assert (told["refreshed"], told["failed"]) == (1, 0)
        assert cli("audit", url=url).code == 0
        assert json.loads(cli("--json", "distribute", "--plan", "--partitions", "0", url=url).out) is not None
