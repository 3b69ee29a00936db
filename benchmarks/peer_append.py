"""One more day into the long tables.

The peer reads the days, takes its last EMAs back from its own tables, computes the new rows of all timeframes
at once and copies only those.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np

from benchmarks import emas, wire
from benchmarks.frames import EPOCH_DAYS, MILLISECOND, Days, Timeframe, unit_first_day
from benchmarks.peer_long import LongPeer, bars_relation
from benchmarks.snapshots import WORDS
from benchmarks.wire import Column

EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Tail:
    """The newest bar of a timeframe, seen from the asset's last day."""

    frame: Timeframe
    seq: int
    first: int
    closed: bool
    closed_before: int
    expected: int
    window_end: int
    window_start: int
    origin: int
    closes_late: bool


def tail(days: Days, frame: Timeframe) -> Tail | None:
    """None: no bar holds the last day."""
    last = days.n - 1
    if frame.kind == "D":
        number = last // frame.count
        first = number * frame.count
        closed = days.n % frame.count == 0
        return Tail(frame, number + 1, first, closed, number, int(days.day[first]), 0, 0, 0, False)
    units = days.units[frame.kind]
    u0 = int(units[0])
    if frame.anchored:
        origin = u0 - u0 % frame.count
    else:
        origin = u0 if _first_day(frame.kind, u0) == days.day[0] else u0 + 1
    if units[-1] < origin:
        return None
    number = int(units[-1] - origin) // frame.count
    first = int(np.searchsorted(units, origin + number * frame.count))
    start = _first_day(frame.kind, origin + number * frame.count)
    end = _first_day(frame.kind, origin + (number + 1) * frame.count) - 1
    skip = int(np.searchsorted(units, origin))
    before = (units[skip:first] - origin) // frame.count
    closed_before = int(np.count_nonzero(np.diff(before))) + 1 if len(before) else 0
    late = (
        first == last
        and len(before) > 0
        and int(days.day[last - 1])
        != _first_day(frame.kind, origin + (int(before[-1]) + 1) * frame.count) - 1
    )
    return Tail(
        frame,
        number + 1,
        first,
        int(days.day[last]) == end,
        closed_before,
        max(start, int(days.day[0])),
        end,
        start,
        _first_day(frame.kind, origin),
        late,
    )


def _first_day(kind: str, number: int) -> int:
    return int(unit_first_day(kind, np.array([number]))[0])


def append(peer: LongPeer, asset: int, families: tuple[str, ...], variants: tuple[str, ...]) -> int:
    """Rows of the asset's last day, in one transaction; a bar that closes late needs `revise`."""
    peer.spent = dict.fromkeys(("read", "compute", "copy", "index"), 0.0)
    rows = 0
    with peer.connection.transaction():
        started = time.perf_counter()
        days = Days(peer.connection, asset)
        peer.spent["read"] += time.perf_counter() - started
        tails = {frame.tf: found for frame in peer.frames if (found := tail(days, frame)) is not None}
        if any(found.closes_late for found in tails.values()):
            return peer.revise(asset, days.n - 2, families, variants)
        for family in families:
            chosen = [tails[f.tf] for f in peer.frames_of(family) if f.tf in tails and f.tf != "1D"]
            started = time.perf_counter()
            columns = _snapshots(days, chosen, family)
            peer.spent["compute"] += time.perf_counter() - started
            rows += _send(peer, bars_relation(family), columns, len(chosen))
        for variant in variants:
            chosen = [tails[f.tf] for f in peer.frames_of(emas.family(variant)) if f.tf in tails]
            columns, n = _emas(peer, days, chosen, variant)
            rows += _send(peer, emas.relation(variant), columns, n)
    return rows


def _send(peer: LongPeer, table: str, columns: list[Column], n: int) -> int:
    started = time.perf_counter()
    if n:
        wire.write(
            peer.connection, f"{peer.schema}.{table}", [c.name for c in columns], wire.encode(columns, n)
        )
    peer.spent["copy"] += time.perf_counter() - started
    return n


def _snapshots(days: Days, tails: list[Tail], family: str) -> list[Column]:
    last = days.n - 1
    first = np.array([t.first for t in tails])
    # The newest bar of every timeframe is an end of the series: one pass from behind serves all.
    high = days.high_rank[1][np.maximum.accumulate(days.high_rank[0][::-1])[::-1][first]]
    low = days.low_rank[1][np.maximum.accumulate(days.low_rank[0][::-1])[::-1][first]]
    known = np.where(np.isnan(days.market_cap), -1, np.arange(days.n)).max()
    volumes = np.array([_volume(days.volume[t.first :]) for t in tails])
    by_rows = np.array([t.frame.kind == "D" for t in tails])
    n_days = last - first + 1
    closed = np.array([t.closed for t in tails])
    day, first_day = int(days.day[last]), days.day[first]
    start = np.where(by_rows, 0, first_day - np.array([t.expected for t in tails]))
    counts = np.array([t.frame.count for t in tails])
    window_end = np.array([t.window_end for t in tails])
    remaining = np.where(by_rows, counts - n_days, window_end - day)
    interior = day - first_day + 1 - n_days
    missing = start + interior
    gaps = np.flatnonzero(np.diff(days.day) > 1) + 1
    first_gap, last_gap = np.zeros(len(tails), np.int64), np.zeros(len(tails), np.int64)
    for i in np.flatnonzero(interior > 0):
        inside = gaps[gaps > first[i]]
        first_gap[i], last_gap[i] = days.day[inside[0] - 1] + 1, days.day[inside[-1]] - 1
    none = missing == 0
    first_missing = np.where(start > 0, first_day - start, first_gap)
    last_missing = np.where(interior > 0, last_gap, first_day - 1)
    stamp = int(days.ts[last])
    window_start = np.array([t.window_start for t in tails])
    anchored = np.array([t.frame.anchored for t in tails])
    offset = [Column("bar_anchor_offset", "i4", window_start - np.array([t.origin for t in tails]))]
    full = np.zeros(len(tails), dtype=np.int64)
    return [
        Column("id", "i4", days.id),
        Column("tf", "text", np.arange(len(tails)), choices=tuple(t.frame.tf for t in tails)),
        Column("tf_days", "i4", np.array([t.frame.days for t in tails])),
        Column("bar_seq", "i4", np.array([t.seq for t in tails])),
        *(offset if "anchor" in family else []),
        Column("time_open", "ts", days.ts_before[first] + MILLISECOND),
        Column("time_close", "ts", stamp),
        Column("time_high", "ts", days.time_high[high]),
        Column("time_low", "ts", days.time_low[low]),
        Column("open", "f8", days.open[first]),
        Column("high", "f8", days.high[high]),
        Column("low", "f8", days.low[low]),
        Column("close", "f8", days.close[last]),
        Column("volume", "f8", volumes, np.isnan(volumes)),
        Column("market_cap", "f8", days.market_cap[known] if known >= 0 else 0.0, known < first),
        Column("timestamp", "ts", stamp),
        Column("last_ts_half_open", "ts", stamp + MILLISECOND),
        Column("pos_in_bar", "i4", n_days),
        Column("is_partial_start", "bool", anchored & (np.array([t.expected for t in tails]) > window_start)),
        Column("is_partial_end", "bool", ~closed),
        Column("count_days", "i4", n_days),
        Column("count_days_remaining", "i4", np.where(closed, 0, remaining)),
        Column("is_missing_days", "bool", ~none),
        Column("count_missing_days", "i4", missing),
        Column("count_missing_days_start", "i4", start),
        Column("count_missing_days_end", "i4", full),
        Column("count_missing_days_interior", "i4", interior),
        Column("missing_days_where", "text", (start > 0) + 2 * (interior > 0), none, choices=WORDS),
        Column("first_missing_day", "date", first_missing - EPOCH_DAYS, none),
        Column("last_missing_day", "date", last_missing - EPOCH_DAYS, none),
    ]


def _volume(values: Any) -> float:
    known = values[~np.isnan(values)]
    return float(np.cumsum(known)[-1]) if len(known) else float("nan")


def _emas(peer: LongPeer, days: Days, tails: list[Tail], variant: str) -> tuple[list[Column], int]:
    last = days.n - 1
    both = variant.startswith("cal")
    periods = np.array(peer.periods)
    shape = (len(tails), len(periods))
    closed_before = np.array([t.closed_before for t in tails])
    closed = np.array([t.closed for t in tails])
    wanted = [i for i, t in enumerate(tails) if t.closed_before >= periods[0]]
    started = time.perf_counter()
    yesterday = _stored(peer, days, tails, variant, wanted, [last - 1] * len(wanted), both, shape)
    canonical = _stored(peer, days, tails, variant, wanted, [tails[i].first - 1 for i in wanted], both, shape)
    peer.spent["read"] += time.perf_counter() - started
    started = time.perf_counter()
    x = float(days.close[last])
    steps = [emas.alphas(variant, t.frame, peer.periods) for t in tails]
    at_bar, at_day = np.array([s[0] for s in steps]), np.array([s[1] for s in steps])
    live = periods[None, :] <= (closed_before + closed)[:, None]
    seeds = _seeds(peer, days, tails, variant, shape)
    if variant == "multi_tf":
        ema = at_bar * x + (1.0 - at_bar) * canonical["ema"]
    else:
        ema = at_day * x + (1.0 - at_day) * yesterday["ema"]
    ema = np.where(np.isnan(seeds), ema, seeds)
    groups = [(ema, "", "")]
    if both:
        bar = np.where(
            closed[:, None],
            at_bar * x + (1.0 - at_bar) * canonical["ema_bar"],
            at_day * x + (1.0 - at_day) * yesterday["ema_bar"],
        )
        groups.append((np.where(np.isnan(seeds), bar, seeds), "_bar", "_bar"))
    row, line = np.nonzero(live)
    result = [
        Column("id", "i4", days.id),
        Column("tf", "text", row, choices=tuple(t.frame.tf for t in tails)),
        Column("ts", "ts", int(days.ts[last])),
        Column("period", "i4", periods[line]),
        Column("tf_days", "i4", np.array([t.frame.days for t in tails])[row]),
        Column("roll", "bool", ~closed[row]),
    ]
    for value, suffix, stored in groups:
        d1 = np.where(closed[:, None], value - canonical[f"ema{stored}"], np.nan)
        d2 = d1 - canonical[f"d1{stored}"]
        d1_roll = value - yesterday[f"ema{stored}"]
        d2_roll = d1_roll - yesterday[f"d1_roll{stored}"]
        result.append(Column(f"ema{suffix}", "f8", value[live]))
        if suffix:
            result.append(Column("roll_bar", "bool", ~closed[row]))
        for name, table in (("d1", d1), ("d2", d2), ("d1_roll", d1_roll), ("d2_roll", d2_roll)):
            chosen = table[live]
            result.append(Column(f"{name}{suffix}", "f8", chosen, np.isnan(chosen)))
    peer.spent["compute"] += time.perf_counter() - started
    return result, len(row)


def _stored(
    peer: LongPeer,
    days: Days,
    tails: list[Tail],
    variant: str,
    wanted: list[int],
    rows: list[int],
    both: bool,
    shape: tuple[int, int],
) -> dict[str, Any]:
    """Values of one row of each timeframe, all periods, from the peer's own table by its key."""
    names = ["ema", "d1", "d1_roll", *(["ema_bar", "d1_bar", "d1_roll_bar"] if both else [])]
    tables = {name: np.full(shape, np.nan) for name in names}
    if wanted:
        found = peer.connection.execute(
            f"SELECT k.no::int, l.period, {', '.join(f'l.{name}' for name in names)} "
            "FROM unnest(%s::text[], %s::timestamptz[]) WITH ORDINALITY AS k (tf, ts, no) CROSS JOIN "
            "LATERAL ("
            f"SELECT * FROM {peer.schema}.{emas.relation(variant)} AS s "
            "WHERE s.id = %s AND s.tf = k.tf AND s.period = ANY(%s) AND s.ts = k.ts OFFSET 0) AS l",
            (
                [tails[i].frame.tf for i in wanted],
                [EPOCH + timedelta(microseconds=int(days.ts[row])) for row in rows],
                days.id,
                peer.periods,
            ),
            binary=True,
        ).fetchall()
        if found:
            table = np.array(found, dtype=np.float64)
            at = np.array(wanted)[table[:, 0].astype(int) - 1]
            line = np.searchsorted(peer.periods, table[:, 1].astype(int))
            for number, name in enumerate(names):
                tables[name][at, line] = table[:, 2 + number]
    return tables


def _seeds(peer: LongPeer, days: Days, tails: list[Tail], variant: str, shape: tuple[int, int]) -> Any:
    """Values of periods that start on this day; NaN elsewhere."""
    seeds = np.full(shape, np.nan)
    for i, t in enumerate(tails):
        p = t.closed_before + 1
        if not t.closed or p not in peer.periods:
            continue
        series = emas.compute(days, t.frame, variant, [p])
        if series is not None:
            seeds[i, peer.periods.index(p)] = series.ema[0, -1]
    return seeds
