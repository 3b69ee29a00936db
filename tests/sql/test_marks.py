"""What changed is marked by who changed it, and read by whoever it concerns."""

from __future__ import annotations

from pathlib import Path

import pytest
from bars_helpers import Db, only, put, refresh, rows, take_away
from bars_oracle import Raw, end_of, raw_day

from ta_lab2_sql.schema.files import catalogue

DAYS = [raw_day(f"2024-01-{day:02d}", 10 + day % 3, 14, 8, 11 + day % 4, volume=day) for day in range(1, 29)]
VALUES = "rows_from, open_from, high_from, low_from, close_from, volume_from, market_cap_from, closing_from"


def changed(day: int, **values: float) -> Raw:
    """One of the days with other values."""
    given = {"open": 10 + day % 3, "high": 14, "low": 8, "close": 11 + day % 4, "volume": day, **values}
    return raw_day(f"2024-01-{day:02d}", *(given.pop(v) for v in ("open", "high", "low", "close")), **given)


def marks(db: Db) -> list[tuple[str, dict[str, int]]]:
    """Output, and the day of the month for each value that is marked."""
    found = rows(db, f"SELECT output, {VALUES} FROM marks WHERE id = 1 ORDER BY version, output")
    names = VALUES.split(", ")
    return [
        (output, {n: v.day for n, v in zip(names, stamps, strict=True) if v is not None})
        for output, *stamps in found
    ]


def waiting(db: Db) -> tuple[set[str], set[str]]:
    """The groups of bars, and of EMAs, that wait for a refresh."""
    return (
        {g for (g,) in rows(db, "SELECT bar_group FROM bars_waiting WHERE id = 1")},
        {g for (g,) in rows(db, "SELECT ema_group FROM emas_waiting WHERE id = 1")},
    )


@pytest.fixture
def built(db: Db) -> Db:
    """Twenty days of one asset with everything built."""
    db.execute("SET timezone TO 'UTC'")
    only(db, "2D", "1W_CAL_US")
    db.execute("DELETE FROM dim_period WHERE period > 10")
    put(db, DAYS[:20])
    db.execute("SELECT FROM refresh_emas(1)")
    return db


def test_new_days_need_no_mark(built: Db) -> None:
    put(built, [DAYS[20]])
    refresh(built)
    put(built, DAYS[21:24])
    refresh(built, "1d")
    assert marks(built) == []
    bars, emas = waiting(built)
    assert {"multi_tf", "cal_us"} <= bars
    assert {"multi_tf", "multi_tf_v2", "cal_us"} <= emas
    since = rows(
        built, "SELECT DISTINCT dirty_from FROM bars_waiting UNION SELECT dirty_from FROM emas_waiting"
    )
    assert sorted(since) == [(end_of("2024-01-21"),), (end_of("2024-01-22"),)]
    built.execute("SELECT FROM refresh_emas(1)")
    assert waiting(built) == (set(), set())


@pytest.mark.parametrize(
    ("values", "marked", "concerns_emas"),
    [
        ({"volume": 99}, ["volume_from"], False),
        ({"high": 15, "low": 7}, ["high_from", "low_from"], False),
        ({"close": 12.5}, ["close_from"], True),
        ({"open": 9, "close": 9}, ["open_from", "close_from"], True),
    ],
)
def test_a_change_is_marked_by_what_it_changed(
    built: Db, values: dict[str, float], marked: list[str], concerns_emas: bool
) -> None:
    shown = rows(built, "SELECT * FROM cmc_ema_multi_tf_u WHERE ts >= '2024-01-10' ORDER BY 1, 2, 3, 4, 5")
    put(built, [changed(10, **values)])
    refresh(built)
    assert marks(built) == [("1d", dict.fromkeys(marked, 10))]
    assert bool(waiting(built)[1]) is concerns_emas
    after = rows(built, "SELECT * FROM cmc_ema_multi_tf_u WHERE ts >= '2024-01-10' ORDER BY 1, 2, 3, 4, 5")
    assert after == ([] if concerns_emas else shown)
    built.execute("SELECT FROM refresh_emas(1)")
    assert waiting(built) == (set(), set())


def test_a_day_that_goes_and_one_that_comes_before_it(built: Db) -> None:
    """The newest day is replaced by one with an earlier stamp, in two steps, before bars look."""
    last = DAYS[19]
    take_away(built, [last])
    refresh(built, "1d")
    early = last.timestamp.replace(hour=20)
    put(built, [raw_day("2024-01-20", 10, 14, 8, 77, timestamp=early, timeclose=early)])
    refresh(built, "1d")
    built.execute("SELECT FROM refresh_emas(1)")
    (newest,) = rows(built, "SELECT time_close, close FROM bars WHERE id = 1 AND tf = '2D' AND bar_seq = 10")
    assert newest == (early, 77)
    stored = rows(built, "SELECT * FROM emas WHERE id = 1 ORDER BY tf, bar_seq")
    built.execute("SELECT FROM refresh_emas(1, p_full => true)")
    assert rows(built, "SELECT * FROM emas WHERE id = 1 ORDER BY tf, bar_seq") == stored


def test_marks_stay_until_all_have_read_them_and_no_longer(built: Db) -> None:
    """One reader falls behind for long; what is kept doesn't grow with what is changed."""
    for day in (5, 9, 7, 12, 15, 18):
        put(built, [changed(day, close=13.5)])
        built.execute("SELECT FROM refresh_emas(1, 'multi_tf')")
    found = rows(built, "SELECT ema_group, dirty_from FROM emas_waiting WHERE id = 1 ORDER BY 1")
    assert {since.day for _, since in found} == {5}
    assert {"multi_tf_v2", "cal_us"} <= {group for group, _ in found}
    # What they miss is one row, and the newest mark, which only multi_tf has read, another.
    assert len(marks(built)) <= 2
    built.execute("SELECT FROM refresh_emas(1)")
    put(built, [changed(3, close=13.5)])
    built.execute("SELECT FROM refresh_emas(1)")
    assert marks(built) == [("1d", {"close_from": 3})]
    take_away(built, DAYS[:20])
    built.execute("SELECT FROM refresh_emas(1)")
    assert marks(built) == []


def test_one_more_reader_is_a_row_of_its_state(built: Db) -> None:
    """What another reader hasn't read stays, without a word of it in days or bars."""
    built.execute("CREATE TABLE other_state (id int PRIMARY KEY, marks_read int NOT NULL)")
    (definition,) = built.execute("SELECT pg_get_viewdef('marks_held'::regclass)").fetchone() or ("",)
    built.execute(
        f"CREATE OR REPLACE VIEW marks_held AS {definition.rstrip(';')}"
        " UNION ALL SELECT o.id, o.marks_read FROM other_state AS o".encode()
    )
    built.execute("INSERT INTO other_state VALUES (1, 0)")
    for day in (9, 4, 14):
        put(built, [changed(day, high=20.5)])
        built.execute("SELECT FROM refresh_emas(1)")
    unread = (
        "SELECT min(m.changed_from) FROM other_state AS o"
        " INNER JOIN bar_marks AS m ON m.id = o.id AND m.version > o.marks_read"
    )
    assert rows(built, unread) == [(end_of("2024-01-04"),)]
    built.execute("UPDATE other_state SET marks_read = newest_mark(1)")
    put(built, [changed(16, high=20.5)])
    built.execute("SELECT FROM refresh_emas(1)")
    assert rows(built, unread) == [(end_of("2024-01-16"),)]


def test_days_and_bars_know_nothing_of_who_reads_them() -> None:
    folder = catalogue().folder / "functions"
    assert isinstance(folder, Path)
    knowing = [
        path.name
        for area in ("bars_1d", "bars")
        for path in sorted((folder / area).glob("*.sql"))
        if "emas" in path.read_text(encoding="utf-8")
    ]
    assert knowing == []
