"""The law as a machine: changes and refreshes in any order, then everything against a build from nothing.

The build from nothing is a second id in the same database that gets a copy of the raw days. Both are compared
in the binary form in which the server sends rows, so that one wrong bit shows.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from psycopg.rows import namedtuple_row

Db = psycopg.Connection[Any]

ASSETS = (1, 2)
ORACLE = 5
START = date(2019, 12, 2)
FAMILIES = ("multi_tf", "cal_us", "cal_iso", "cal_anchor_us", "cal_anchor_iso")
VARIANTS = ("multi_tf", "multi_tf_v2", *FAMILIES[1:])
ZONES = ("America/New_York", "UTC", "Asia/Tokyo", "Europe/London", "Asia/Kolkata", "Pacific/Auckland")
PERIODS = (1, 2, 3, 5)
TIMEFRAMES = (
    *("1D", "2D", "5D", "30D", "70D", "1W_CAL_US", "2W_CAL_ISO", "1M_CAL", "3M_CAL"),
    *("2W_CAL_ANCHOR_US", "1W_CAL_ANCHOR_ISO", "1M_CAL_ANCHOR", "1Y_CAL_ANCHOR"),
)
MORE_TIMEFRAMES = ("3D", "64D", "3W_CAL_US", "1W_CAL_ISO", "2M_CAL", "1W_CAL_ANCHOR_US", "3M_CAL_ANCHOR")
MORE_PERIODS = (4, 9, 21)
WEEKS = ("1111100", "1111101", "1111001", "0111110", "0000011", "1111111")

RAW = (
    'id, name, timeopen, timeclose, timehigh, timelow, "timestamp", open, high, low, close, volume,'
    " marketcap, source_file, load_ts, local_day"
)
STORED = (
    *("cmc_price_histories7", "raw_changes", "marks", "cmc_price_bars_1d", "cmc_price_bars_1d_rejects"),
    *(
        "cmc_price_bars_1d_state",
        "day_blocks",
        "bars",
        "bar_blocks",
        "bars_state",
        "bars_pending",
        "emas",
        "emas_at_blocks",
        "emas_state",
    ),
    "emas_pending",
)
BARS = tuple("cmc_price_bars_multi_tf" + ("" if f == "multi_tf" else "_" + f) for f in FAMILIES)
EMAS = tuple(
    "cmc_ema_multi_tf" + ("" if v == "multi_tf" else v.removeprefix("multi_tf") if "v2" in v else "_" + v)
    for v in VARIANTS
)
# What is compared, and the columns that tell when something was written rather than what.
RELATIONS = {
    **dict.fromkeys(
        (
            *("cmc_price_bars_1d", "cmc_price_bars_1d_rejects", "bars", "bars_state", "bars_pending", "emas"),
            *("emas_at_blocks", "emas_state", "emas_pending", "bars_latest", "emas_latest"),
            *("day_blocks", "bar_blocks"),
            *(*BARS, *EMAS, *(f"{r}_state" for r in BARS + EMAS)),
        ),
        # An edit of days outside an asset's windows is a new version that it needn't take up; marks count
        # what was done.
        ("id", "ingested_at", "updated_at", "rejected_at", "src_load_ts", "calendar_version", "marks_read"),
    ),
    "cmc_price_bars_1d_state": (
        *("id", "last_run_ts", "last_upserted", "last_repaired_timehigh", "last_repaired_timelow"),
        "last_rejected",
    ),
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One statement that names the relations in which two assets differ."""

    statement: bytes

    @classmethod
    def of(cls, db: Db, only: Container[str] = RELATIONS) -> Comparison:
        """Made from the columns that the relations have, or some of them."""
        parts = []
        for relation, without in ((r, w) for r, w in RELATIONS.items() if r in only):
            columns = [
                name
                for (name,) in db.execute(
                    """SELECT attname FROM pg_attribute
                       WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum""",
                    (relation,),
                )
                if name not in without
            ]
            row = ", ".join(f'r."{name}"' for name in columns)
            rows = (
                f"SELECT array_agg(s.x ORDER BY s.x) FROM (SELECT record_send(ROW({row})) AS x"
                f" FROM {relation} AS r WHERE r.id = "
            )
            parts.append(
                f"SELECT '{relation}' WHERE ({rows}%(one)s OFFSET 0) AS s)"
                f" IS DISTINCT FROM ({rows}%(other)s OFFSET 0) AS s)"
            )
        return cls("\nUNION ALL ".join(parts).encode())

    def differing(self, db: Db, one: int, other: int) -> list[str]:
        """The relations in which the two assets differ."""
        with db.transaction():
            # Planning the views takes longer than reading two short histories: plan once.
            db.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            found = db.execute(self.statement, {"one": one, "other": other}, prepare=True)
            return [r for (r,) in found.fetchall()]


def stamp(day: date, kind: int = 0) -> datetime:
    """The end of a UTC day, or the close of an exchange in its afternoon."""
    return datetime.combine(day, time(21) if kind == 1 else time(23, 59, 59, 999000), timezone.utc)


def price(dice: random.Random) -> float:
    """Prices that tie, that have many digits, that are 0 or -0."""
    kind = dice.random()
    if kind < 0.5:
        return dice.randint(1, 12) / 4
    if kind < 0.96:
        return dice.uniform(1, 50)
    return dice.choice((0.0, -0.0, 1e-9, 1e12))


def raw_row(asset: int, day: date, dice: random.Random, trouble: float, named: bool) -> tuple[Any, ...]:
    """A raw day, named by its source or not; now and then one that is repaired or rejected."""
    end = stamp(day, int(dice.random() < 0.05))
    begin = end - timedelta(days=1) + timedelta(milliseconds=1)
    values = [price(dice) for _ in range(4)]
    first, last = values[0], values[1]
    high, low = max(values), min(values)
    times = [begin + timedelta(hours=dice.randint(0, 23)) for _ in range(2)]
    volume: float | None = dice.choice((None, 0.1, 0.2, 1e6, dice.uniform(0, 1e9)))
    cap: float | None = dice.choice((None, dice.uniform(0, 1e12)))
    row: list[Any] = [
        *(asset, f"asset {asset}", begin, end, *times, end, first, high, low, last, volume, cap),
        "law.csv",
        datetime(2024, 1, 1, tzinfo=timezone.utc),
        day if named else None,
    ]
    if dice.random() < trouble:
        position, value = dice.choice(
            (
                (7, None),
                (10, float("nan")),
                (10, float("inf")),
                (2, None),
                (4, None),
                (4, begin - timedelta(days=3)),
                (5, end + timedelta(days=3)),
                (8, -5.0),
                (9, None),
                (8, None),
            )
        )
        row[position] = value
    return tuple(row)


class World:
    """Two assets of a database, base + 1 and base + 2, and what is done to them."""

    def __init__(self, db: Db, comparison: Comparison, base: int, whole_catalogue: bool = False) -> None:
        self.db, self.comparison, self.base = db, comparison, base
        self.no_rejects: set[int] = set()
        self.loaded_again: set[int] = set()
        # Assets whose source names its days, as files without times do.
        self.named: set[int] = set()
        # Statistics that know the second id, so that few comparisons of long histories are quick.
        self.analyze = False
        if whole_catalogue:
            return
        db.execute("DELETE FROM dim_timeframe WHERE tf <> ALL(%s)", (list(TIMEFRAMES),))
        db.execute("DELETE FROM dim_period WHERE period <> ALL(%s)", (list(PERIODS),))
        db.execute("UPDATE dim_timeframe SET is_canonical = true WHERE NOT is_canonical")
        db.execute(
            "INSERT INTO dim_timeframe (tf) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING",
            (list(TIMEFRAMES),),
        )
        db.execute(
            "INSERT INTO dim_period (period) SELECT unnest(%s::int[]) ON CONFLICT DO NOTHING",
            (list(PERIODS),),
        )

    # -- looking ------------------------------------------------------------------------------------------

    def column(self, query: str, *values: object) -> list[Any]:
        """The first column of a query."""
        return [row[0] for row in self.db.execute(query.encode(), values or None).fetchall()]

    def stamps(self, asset: int) -> list[datetime]:
        """The raw days of an asset."""
        return self.column('SELECT "timestamp" FROM cmc_price_histories7 WHERE id = %s ORDER BY 1', asset)

    def timeframes(self) -> list[str]:
        """The catalogue without 1D."""
        return self.column("SELECT tf FROM dim_timeframe WHERE tf <> '1D' ORDER BY tf")

    # -- changing raw days ----------------------------------------------------------------------------------

    def put(self, rows: list[tuple[Any, ...]], how: str) -> None:
        """Bring raw days in by COPY, by INSERT, or by one statement for each; a day has one row."""
        with self.db.transaction():
            self.db.execute(
                """DELETE FROM cmc_price_histories7 AS h
                   USING unnest(%s::int[], %s::timestamptz[]) AS n (id, ts)
                   WHERE h.id = n.id AND (%s OR h."timestamp" <> n.ts)
                   AND (h."timestamp" AT TIME ZONE 'UTC')::date = (n.ts AT TIME ZONE 'UTC')::date""",
                ([r[0] for r in rows], [r[6] for r in rows], how == "copy"),
            )
            if how == "copy":
                with (
                    self.db.cursor() as cursor,
                    cursor.copy(
                        f"COPY cmc_price_histories7 ({RAW}) FROM STDIN (FORMAT binary)".encode()
                    ) as copy,
                ):
                    copy.set_types(
                        ["int4", "text", *["timestamptz"] * 5, *["float8"] * 6, "text", "timestamptz", "date"]
                    )
                    for row in rows:
                        copy.write_row(row)
                return
            columns = (
                "open",
                "high",
                "low",
                "close",
                "volume",
                "marketcap",
                "timehigh",
                "timelow",
                "timeopen",
                "local_day",
            )
            upsert = ", ".join(f"{c} = excluded.{c}" for c in columns)
            self.db.cursor().executemany(
                f"""INSERT INTO cmc_price_histories7 ({RAW}) VALUES ({", ".join(["%s"] * 16)})
                    ON CONFLICT (id, "timestamp") DO UPDATE SET {upsert}""".encode(),
                rows,
            )

    def append(self, asset: int, count: int, gap: int, how: str, seed: int) -> None:
        """New days after the newest, perhaps after a gap, perhaps without weekends."""
        dice = random.Random(seed)
        stamps = self.stamps(asset)
        day = (stamps[-1].date() if stamps else START + timedelta(dice.randint(-3, 40))) + timedelta(1 + gap)
        weekends, rows = dice.random() < 0.7, []
        while len(rows) < count:
            if (weekends or day.weekday() < 5) and dice.random() > 0.03:
                rows.append(raw_row(asset, day, dice, 0.06, asset in self.named))
            day += timedelta(1)
        self.put(rows, how)

    def place(self, asset: int, offset: int, count: int, how: str, seed: int) -> None:
        """Days somewhere: revised, in a gap, before the first."""
        dice = random.Random(seed)
        stamps = self.stamps(asset)
        first = stamps[0].date() if stamps else START
        span = (stamps[-1].date() - first).days if stamps else 10
        begin = first + timedelta(offset * (span + 12) // 100 - 8)
        days = [begin + timedelta(i) for i in range(count)]
        self.put([raw_row(asset, day, dice, 0.1, asset in self.named) for day in days], how)

    def revise(self, asset: int, offset: int, count: int, what: str, seed: int) -> None:
        """An UPDATE of days that are there."""
        stamps = self.stamps(asset)
        chosen = stamps[offset * len(stamps) // 100 :][:count]
        dice = random.Random(seed)
        if what == "load_ts":
            self.loaded_again.add(asset)
        sets = {
            "close": "close = %(v)s, high = greatest(high, %(v)s), low = least(low, %(v)s)",
            "volume": "volume = %(v)s",
            "marketcap": "marketcap = %(v)s",
            "nothing": "close = close",
            "load_ts": "load_ts = load_ts + interval '1 day'",
            "name": "name = name || '!'",
            "bad": "open = NULL",
            "high": "high = high + 0.25",
        }
        self.db.execute(
            f"""UPDATE cmc_price_histories7 SET {sets[what]}
                WHERE id = %(id)s AND "timestamp" = ANY(%(days)s)""".encode(),
            {"id": asset, "days": chosen, "v": price(dice)},
        )

    def remove(self, asset: int, offset: int, count: int) -> None:
        """Delete days that are there."""
        stamps = self.stamps(asset)
        chosen = stamps[offset * len(stamps) // 100 :][:count]
        self.db.execute(
            'DELETE FROM cmc_price_histories7 WHERE id = %s AND "timestamp" = ANY(%s)', (asset, chosen)
        )

    def move(self, offset: int, what: str) -> None:
        """Change the key of a day: another stamp of the same day, or another asset."""
        one, two = self.base + 1, self.base + 2
        stamps = self.stamps(one)
        taken = {s.date() for s in self.stamps(two)}
        chosen = stamps[offset * len(stamps) // 100 :][:2]
        if what == "id":
            self.db.execute(
                'UPDATE cmc_price_histories7 SET id = %s WHERE id = %s AND "timestamp" = ANY(%s)',
                (two, one, [s for s in chosen if s.date() not in taken]),
            )
            return
        for s in chosen:
            other = stamp(s.date(), 0 if s.hour == 21 else 1)
            self.db.execute(
                """UPDATE cmc_price_histories7 SET "timestamp" = %s, timeclose = %s, timeopen = %s
                   WHERE id = %s AND "timestamp" = %s""",
                (other, other, other - timedelta(hours=12), one, s),
            )

    def name_days(self, asset: int, what: str, offset: int) -> None:
        """Load a file without times, which names its days: all, from one on, one wrongly. Or forget them."""
        stamps = self.stamps(asset)
        chosen = stamps if what in ("all", "none") else stamps[offset * len(stamps) // 100 :]
        (self.named.discard if what == "none" else self.named.add)(asset)
        self.db.execute(
            """UPDATE cmc_price_histories7 SET local_day = ("timestamp" AT TIME ZONE 'UTC')::date + %s::int
               WHERE id = %s AND "timestamp" = ANY(%s)""",
            (
                {"all": 0, "part": 0, "far": 3, "none": None}[what],
                asset,
                chosen[:1] if what == "far" else chosen,
            ),
        )

    def zone(self, asset: int, zone: str) -> None:
        """Write the zone of an asset where the next refresh finds it."""
        self.db.execute(
            "INSERT INTO assets (id, tz) VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET tz = excluded.tz",
            (asset, zone),
        )

    def empty(self, how: str, asset: int) -> None:
        """No raw day left, of one asset or of all."""
        if how == "truncate":
            self.db.execute("TRUNCATE cmc_price_histories7")
        else:
            self.db.execute("DELETE FROM cmc_price_histories7 WHERE id = %s", (asset,))

    def calendar(self, which: str) -> str:
        """The name of one of two calendars of these assets; made when it isn't there."""
        name = f"LAW{self.base}{which}"
        if self.column("INSERT INTO calendars VALUES (%s) ON CONFLICT DO NOTHING RETURNING calendar", name):
            self.db.execute("INSERT INTO calendar_weeks VALUES (%s, %s, '1111100')", (name, START))
        return name

    def assign(self, asset: int, calendar: str | None) -> None:
        """Put an asset on a calendar, or on none."""
        self.db.execute(
            """INSERT INTO assets (id, calendar) VALUES (%s, %s)
               ON CONFLICT (id) DO UPDATE SET calendar = excluded.calendar""",
            (asset, calendar),
        )

    def edit(self, calendar: str, what: str, seed: int) -> None:
        """Change the rows of a calendar: days closed, opened or as their week says, weeks, nothing at all."""
        dice = random.Random(seed)
        day = START + timedelta(dice.randrange(-30, 320))
        if what == "week":
            self.db.execute(
                """INSERT INTO calendar_weeks AS w (calendar, from_day, weekmask) VALUES (%s, %s, %s)
                   ON CONFLICT (calendar, from_day) DO UPDATE SET weekmask = excluded.weekmask""",
                (calendar, dice.choice((START, day)), dice.choice(WEEKS)),
            )
        elif what == "forget":
            self.db.execute("DELETE FROM calendar_exceptions WHERE calendar = %s", (calendar,))
        elif what == "nothing":
            self.db.execute("UPDATE calendars SET last_day = %s WHERE calendar = %s", (day, calendar))
        else:
            told = dice.choice((True, False, False, None))
            self.db.cursor().executemany(
                """INSERT INTO calendar_exceptions AS e (calendar, day, is_session) VALUES (%s, %s, %s)
                   ON CONFLICT (calendar, day) DO UPDATE SET is_session = excluded.is_session""",
                [(calendar, day + timedelta(i), told) for i in range(dice.choice((1, 1, 4, 12)))],
            )

    def behind(self, asset: int, what: str, back: int, seed: int, full: bool) -> None:
        """A change that no trigger sees, and the refresh that finds it."""
        dice = random.Random(seed)
        before = self.stamps(asset)
        newest = before[-1].date() if before else START
        self.db.execute("SET session_replication_role = 'replica'")
        try:
            if what == "delete":
                self.db.execute(
                    'DELETE FROM cmc_price_histories7 WHERE id = %s AND "timestamp" = ANY(%s)',
                    (asset, before[-back:-1] if len(before) > 1 else []),
                )
            else:
                shift = {"append": 1, "revise": -back}[what]
                days = [newest + timedelta(shift + i) for i in range(min(back, 3))]
                self.put([raw_row(asset, day, dice, 0.1, asset in self.named) for day in days], "insert")
        finally:
            self.db.execute("SET session_replication_role = 'origin'")
        if full:
            self.refresh_bars(asset, family="1d", full=True)
        else:
            after = self.stamps(asset)
            reach = ((after[-1] - before[0]).days if before and after else 0) + 2
            self.refresh_bars(asset, lookback_days=max(back + 5, reach if what == "delete" else 0))

    # -- refreshing -----------------------------------------------------------------------------------------

    def known(self, asset: int) -> bool:
        """Whether an asset has anything that a refresh can work on."""
        return bool(
            self.column(
                """SELECT 1 WHERE EXISTS (SELECT 1 FROM cmc_price_histories7 WHERE id = %(id)s)
                   OR EXISTS (SELECT 1 FROM cmc_price_bars_1d_state WHERE id = %(id)s)
                   OR EXISTS (SELECT 1 FROM cmc_price_bars_1d WHERE id = %(id)s)
                   OR EXISTS (SELECT 1 FROM bars_state WHERE id = %(id)s)
                   OR EXISTS (SELECT 1 FROM emas_state WHERE id = %(id)s)""".replace("%(id)s", str(asset))
            )
        )

    def all_named(self, asset: int) -> bool:
        """Whether no raw day and no stored one leaves its day to the zone: then no zone makes disorder."""
        return not self.column(
            """SELECT 1 FROM cmc_price_histories7 WHERE id = %(id)s AND local_day IS NULL
               UNION ALL SELECT 1 FROM cmc_price_bars_1d WHERE id = %(id)s AND local_day IS NULL
               LIMIT 1""".replace("%(id)s", str(asset))
        )

    def call(self, function: str, asset: int, **options: Any) -> list[Any]:
        """refresh_bars or refresh_emas with named arguments; their rows."""
        if not self.known(asset):
            return []
        names = "".join(f", p_{name} => %({name})s" for name in options)
        with self.db.cursor(row_factory=namedtuple_row) as cursor:
            try:
                cursor.execute(f"SELECT * FROM {function}({asset}{names})".encode(), options or None)
            except psycopg.DatabaseError as error:
                # In London a summer's day holds its afternoon's stamp and the end of the day before; east of
                # it a day that is named may be the one that the zone gives the stamp before.
                if error.sqlstate != "TA010" or self.all_named(asset):
                    raise
                return self.call(function, asset, **{**options, "tz": "UTC"}) if "tz" not in options else []
            return cursor.fetchall()

    def refresh_bars(self, asset: int, **options: Any) -> list[Any]:
        """refresh_bars."""
        if options.get("keep_rejects") is False:
            self.no_rejects.add(asset)
        return self.call("refresh_bars", asset, **options)

    def refresh_emas(self, asset: int, **options: Any) -> list[Any]:
        """refresh_emas."""
        return self.call("refresh_emas", asset, **options)

    def a_day_together(self, refreshed: bool, gap: int, stage: str, seed: int) -> None:
        """One more day of both assets, perhaps after a gap, together if that is all they need."""
        assets = [self.base + asset for asset in ASSETS if self.stamps(self.base + asset)]
        for asset in assets:
            if refreshed:
                self.refresh_emas(asset)
            self.append(asset, 1, gap, "insert", seed)
        self.db.execute("SELECT FROM refresh_day_of_many(%s::int[], p_stage => %s)", (assets, stage))

    # -- the law --------------------------------------------------------------------------------------------

    def check(self, asset: int, thorough: bool = False) -> None:
        """A refresh of everything leaves what a build from nothing gives."""
        self.planned(asset)
        if asset in self.no_rejects:
            # Rejects that a run was told not to write come back with a look at every day.
            self.refresh_bars(asset, family="1d", full=True)
            self.no_rejects.discard(asset)
        self.refresh_emas(asset)
        if not self.column("SELECT 1 FROM cmc_price_histories7 WHERE id = %s LIMIT 1", asset):
            # The note of an asset that came and went between two refreshes stays: nothing asks for it.
            for table in (t for t in STORED if t != "raw_changes"):
                assert self.column(f"SELECT count(*) FROM {table} WHERE id = %s", asset) == [0], table
            return
        oracle = ORACLE + asset
        kept = self.kept(asset)
        self.build_from_nothing(asset, oracle, kept)
        if self.analyze:
            self.db.execute("ANALYZE")
        differing = self.comparison.differing(self.db, asset, oracle)
        assert not differing, f"asset {asset} differs from a build from nothing in {differing}"
        self.audited(asset)
        if thorough:
            again = [*self.refresh_bars(asset), *self.refresh_emas(asset)]
            assert {r.action for r in again} <= {"noop"}, again
            # A full rebuild forgets timeframes that aren't canonical; these are asked for by name.
            tfs = {} if not kept else {"tfs": self.timeframes_built(asset)}
            rebuilt = [
                *self.refresh_bars(asset, full=True, **tfs),
                *self.refresh_emas(asset, full=True),
            ]
            written = [r for r in rebuilt if any(getattr(r, n, 0) for n in WRITTEN)]
            if asset in self.loaded_again:
                # A later load of the same values is no change, but a rebuild notes when it was.
                written = [r for r in written if getattr(r, "family", "") != "1d"]
            assert not written, f"a rebuild of what was right wrote {written}"
        self.forget(oracle)

    def planned(self, asset: int) -> None:
        """A plan of several assets, which sets the settled ones aside at once, finds what one alone finds."""
        assets = [self.base + number for number in ASSETS if self.known(self.base + number)]
        if asset not in assets:
            return
        plan = "SELECT * FROM refresh_plan(%s) AS p WHERE p.id = %s"
        alone, together = (self.db.execute(plan, (ids, asset)).fetchall() for ids in ([asset], assets))
        assert alone == together, f"asset {asset} alone: {alone}; among others: {together}"

    def audited(self, asset: int) -> None:
        """No audit finds an error, whatever waits for a refresh."""
        found = self.db.execute(
            # Of a timeframe that was dropped, the next refresh takes the rows away.
            """SELECT "check", tf, period, ts, detail FROM audit_all(%s)
               WHERE severity = 'error' AND (tf IS NULL OR tf IN (SELECT d.tf FROM dim_timeframe AS d))""",
            ([asset],),
        ).fetchall()
        assert not found, f"audits of asset {asset} found {found}"

    def forget(self, asset: int) -> None:
        """Delete every row of an asset."""
        for table in STORED:
            self.db.execute(f"DELETE FROM {table} WHERE id = %s".encode(), (asset,))

    def timeframes_built(self, asset: int) -> list[str]:
        """The timeframes that an asset has bars of, or would have with more days."""
        return self.column("SELECT unnest(tfs) FROM bars_state WHERE id = %s ORDER BY 1", asset)

    def kept(self, asset: int) -> list[str]:
        """Those of them that aren't canonical, kept because somebody asked for them once."""
        canonical = self.column("SELECT tf FROM dim_timeframe WHERE is_canonical AND tf <> '1D' ORDER BY tf")
        built = self.timeframes_built(asset)
        assert not built or set(canonical) <= set(built), f"{canonical} wanted, {built} built"
        return [tf for tf in built if tf not in canonical]

    def build_from_nothing(self, asset: int, oracle: int, kept: list[str]) -> None:
        """A second id with the raw days of an asset, its zone and its timeframes."""
        self.db.execute(
            f"""INSERT INTO cmc_price_histories7 ({RAW})
                SELECT {RAW.replace("id", "%s", 1)} FROM cmc_price_histories7 WHERE id = %s""".encode(),
            (oracle, asset),
        )
        calendar = self.column("SELECT calendar FROM assets WHERE id = %s", asset)
        self.assign(oracle, calendar[0] if calendar else None)
        # Not that of its bars: where every day was rejected there are none.
        zone = self.column("SELECT tz FROM assets WHERE id = %s", asset)
        self.refresh_bars(oracle, tz=zone[0] if zone else None)
        if kept:
            self.refresh_bars(oracle, tfs=kept)
        self.refresh_emas(oracle)


WRITTEN = ("bars_written", "bars_deleted", "vectors_written")

asset_ids = st.sampled_from((1, 1, 1, 2))
offsets = st.integers(0, 100)
seeds = st.integers(0, 2**16)
hows = st.sampled_from(("insert", "copy"))


class Law(RuleBasedStateMachine):
    """Changes and refreshes in any order."""

    def make_world(self) -> World:
        """Where a run happens."""
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self.world = self.make_world()

    @initialize(count=st.integers(8, 120), how=hows, seed=seeds, refreshed=st.booleans())
    def begin(self, count: int, how: str, seed: int, refreshed: bool) -> None:
        self.world.append(self.world.base + 1, count, 0, how, seed)
        if refreshed:
            self.world.refresh_emas(self.world.base + 1)

    @rule(
        asset=asset_ids,
        count=st.integers(1, 12),
        gap=st.sampled_from((0, 0, 0, 1, 9, 40)),
        how=hows,
        seed=seeds,
    )
    def append(self, asset: int, count: int, gap: int, how: str, seed: int) -> None:
        self.world.append(self.world.base + asset, count, gap, how, seed)

    @rule(asset=asset_ids, seed=seeds)
    def one_more_day(self, asset: int, seed: int) -> None:
        self.world.append(self.world.base + asset, 1, 0, "insert", seed)
        self.world.refresh_emas(self.world.base + asset)

    @rule(
        refreshed=st.sampled_from((True, True, False)),
        gap=st.sampled_from((0, 0, 1, 3, 9, 40)),
        stage=st.sampled_from(("all", "all", "bars")),
        seed=seeds,
    )
    def a_day_together(self, refreshed: bool, gap: int, stage: str, seed: int) -> None:
        self.world.a_day_together(refreshed, gap, stage, seed)

    @rule(asset=asset_ids, offset=offsets, count=st.integers(1, 5), how=hows, seed=seeds)
    def place(self, asset: int, offset: int, count: int, how: str, seed: int) -> None:
        self.world.place(self.world.base + asset, offset, count, how, seed)

    @rule(
        asset=asset_ids,
        offset=offsets,
        count=st.integers(1, 3),
        what=st.sampled_from(("close", "volume", "marketcap", "nothing", "load_ts", "name", "bad", "high")),
        seed=seeds,
    )
    def revise(self, asset: int, offset: int, count: int, what: str, seed: int) -> None:
        self.world.revise(self.world.base + asset, offset, count, what, seed)

    @rule(asset=asset_ids, offset=offsets, count=st.integers(1, 40))
    def remove(self, asset: int, offset: int, count: int) -> None:
        self.world.remove(self.world.base + asset, offset, count)

    @rule(offset=offsets, what=st.sampled_from(("id", "timestamp")))
    def move(self, offset: int, what: str) -> None:
        self.world.move(offset, what)

    @rule(how=st.sampled_from(("truncate", "delete", "delete")), asset=asset_ids, rarely=st.integers(0, 3))
    def empty(self, how: str, asset: int, rarely: int) -> None:
        if rarely == 0:
            self.world.empty(how, self.world.base + asset)

    @rule(
        asset=asset_ids,
        what=st.sampled_from(("append", "revise", "delete")),
        back=st.integers(1, 9),
        seed=seeds,
        full=st.booleans(),
    )
    def behind(self, asset: int, what: str, back: int, seed: int, full: bool) -> None:
        self.world.behind(self.world.base + asset, what, back, seed, full)

    @rule(tf=st.sampled_from(TIMEFRAMES[1:] + MORE_TIMEFRAMES), canonical=st.booleans())
    def timeframe(self, tf: str, canonical: bool) -> None:
        """Drop it, bring it in, or change whether it is canonical."""
        db = self.world.db
        if tf in self.world.timeframes():
            if canonical:
                db.execute("DELETE FROM dim_timeframe WHERE tf = %s", (tf,))
            else:
                db.execute("UPDATE dim_timeframe SET is_canonical = NOT is_canonical WHERE tf = %s", (tf,))
        else:
            db.execute("INSERT INTO dim_timeframe (tf, is_canonical) VALUES (%s, %s)", (tf, canonical))

    @rule(period=st.sampled_from(PERIODS[1:] + MORE_PERIODS))
    def period(self, period: int) -> None:
        db = self.world.db
        if not self.world.column("DELETE FROM dim_period WHERE period = %s RETURNING period", period):
            db.execute("INSERT INTO dim_period (period) VALUES (%s)", (period,))

    @rule(tf=st.sampled_from(TIMEFRAMES))
    def alphas(self, tf: str) -> None:
        self.world.db.execute("DELETE FROM ema_alpha WHERE tf = %s", (tf,))
        self.world.db.execute("SELECT sync_ema_alpha()")

    @rule(
        asset=asset_ids,
        family=st.sampled_from(("all", "1d", *FAMILIES)),
        full=st.sampled_from((False, False, True)),
        upstream=st.sampled_from((True, True, False)),
        lookback=st.sampled_from((0, 3, 3, 400)),
        non_canonical=st.sampled_from((False, False, True)),
        keep=st.sampled_from((True, True, True, False)),
    )
    def refresh_bars(
        self,
        asset: int,
        family: str,
        full: bool,
        upstream: bool,
        lookback: int,
        non_canonical: bool,
        keep: bool,
    ) -> None:
        self.world.refresh_bars(
            self.world.base + asset,
            family=family,
            full=full,
            upstream=upstream,
            lookback_days=lookback,
            include_non_canonical=non_canonical,
            keep_rejects=keep,
        )

    @rule(
        asset=asset_ids,
        variant=st.sampled_from(("all", "all", *VARIANTS)),
        full=st.sampled_from((False, False, True)),
        upstream=st.sampled_from((True, False)),
    )
    def refresh_emas(self, asset: int, variant: str, full: bool, upstream: bool) -> None:
        self.world.refresh_emas(self.world.base + asset, variant=variant, full=full, upstream=upstream)

    @rule(
        data=st.data(),
        asset=asset_ids,
        emas=st.booleans(),
        full=st.sampled_from((False, False, False, True)),
        upstream=st.sampled_from((True, True, False)),
    )
    def refresh_some(self, data: st.DataObject, asset: int, emas: bool, full: bool, upstream: bool) -> None:
        """Some timeframes only, 1D among them."""
        tfs = self.world.timeframes()
        if emas:
            tfs.append("1D")
        if not tfs:
            return
        chosen = data.draw(st.lists(st.sampled_from(tfs), min_size=1, max_size=4, unique=True))
        call = self.world.refresh_emas if emas else self.world.refresh_bars
        call(self.world.base + asset, tfs=chosen, full=full, upstream=upstream)

    @rule(
        asset=asset_ids,
        what=st.sampled_from(("all", "all", "part", "far", "none")),
        offset=offsets,
        zone=st.sampled_from((None, "America/New_York", "UTC", "Asia/Kolkata", "Asia/Kolkata")),
        refreshed=st.booleans(),
    )
    def name_days(self, asset: int, what: str, offset: int, zone: str | None, refreshed: bool) -> None:
        """A source that names its days, in a zone west or east of the stamps'."""
        chosen = self.world.base + asset
        self.world.name_days(chosen, what, offset)
        if zone is not None:
            self.world.zone(chosen, zone)
        if refreshed:
            self.world.refresh_emas(chosen)

    @rule(asset=asset_ids, zone=st.sampled_from(ZONES), emas=st.booleans(), family=st.sampled_from(VARIANTS))
    def rezone(self, asset: int, zone: str, emas: bool, family: str) -> None:
        if emas:
            self.world.refresh_emas(self.world.base + asset, variant=family, tz=zone)
        else:
            self.world.refresh_bars(
                self.world.base + asset, family="multi_tf" if "v2" in family else family, tz=zone
            )

    @rule(
        asset=asset_ids,
        family=st.sampled_from(("1d", "all")),
        least=st.one_of(st.none(), offsets),
        most=st.one_of(st.none(), offsets),
        full=st.sampled_from((False, False, True)),
    )
    def bounded(self, asset: int, family: str, least: int | None, most: int | None, full: bool) -> None:
        """--time-min, --time-max."""
        stamps = self.world.stamps(self.world.base + asset)
        first = stamps[0] if stamps else stamp(START)
        span = (stamps[-1] - first).days if stamps else 10
        bounds = {
            name: first + timedelta(days=offset * (span + 10) // 100 - 5, hours=1)
            for name, offset in (("time_min", least), ("time_max", most))
            if offset is not None
        }
        if len(bounds) == 2 and bounds["time_min"] >= bounds["time_max"]:
            return
        self.world.refresh_bars(self.world.base + asset, family=family, full=full, **bounds)

    @rule(asset=asset_ids, which=st.sampled_from(("A", "A", "B", None)))
    def put_on_a_calendar(self, asset: int, which: str | None) -> None:
        self.world.assign(self.world.base + asset, which and self.world.calendar(which))

    @rule(
        which=st.sampled_from(("A", "A", "B")),
        what=st.sampled_from(("day", "day", "week", "forget", "nothing")),
        apply=st.booleans(),
        seed=seeds,
    )
    def edit_a_calendar(self, which: str, what: str, apply: bool, seed: int) -> None:
        """Taken up at once, or by the next refresh."""
        self.world.edit(self.world.calendar(which), what, seed)
        if apply:
            self.world.db.execute("SELECT calendars_apply()")

    @rule(asset=asset_ids)
    def audit(self, asset: int) -> None:
        self.world.audited(self.world.base + asset)

    @rule(asset=asset_ids, sometimes=st.integers(0, 2))
    def law(self, asset: int, sometimes: int) -> None:
        if sometimes == 0:
            self.world.check(self.world.base + asset)

    def teardown(self) -> None:
        for asset in ASSETS:
            self.world.check(self.world.base + asset, thorough=True)


def machine(db: Db) -> type[Law]:
    """The machine on a database of its own; every run takes new ids."""
    comparison = Comparison.of(db)
    bases = itertools.count(10, 10)
    # With statistics the views are read as in a database in use.
    sample = World(db, comparison, 0)
    sample.append(1, 200, 0, "copy", 0)
    sample.refresh_emas(1)
    db.execute("ANALYZE")

    class OnThisDatabase(Law):
        def make_world(self) -> World:
            return World(db, comparison, next(bases))

    return OnThisDatabase
