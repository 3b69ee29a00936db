"""Trading calendars: what an asset pays for being on one, an edit of a past day, the import of all."""

from __future__ import annotations

from functools import partial

from benchmarks.run import BTC, Run
from benchmarks.sections.change import Spent, counted, rows_written
from benchmarks.timing import clocked, in_turn

WITHOUT, ON = 700_001, 700_002
EDITED = 700_003
CALENDAR = "XNYS"
NOTE = (
    "Prices of BTC laid on the sessions of XNYS, under two ids; in turn, server time of the calls that "
    "bring everything of an asset up to date, and of reads that fetch all rows."
)
# The newest days of BTC, as many as there are sessions from a day on.
LAID = """
INSERT INTO cmc_price_histories7 (
    id, name, timeopen, timeclose, "timestamp", open, high, low, close, volume, marketcap, source_file)
SELECT
    %(id)s, h.name, s.day::timestamp AT TIME ZONE 'UTC', s.stamp, s.stamp, h.open, h.high, h.low, h.close,
    h.volume, h.marketcap, 'benchmark'
FROM (
    SELECT d.day, (d.day + 1)::timestamp AT TIME ZONE 'UTC' - interval '1 ms' AS stamp,
        row_number() OVER (ORDER BY d.day DESC) AS n
    FROM sessions(%(calendar)s, '2004-01-01', '2024-12-31') AS d
) AS s
INNER JOIN (
    SELECT r.*, row_number() OVER (ORDER BY r."timestamp" DESC) AS n
    FROM cmc_price_histories7 AS r WHERE r.id = %(source)s
) AS h ON h.n = s.n
WHERE s.n <= %(days)s
"""
READS = (
    ("read: all snapshots of 1W_CAL_US", "SELECT * FROM bar_snapshots({}, '1W_CAL_US')"),
    ("read: cal_us bars", "SELECT * FROM cmc_price_bars_multi_tf_cal_us WHERE id = {}"),
    ("read: one EMA", "SELECT * FROM ema_series('cal_us', {}, '1W_CAL_US', 21)"),
    (
        "read: an EMA relation, one timeframe",
        "SELECT * FROM cmc_ema_multi_tf_cal_us WHERE id = {} AND tf = '1W_CAL_US'",
    ),
)


def measure(run: Run) -> None:
    """Build, day, reads with and without; edits; imports."""
    if not run.has("calendars"):
        return
    imports(run)
    table = run.section(
        "On a trading calendar", "work", "without", f"on {CALENDAR}", "on / without", note=NOTE
    )
    spent = Spent()
    run.execute(run.forget)
    lay(run, (WITHOUT, ON))
    run.execute("UPDATE assets SET calendar = %s WHERE id = %s", CALENDAR, ON)
    for turn in range(2 * run.sizes.runs):
        run.execute(run.forget)
        for asset in (WITHOUT, ON) if turn % 2 else (ON, WITHOUT):
            spent.note(f"build {asset}", run.timed(run.refresh(asset)))
    steps = 16 if run.sizes.runs > 2 else 8
    for asset in (WITHOUT, ON):
        run.execute("SELECT bench.hold_back(%s, %s)", asset, steps)
        run.execute(run.refresh(asset))
    run.execute("ANALYZE")
    for step in range(steps):
        run.execute("SELECT bench.next_day(%s)", [WITHOUT, ON])
        for asset in (WITHOUT, ON) if step % 2 else (ON, WITHOUT):
            spent.note(f"one more day {asset}", run.timed(run.refresh(asset)))
    for name, query in READS:
        contestants = [
            (f"{name} {asset}", partial(run.fetch, query.format(asset))) for asset in (WITHOUT, ON)
        ]
        # run.fetch tells rows, which in_turn takes for no time of its own.
        spent.update(in_turn(5 * run.sizes.runs, contestants, warm_up=True))
    for name in ("build", "one more day", *(name for name, _ in READS)):
        without, on = spent[f"{name} {WITHOUT}"], spent[f"{name} {ON}"]
        table.rows.append((name, without, on, on.median / without.median))
    run.facts["sessions"] = {name: samples.as_json() for name, samples in spent.items()}
    edits(run)


def lay(run: Run, ids: tuple[int, ...]) -> None:
    """Assets on the sessions of the calendar."""
    for asset in ids:
        run.execute("INSERT INTO assets (id) VALUES (%s) ON CONFLICT DO NOTHING", asset)
        run.connection.execute(
            LAID, {"id": asset, "source": BTC, "calendar": CALENDAR, "days": run.sizes.peer_days or 5040}
        )
    run.execute("ANALYZE cmc_price_histories7")


def imports(run: Run) -> None:
    """All shipped calendars, as the command."""
    spent = Spent()
    for _ in range(run.sizes.runs):
        run.execute("UPDATE assets SET calendar = NULL; DELETE FROM calendars; DELETE FROM calendar_changes")
        run.execute("DELETE FROM calendars_applied")
        spent.note("all 71 calendars", run.cli("calendars", "import", "--all")[0])
        spent.note("again, nothing changed", run.cli("calendars", "import", "--all")[0])
        spent.note("ta-lab2 --version, for comparison", run.cli("--version")[0])
    table = run.section("Import of calendars, the command", "work", "time")
    table.rows += list(spent.items())


def edits(run: Run) -> None:
    """One past day closed and opened again, taken up by assets of twenty years."""
    ids = tuple(EDITED + number for number in range(max(run.sizes.assets, 4)))
    lay(run, ids)
    run.execute("UPDATE assets SET calendar = %s WHERE id = ANY(%s)", CALENDAR, list(ids))
    for asset in ids:
        run.execute(run.refresh(asset))
    run.execute("ANALYZE")
    day = run.one(
        "SELECT day FROM cmc_price_bars_1d WHERE id = %s AND bar_seq = (SELECT max(bar_seq) / 2 "
        "FROM cmc_price_bars_1d WHERE id = %s)",
        ids[0],
        ids[0],
    )
    spent, written = Spent(), ""
    for turn in range(2 * run.sizes.runs):
        run.execute("DELETE FROM calendar_exceptions WHERE calendar = %s AND day = %s", CALENDAR, day)
        if turn % 2 == 0:
            run.execute("INSERT INTO calendar_exceptions VALUES (%s, %s, false)", CALENDAR, day)
        spent.note("calendars_apply()", clocked(partial(run.execute, "SELECT calendars_apply()")))
        for asset in ids:
            spent.note("its refresh of bars, an asset", run.timed(counted(run, asset, "refresh_bars")))
            written = rows_written(run)
            if run.has_emas:
                spent.note("and of EMAs", run.timed(run.refresh(asset)))
        for asset in ids:
            spent.note("nothing new, an asset", run.timed(run.refresh(asset)))
    table = run.section(
        f"A past day of a calendar edited, {len(ids)} assets of {run.sizes.peer_days or 5040} sessions",
        "work",
        "time",
        "rows written",
    )
    for name, samples in spent.items():
        table.rows.append((name, samples, written if name.startswith("its") else None))
    run.facts["calendar_edit"] = {name: samples.as_json() for name, samples in spent.items()}
