"""Law: what stands after any history of changes is what a build from nothing gives, bit for bit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from bars_helpers import (
    FAMILIES,
    Db,
    copy_raw,
    differences,
    everything,
    expected,
    only,
    put,
    refresh,
    rows,
    shown,
)
from bars_oracle import NEW_YORK, Raw, at, raw_day
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

TIMEFRAMES = (
    *("2D", "5D", "30D", "1W_CAL_US", "3W_CAL_US", "2W_CAL_ISO", "1M_CAL", "2M_CAL", "1Y_CAL"),
    *("2W_CAL_ANCHOR_US", "1W_CAL_ANCHOR_ISO", "1M_CAL_ANCHOR", "3M_CAL_ANCHOR", "1Y_CAL_ANCHOR"),
)
START = date(2019, 11, 25)
ASSET_TABLES = (
    "cmc_price_histories7, raw_changes, cmc_price_bars_1d, cmc_price_bars_1d_rejects, "
    "cmc_price_bars_1d_state, day_blocks, bars, bar_blocks, bars_state, bars_pending"
)

quarters = st.integers(1, 12).map(lambda i: i / 4)
price = st.one_of(quarters, quarters, quarters, st.sampled_from([0.0, -0.0]))
unknown = st.one_of(
    st.none(), st.integers(0, 9).map(lambda i: i / 10), st.integers(0, 9).map(lambda i: i / 10)
)


# A day as the strategies make it: what is wrong with it, four prices, volume, market cap.
shape = st.tuples(st.integers(0, 11), price, price, price, price, unknown, unknown)


def raw(day: date, given: tuple[Any, ...]) -> Raw:
    """A day, now and then a bad one, with prices that tie often."""
    kind, o, h, low, c, volume, cap = given
    made = raw_day(day, o, max(o, c, h), min(o, c, low), c, volume, cap)
    if kind == 0:
        return replace(made, close=None)
    if kind == 1:
        return replace(made, timehigh=None, timelow=None)
    if kind == 2:
        return replace(made, timestamp=at(f"{day} 21:00"), timeclose=at(f"{day} 21:00"))
    if kind == 3:
        # A day that overlaps the ones before it.
        early = made.timestamp - timedelta(days=3)
        return replace(made, timeopen=early, timehigh=early, timelow=early + timedelta(hours=1))
    return made


anywhere = st.integers(0, 75)
chunk = st.tuples(
    st.just("chunk"), st.integers(1, 12), st.integers(0, 9), st.lists(shape, min_size=1, max_size=4)
)
step = st.one_of(
    chunk,
    chunk,
    st.tuples(st.just("put"), st.lists(st.tuples(anywhere, shape), min_size=1, max_size=3)),
    st.tuples(st.just("delete"), st.lists(anywhere, min_size=1, max_size=4)),
    st.tuples(st.just("behind"), st.integers(-2, 3), shape),
    st.tuples(st.just("empty")),
)
call = st.one_of(
    st.just({}),
    st.just({}),
    st.fixed_dictionaries({"family": st.sampled_from(["1d", *FAMILIES])}),
    st.fixed_dictionaries(
        {"tfs": st.lists(st.sampled_from(TIMEFRAMES), min_size=1, max_size=4, unique=True)}
    ),
    st.fixed_dictionaries({"family": st.sampled_from(["1d", "all"]), "time_max": anywhere}),
    st.fixed_dictionaries({"family": st.sampled_from(["1d", "all"]), "time_min": anywhere}),
    st.fixed_dictionaries({"tz": st.sampled_from([NEW_YORK, "UTC", "Asia/Tokyo"])}),
    st.fixed_dictionaries({"family": st.sampled_from(FAMILIES), "upstream": st.just(False)}),
    st.fixed_dictionaries({"family": st.sampled_from([*FAMILIES, "1d"]), "full": st.just(True)}),
)


def change(db: Db, what: tuple[Any, ...], present: dict[date, Raw]) -> dict[date, Raw]:
    """One change of the raw days, in the database and in the model; the model keeps one row a day."""
    kind, *values = what
    newest = max(present, default=START - timedelta(1))
    replacing: list[Raw] = []
    gone: list[date] = []
    if kind == "chunk":
        count, skip, patterns = values
        for i in range(count):
            day = newest + timedelta(1 + i + (skip * 5 if skip > 4 and i > 2 else 0))
            replacing.append(raw(day, patterns[i % len(patterns)]))
    elif kind == "put":
        replacing = [raw(START + timedelta(offset), given) for offset, given in values[0]]
    elif kind == "behind":
        replacing = [raw(newest + timedelta(values[0]), values[1])]
    elif kind == "delete":
        gone = [d for o in values[0] if (d := START + timedelta(o)) in present]
    else:
        gone = list(present)
    gone += [d for r in replacing if (d := day_of(r)) in present and present[d].timestamp != r.timestamp]
    if kind == "behind":
        db.execute("SET session_replication_role = 'replica'")
    db.execute(
        'DELETE FROM cmc_price_histories7 WHERE id = 1 AND "timestamp" = ANY(%s)',
        ([present[d].timestamp for d in gone],),
    )
    put(db, replacing)
    db.execute("SET session_replication_role = 'origin'")
    left = {d: r for d, r in present.items() if d not in gone}
    return {**left, **{day_of(r): r for r in replacing}}


def day_of(raw: Raw) -> date:
    return raw.timestamp.date()


def run(db: Db, options: dict[str, Any]) -> None:
    for name in ("time_min", "time_max"):
        if name in options:
            options = {**options, name: at(str(START + timedelta(options[name])))}
    refresh(db, options.get("family", "all"), **{k: v for k, v in options.items() if k != "family"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=40)
@given(st.lists(st.tuples(step, call), min_size=1, max_size=7))
# Zeros of both signs: the earlier day's is kept, whichever was reached first.
@example(
    [
        (("put", [(0, (0, 0.25, 0.25, 0.25, -0.0, None, None))]), {}),
        (
            (
                "chunk",
                9,
                0,
                [(1, 0.25, 0.25, 0.25, 0.0, None, None), (3, 0.25, 0.25, 0.25, -0.0, None, None)],
            ),
            {},
        ),
    ]
)
def test_incremental_is_full(db: Db, history: list[Any]) -> None:
    only(db, *TIMEFRAMES)
    db.execute(f"TRUNCATE {ASSET_TABLES}".encode())
    present: dict[date, Raw] = {}
    for what, options in history:
        if what[0] == "behind" and options:
            options = {}
        present = change(db, what, present)
        if present or rows(db, "SELECT FROM cmc_price_bars_1d_state"):
            run(db, options)
    if not present:
        if rows(db, "SELECT FROM bars_state"):
            refresh(db)
        assert rows(db, "SELECT count(*) FROM bars") == [(0,)]
        assert rows(db, "SELECT count(*) FROM bars_state") == [(0,)]
        assert rows(db, "SELECT count(*) FROM cmc_price_bars_1d") == [(0,)]
        return
    refresh(db)
    assert {r.action for r in refresh(db).values()} == {"noop"}
    zone = (rows(db, "SELECT DISTINCT tz FROM bars_state WHERE id = 1") or [(NEW_YORK,)])[0][0]

    raw_days = list(present.values())
    for family in FAMILIES:
        assert differences(shown(db, family), expected(db, raw_days, family, zone)) == [], family
    copy_raw(db, 1, 2)
    refresh(db, "all", 2, tz=zone)
    found, wanted = everything(db, 1), everything(db, 2)
    for name, content in wanted.items():
        assert found[name] == content, name

    done = refresh(db, full=True)
    assert {(r.bars_written, r.bars_deleted) for r in done.values()} == {(0, 0)}
    assert everything(db, 1) == wanted
