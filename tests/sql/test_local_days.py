"""The day of a row: as its source names it, else the date of its stamp in the asset's zone."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from bars_helpers import Db, only, put, refresh, rows
from bars_oracle import at, raw_day

NIGHT, MIDNIGHT, MORNING = "23:59:59.999", "00:00", "05:00"


def put_day(db: Db, day: str, stamp: str, local_day: str | None, asset: int = 1) -> None:
    """One raw day with a stamp of its own, and the day that its source names."""
    put(
        db,
        [raw_day(day, 11, 12, 10, 11, timeopen=at(stamp), timeclose=at(stamp), timestamp=at(stamp))],
        asset,
    )
    db.execute(
        'UPDATE cmc_price_histories7 SET local_day = %s WHERE id = %s AND "timestamp" = %s',
        (local_day, asset, at(stamp)),
    )


def days(db: Db, asset: int = 1) -> list[Any]:
    return [
        str(day)
        for (day,) in rows(db, 'SELECT day FROM cmc_price_bars_1d WHERE id = %s ORDER BY "timestamp"', asset)
    ]


@pytest.mark.parametrize(
    ("stamp", "local_day", "zone", "day"),
    [
        (f"2024-01-02 {NIGHT}", None, "America/New_York", "2024-01-02"),
        (f"2024-01-02 {NIGHT}", None, "Asia/Tokyo", "2024-01-03"),
        (f"2024-01-02 {NIGHT}", "2024-01-02", "Asia/Tokyo", "2024-01-02"),
        (f"2024-01-02 {MIDNIGHT}", "2024-01-02", "America/New_York", "2024-01-02"),
        (f"2024-01-02 {MIDNIGHT}", None, "America/New_York", "2024-01-01"),
        (f"2024-01-02 {MORNING}", "2024-01-01", "Asia/Tokyo", "2024-01-01"),
    ],
)
def test_a_source_that_names_its_days_knows_better_than_the_zone(
    db: Db, stamp: str, local_day: str | None, zone: str, day: str
) -> None:
    put_day(db, "2024-01-02", stamp, local_day)
    refresh(db, tz=zone)
    assert days(db) == [day]
    assert rows(db, "SELECT local_day::text FROM cmc_price_bars_1d") == [(local_day,)]


@pytest.mark.parametrize("local_day", ["2024-01-04", "2023-12-31", "infinity", "-infinity"])
def test_a_day_that_is_none_of_any_zone_is_rejected(db: Db, local_day: str) -> None:
    put_day(db, "2024-01-02", f"2024-01-02 {MIDNIGHT}", local_day)
    done = refresh(db)
    assert done["1d"].rejected == 1
    assert rows(db, "SELECT reason, local_day::text FROM cmc_price_bars_1d_rejects") == [
        ("local_day_far_from_timestamp", local_day)
    ]
    # Any other reason comes first.
    db.execute("UPDATE cmc_price_histories7 SET open = NULL")
    refresh(db)
    assert rows(db, "SELECT reason FROM cmc_price_bars_1d_rejects") == [("null_open_close",)]


def test_days_that_run_against_their_stamps_are_refused_by_bars_alone(db: Db) -> None:
    put_day(db, "2024-01-02", f"2024-01-02 {NIGHT}", "2024-01-03")
    put_day(db, "2024-01-03", f"2024-01-03 {NIGHT}", "2024-01-02")
    with pytest.raises(psycopg.Error) as caught:
        refresh(db)
    assert caught.value.sqlstate == "TA010"
    message = str(caught.value.diag.message_primary)
    assert "2024-01-02 23:59:59.999" in message
    assert "2024-01-03 23:59:59.999" in message
    assert "local_day" in str(caught.value.diag.message_hint)
    # The days alone stand.
    assert refresh(db, "1d")["1d"].bars_written == 2
    assert days(db) == ["2024-01-03", "2024-01-02"]


def test_one_day_twice_is_refused_also_when_it_is_appended(db: Db) -> None:
    put_day(db, "2024-01-02", f"2024-01-02 {NIGHT}", "2024-01-02")
    refresh(db)
    put_day(db, "2024-01-03", f"2024-01-03 {MIDNIGHT}", "2024-01-02")
    with pytest.raises(psycopg.Error) as caught:
        refresh(db)
    assert caught.value.sqlstate == "TA010"
    assert "two days on 2024-01-02" in str(caught.value.diag.message_primary)


def test_another_local_day_is_a_change_of_the_row_and_moves_it_to_another_bar(db: Db) -> None:
    only(db, "1D", "2D", "1M_CAL_ANCHOR")
    put(db, [raw_day("2024-01-30", 1, 2, 0.5, 1), raw_day("2024-01-31", 1, 2, 0.5, 1)])
    db.execute("SELECT FROM refresh_emas(1)")
    assert rows(db, "SELECT tf, bar_seq, last_row FROM bars ORDER BY tf") == [
        ("1M_CAL_ANCHOR", 1, 2),
        ("2D", 1, 2),
    ]
    db.execute("UPDATE cmc_price_histories7 SET local_day = '2024-02-01' WHERE \"timestamp\" > '2024-01-31'")
    assert rows(db, "SELECT count(*) FROM raw_changes") == [(1,)]
    done = refresh(db)
    assert (done["1d"].action, done["1d"].bars_written) == ("revise", 1)
    assert done["cal_anchor_us"].action == "revise"
    assert rows(db, "SELECT tf, bar_seq, first_row, last_row FROM bars ORDER BY tf, bar_seq") == [
        ("1M_CAL_ANCHOR", 1, 1, 1),
        ("1M_CAL_ANCHOR", 2, 2, 2),
        ("2D", 1, 1, 2),
    ]
    db.execute("SELECT FROM refresh_emas(1)")
    assert rows(db, "SELECT bar_seq FROM emas WHERE tf = '1M_CAL_ANCHOR' ORDER BY 1") == [(1,), (2,)]
    # The look-back sees what no trigger noted.
    db.execute("ALTER TABLE cmc_price_histories7 DISABLE TRIGGER USER")
    db.execute("UPDATE cmc_price_histories7 SET local_day = NULL")
    assert refresh(db)["1d"].action == "revise"
    assert rows(db, "SELECT count(*) FROM bars WHERE tf = '1M_CAL_ANCHOR'") == [(1,)]


def test_the_zone_lives_in_assets_and_days_are_cut_anew_when_it_changes(db: Db) -> None:
    only(db, "1D", "2D", "1W_CAL_ISO")
    for day in range(1, 20):
        put_day(db, f"2024-01-{day:02}", f"2024-01-{day:02} {NIGHT}", "2024-01-10" if day == 10 else None)
    refresh(db)
    assert rows(db, "SELECT id, tz FROM assets") == [(1, None)]
    # Whoever writes it there is heard: the tenth now has two rows, the day before its own and its own.
    db.execute("UPDATE assets SET tz = 'Asia/Tokyo'")
    with pytest.raises(psycopg.Error, match="two days on 2024-01-10 in zone Asia/Tokyo"):
        refresh(db)
    db.execute("UPDATE cmc_price_histories7 SET local_day = NULL")
    plan = rows(db, "SELECT family, action, reason FROM refresh_plan() WHERE stage = 'bars'")
    assert ("multi_tf", "rebuild", "zone changed") in plan
    # Days that bars were built from wait for them: relations never mix two zones.
    assert refresh(db, "1d")["1d"].action == "revise"
    assert days(db)[0] == "2024-01-01"
    done = refresh(db, "cal_iso")
    assert {family for family, row in done.items() if row.action == "rebuild"} == {"multi_tf", "cal_iso"}
    assert done["1d"].bars_written == 0
    assert days(db) == [f"2024-01-{day:02}" for day in range(2, 21)]
    assert rows(db, "SELECT DISTINCT tz, first_day::text FROM bars_state") == [("Asia/Tokyo", "2024-01-02")]
    assert rows(db, "SELECT tz FROM cmc_price_bars_1d_state") == [("Asia/Tokyo",)]
    # A zone that a refresh is given is written there too.
    refresh(db, tz="utc")
    assert rows(db, "SELECT tz FROM assets") == [("UTC",)]


def test_an_asset_is_known_by_its_row_alone(db: Db) -> None:
    db.execute("INSERT INTO assets (id, symbol) VALUES (7, 'NEW')")
    assert {row.action for row in refresh(db, asset=7).values()} == {"noop"}
    assert {row[0] for row in rows(db, "SELECT action FROM refresh_emas(7)")} == {"noop"}
    assert rows(db, "SELECT * FROM refresh_plan('{7}')") == []
    assert rows(db, "SELECT * FROM asset_ids()") == [(7,)]
    assert rows(db, "SELECT * FROM cmc_price_bars_1d_state") == []
