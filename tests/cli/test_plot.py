"""Charts: they draw in a browser without errors and without a network, and as pictures without a browser."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from calendar_helpers import put_calendar, shipped, week
from loading import PRICES, load_named

from ta_lab2_sql.plot.axis import SessionAxis
from ta_lab2_sql.plot.labels import volume_label, volume_ticks
from ta_lab2_sql.plot.read import NEWEST_BARS, read

pytest.importorskip("plotly")
pytest.importorskip("matplotlib")

from ta_lab2_sql.plot.html import _axis
from ta_lab2_sql.plot.png import limits
from ta_lab2_sql.plot.write import write

Db = psycopg.Connection[Any]
Cli = Callable[..., Any]

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture
def solana(db: Db) -> Db:
    """1149 days of Solana, 2024-03-08 to 15 missing, built."""
    load_named(db, PRICES / "SOL_5426.csv.gz")
    db.execute("SELECT FROM refresh_bars(5426)")
    return db


@pytest.fixture
def with_emas(solana: Db) -> Db:
    """The same, and its EMAs."""
    for variant in ("multi_tf", "cal_us"):
        solana.execute("SELECT FROM refresh_emas(5426, %s)", (variant,))
    return solana


def test_a_chart_shows_what_the_relations_hold(solana: Db) -> None:
    chart = read(solana, 5426, ["3D", "1M_CAL"])
    assert [panel.tf for panel in chart.panels] == ["3D", "1M_CAL"]
    three, months = (panel.candles for panel in chart.panels)
    assert len(three) == NEWEST_BARS
    stored = solana.execute(
        "SELECT open, high, low, close, volume, is_closed FROM bars WHERE id = 5426 AND tf = '3D' "
        "ORDER BY bar_seq DESC LIMIT 200"
    ).fetchall()
    assert [(c.open, c.high, c.low, c.close, c.volume, c.is_closed) for c in reversed(three)] == stored
    # Months that overlap the same time, the last one forming.
    assert months[0].time_open <= three[0].time_close
    assert [candle.is_closed for candle in months] == [True] * (len(months) - 1) + [False]
    assert months[-1].told == "forming, 14 to go, 16 days"
    assert [(f"{gap.after:%m-%d}", f"{gap.before:%m-%d}", gap.days) for gap in chart.gaps] == [
        ("03-07", "03-15", 8)
    ]


def test_bars_stand_in_the_middle_of_their_windows(solana: Db) -> None:
    """Also when days are missing at an end of them: they don't overlap."""
    (weeks,) = read(solana, 5426, ["1W_CAL_ISO"], start=datetime(2024, 1, 1, tzinfo=timezone.utc)).panels
    middles = [candle.middle for candle in weeks.candles]
    apart = [(later - earlier) / timedelta(days=1) for earlier, later in pairwise(middles)]
    assert apart == pytest.approx([7] * len(apart), abs=1e-6)
    assert {middle.weekday() for middle in middles} == {3}


def test_a_chart_tells_canonical_values_from_previews(with_emas: Db) -> None:
    chart = read(with_emas, 5426, ["7D", "1M_CAL"], [9, 21, 50])
    week, month = chart.panels
    assert (week.variant, month.variant) == ("multi_tf", "cal_us")
    assert list(week.emas) == [9, 21, 50]
    assert list(month.emas) == [9, 21]
    assert chart.notes == ["EMA 50 of 1M_CAL has no values there: it begins when 50 bars have closed"]
    assert len(chart.colours) == 3
    stored = with_emas.execute(
        "SELECT ts, ema, roll FROM cmc_ema_multi_tf WHERE id = 5426 AND tf = '7D' AND period = 21 ORDER BY ts"
    ).fetchall()
    assert [(point.ts, point.ema, point.roll) for point in week.emas[21]] == stored
    assert sum(not point.roll for point in week.emas[21]) == 1149 // 7 - 20
    assert read(with_emas, 5426, ["7D"], [9], variant="multi_tf").panels[0].emas[9] == week.emas[9]


def test_weekends_of_a_stock_are_usual(db: Db) -> None:
    load_named(db, PRICES / "GOOG_900001.csv.gz")
    db.execute("SELECT FROM refresh_bars(900001, 'multi_tf')")
    chart = read(db, 900001, ["1D"])
    assert chart.gaps
    assert {gap.usual for gap in chart.gaps} == {2}
    assert all(gap.days > 2 for gap in chart.gaps)
    assert "more than the usual 2" in chart.legend


def test_html_draws_in_a_browser(with_emas: Db, cli: Cli, tmp_path: Path) -> None:
    target = tmp_path / "chart.html"
    result = cli(
        "--json", "plot", 5426, "3D", "1M_CAL", "--ema", "9,21", "--from", "2023-06-01", "-o", target
    )
    assert result.code == 0, result.err
    told = json.loads(result.out)
    assert told["file"] == str(target)
    text = target.read_text(encoding="utf-8")
    # Nothing is fetched from elsewhere: the drawing library is in the file.
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=", text)
    assert "missing days" in text
    if BROWSER is None:
        pytest.skip("no chromium or chrome here: the page was written but not opened")
    done = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile",
         "--enable-logging=stderr", "--virtual-time-budget=10000", "--dump-dom", target.as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "CONSOLE" not in done.stderr, done.stderr
    assert "<title>SOL (5426): 3D, 1M_CAL</title>" in done.stdout
    drawn = len(re.findall(r'<path[^>]*class="box"', done.stdout))
    assert drawn == sum(told["bars"].values())


def test_png_needs_no_browser(with_emas: Db, cli: Cli, tmp_path: Path) -> None:
    sizes = []
    for tfs in (["1D"], ["7D", "1M_CAL", "1Y_CAL_ANCHOR"]):
        result = cli(
            "-q", "plot", 5426, *tfs, "--ema", "21", "--log", "-o", tmp_path / "chart.png", env={"PATH": ""}
        )
        assert result.code == 0, result.err
        data = (tmp_path / "chart.png").read_bytes()
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        sizes.append(struct.unpack(">II", data[16:24]))
    assert sizes[0][0] == sizes[1][0] > 1000
    assert sizes[1][1] > 1.8 * sizes[0][1]  # one under another
    assert [path.name for path in tmp_path.iterdir()] == ["chart.png"]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["7", "7D", "-o", "x.png"], 2, "asset 7"),
        (["5426", "8D", "-o", "x.png"], 2, "7D"),
        (["5426", "7D", "-o", "x.svg"], 2, "name it .html or .png"),
        (["5426", "7D", "--variant", "cal_us", "-o", "x.png"], 2, "of family cal_us"),
        (["5426", "7D", "--variant", "cal", "-o", "x.png"], 2, "did you mean cal_us"),
        (["5426", "7D", "--from", "2030-01-01", "-o", "x.png"], 1, "no bars of 7D there"),
        (["5426", "7D", "--from", "2024-01-02", "--to", "2024-01-02", "-o", "x.png"], 2, "swap them"),
    ],
)
def test_what_cannot_be_drawn_is_told(
    db: Db,
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    days = "".join(f"2024-01-{day:02},1,2,0.5,1,1\n" for day in range(1, 20))
    assert cli("load", "-", "--id", 5426, stdin="date,open,high,low,close,volume\n" + days).code == 0
    db.execute("SELECT FROM refresh_bars(5426, 'multi_tf')")
    result = cli("plot", *arguments)
    assert result.code == code
    assert result.err.count("\n") == 1
    assert told in result.err
    assert list(tmp_path.iterdir()) == []


def test_prices_of_any_sign_are_drawn(db: Db, cli: Cli, tmp_path: Path) -> None:
    """Oil has traded below zero; a day without volume or movement is a day all the same."""
    rows = "".join(f"2020-04-{day:02},{5 - day},{5 - day},{5 - day},{5 - day},\n" for day in range(1, 21))
    assert cli("load", "-", "--id", 3, stdin="date,open,high,low,close,volume\n" + rows).code == 0
    db.execute("SELECT FROM refresh_bars(3, 'multi_tf')")
    assert cli("-q", "plot", 3, "1D", "3D", "--log", "-o", tmp_path / "oil.png").code == 0
    assert cli("-q", "plot", 3, "1D", "3D", "-o", tmp_path / "oil.html").code == 0


@pytest.mark.parametrize(
    ("value", "label"),
    [(0, "0"), (950, "950"), (1500, "1.5 k"), (2e7, "20 M"), (3.21e9, "3.21 B"), (1e12, "1 T"), (7e15, "7 P"),
     (999_999, "1 M"), (-2500, "-2.5 k"), (0.25, "0.25")],
)  # fmt: skip
def test_volumes_are_written_in_short(value: float, label: str) -> None:
    assert volume_label(value) == label


@pytest.mark.parametrize("most", [0.3, 1, 7, 950, 1999, 123456, 3e9, 8e15])
def test_volume_ticks_are_round_and_few(most: float) -> None:
    ticks = volume_ticks(most)
    assert 3 <= len(ticks) <= 5
    assert ticks[0] == 0
    assert most / 3 < ticks[-1] <= most * 1.001
    assert volume_ticks(0) == [0.0]


def test_wicks_are_never_cut_by_emas(db: Db) -> None:
    """Flat days and one with long wicks: the axis holds 20 to 130, also where EMAs are drawn."""
    days: list[tuple[Any, ...]] = [(f"2024-01-{day:02}", 100, 101, 99, 100, 1) for day in range(1, 31)]
    days[20] = ("2024-01-21", 100, 130, 20, 100, 1)
    put_days(db, 7, days)
    db.execute("SELECT FROM refresh_emas(7, 'multi_tf')")
    chart = read(db, 7, ["1D"], [6])
    (panel,) = chart.panels
    assert panel.prices() == (20, 130)
    for log in (False, True):
        low, high = limits(replace(chart, log=log), panel)
        assert 0 < low < 20
        assert 130 < high < 160


def test_a_logarithmic_axis_says_what_it_cannot_show(db: Db) -> None:
    put_days(db, 7, [("2020-04-17", 20, 21, 18, 18, 1), ("2020-04-20", 17, 18, -40, -37, 1)])
    db.execute("SELECT FROM refresh_bars(7, 'multi_tf')")
    assert not read(db, 7, ["1D"]).notes
    (note,) = read(db, 7, ["1D"], log=True).notes
    assert "1 bars of 1D have prices of 0 or below, from 2020-04-20 to 2020-04-20" in note


PLACES = (
    # calendar, first day, days, holes, extra rows, weeks that tile; missing and extra as they are drawn
    ("XNYS", date(2012, 11, 5), 40, (), (), "1W_CAL_US"),  # Thanksgiving, and half a day after it
    ("XNYS", date(2001, 8, 27), 40, (), (), "1W_CAL_ISO"),  # four days closed in September 2001
    ("XSHG", date(2023, 9, 18), 40, (), (), "1W_CAL_ISO"),  # a golden week
    ("FX", date(2024, 1, 7), 40, (date(2024, 1, 25), date(2024, 1, 26)), (), "1W_CAL_US"),  # Sundays
    ("XNYS", date(2023, 12, 4), 40, (date(2023, 12, 8), date(2023, 12, 11)), (date(2023, 12, 16),), "7D"),
)


def test_an_asset_on_a_calendar_is_drawn_session_by_session(db: Db, tmp_path: Path) -> None:
    """Bars lie side by side: no room for days without session, one place for each missing one."""
    db.execute("DELETE FROM dim_timeframe WHERE tf NOT IN ('1D', '7D', '1W_CAL_US', '1W_CAL_ISO', '1M_CAL')")
    calendars = {**shipped(), "FX": week("1111101")}
    for name in ("XNYS", "XSHG", "FX"):
        put_calendar(db, name, calendars[name])
    for asset, (name, first, length, holes, extra, tf) in enumerate(PLACES, 1):
        sessions = calendars[name].sessions(first, first + timedelta(100))[:length]
        days = sorted({*sessions, *extra} - set(holes))
        put_days(db, asset, [(str(d), 10, 12 + d.day % 3, 8, 11, 1500) for d in days])
        db.execute("UPDATE cmc_price_histories7 SET local_day = (\"timestamp\" AT TIME ZONE 'UTC')::date")
        db.execute("INSERT INTO assets (id, calendar) VALUES (%s, %s)", (asset, name))
        db.execute("SELECT FROM refresh_bars(%s)", (asset,))
        chart = read(db, asset, ["1D", tf, "1M_CAL"])
        axis = chart.sessions
        assert axis is not None
        assert (axis.missing, axis.extra) == (list(holes), list(extra))
        for panel in chart.panels:
            spans = [chart.span(candle) for candle in panel.candles]
            if panel.tf == "1D":
                # A place a row; holes between them keep theirs.
                assert [span.width for span in spans] == [1] * len(days)
                assert [axis.days[int(span.middle)] for span in spans] == days
                assert spans[-1].right - spans[0].left == len({*sessions, *extra})
            elif panel.tf != "1M_CAL":
                assert all(before.right == after.left for before, after in pairwise(spans)), (name, panel.tf)
        # What a page leaves out of its axis is no session and no row; and all such days are left out.
        drawn = _axis(chart)
        begin, end = (moment.date() for moment in drawn["range"])
        hidden = set()
        for rule in drawn["rangebreaks"]:
            if rule["bounds"] == ["sat", "mon"]:
                every = (begin + timedelta(i) for i in range((end - begin).days))
                hidden |= {day for day in every if day.weekday() >= 5}
            else:
                low, high = map(date.fromisoformat, rule["bounds"])
                hidden |= {low + timedelta(i) for i in range((high - low).days)}
        shown = set(calendars[name].sessions(begin, end - timedelta(1))) | set(extra)
        assert hidden == {begin + timedelta(i) for i in range((end - begin).days)} - shown
        write(chart, str(tmp_path / f"{asset}.png"))
        write(chart, str(tmp_path / f"{asset}.html"))
        legend = "sessions without a row" in chart.legend, "rows on no session" in chart.legend
        assert legend == (bool(holes), bool(extra))
    # Not only the newest bars: a forming one reaches to the end of its window, in sessions to come.
    forming = chart.panels[1].candles[-1]
    assert not forming.is_closed
    assert chart.span(forming).width == 7


def test_a_chart_follows_the_calendar_that_bars_were_built_with(db: Db) -> None:
    put_calendar(db, "C", week())
    put_days(db, 7, [(str(d), 10, 12, 8, 11, 1) for d in week().sessions(date(2024, 1, 1), date(2024, 2, 9))])
    db.execute("INSERT INTO assets (id) VALUES (7)")
    db.execute("SELECT FROM refresh_bars(7, 'cal_us')")
    assert read(db, 7, ["1W_CAL_US"]).sessions is None
    db.execute("UPDATE assets SET calendar = 'C'")
    assert read(db, 7, ["1W_CAL_US"]).sessions is None
    db.execute("SELECT FROM refresh_bars(7, 'cal_us')")
    assert read(db, 7, ["1W_CAL_US"]).sessions is not None


def test_ticks_are_few_and_stand_where_a_unit_begins() -> None:
    days = week().sessions(date(2019, 1, 1), date(2024, 12, 31))
    axis = SessionAxis.of(days, [(n, datetime.combine(d, time(23)), d) for n, d in enumerate(days, 1)])
    week_of_days = axis.ticks(0, 4.5)
    assert [(axis.days[place].isoformat(), word) for place, word in week_of_days][:3] == [
        ("2019-01-01", "1 Jan\n2019"), ("2019-01-02", "2 Jan"), ("2019-01-03", "3 Jan"),
    ]  # fmt: skip
    for count in (5, 12, 30, 60, 120, 250, 500, 1000, len(days)):
        for begin in (0, 7, 400):
            ticks = axis.ticks(begin - 0.5, min(begin + count, len(days)) - 0.5)
            assert 2 <= len(ticks) <= 13
            assert all(begin <= place < begin + count for place, _ in ticks)
            assert all(later - earlier >= 0.04 * count for (earlier, _), (later, _) in pairwise(ticks))
    assert [word for _, word in axis.ticks(0, len(days))] == [
        f"{month}\n{year}" if month == "Jan" else month
        for year in range(2019, 2025)
        for month in ("Jan", "Jul")
    ]


def put_days(db: Db, asset: int, days: list[tuple[Any, ...]]) -> None:
    """Raw days: date, open, high, low, close, volume."""
    db.cursor().executemany(
        """INSERT INTO cmc_price_histories7
               (id, timeopen, timeclose, "timestamp", open, high, low, close, volume)
           VALUES (%s, %s::timestamptz, %s::timestamptz, %s::timestamptz, %s, %s, %s, %s, %s)""",
        [(asset, f"{d} 00:00Z", f"{d} 23:59:59.999Z", f"{d} 23:59:59.999Z", *rest) for d, *rest in days],
    )
