"""Laws of loading: a table of days is the same rows in whatever layout it is written; two loads at once."""

from __future__ import annotations

import random
import threading
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ta_lab2_sql.load import LoadOptions, layouts, load_files

Db = psycopg.Connection[Any]
PRICES = ("open", "high", "low", "close")
WRITTEN = [
    layout
    for layout in layouts.shipped().values()
    if layout.columns and layout.stamp == "day" and not layout.fixed
]
FORMS = {"dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y", "ymd": "%Y-%m-%d", None: "%Y%m%d"}


def number(cents: int, decimal: str, thousands: bool) -> str:
    """A number in hundredths as a file writes it."""
    whole, rest = divmod(cents, 100)
    text = f"{whole:,}" if thousands else str(whole)
    return (
        (text.replace(",", "\0") + f".{rest:02}")
        .replace(".", decimal)
        .replace("\0", "." if decimal == "," else ",")
    )


def written(layout: layouts.Layout, rows: list[dict[str, Any]], dice: random.Random) -> str:
    """A file of the layout: any order of columns, any delimiter, all cells in quotes."""
    roles = [role for role in layout.columns if role in (*PRICES, "date", "volume")]
    names = {role: next(n for n in layout.columns[role] if not n.endswith(" *")) for role in roles}
    there = {layouts.key(name) for name in names.values()}
    needed = min(layout.needs, key=len) if layout.needs else frozenset()
    columns = [*names.items(), *((None, name) for name in needed - there)]
    dice.shuffle(columns)
    if layout.in_order:
        columns.sort(
            key=lambda c: layout.in_order.index(k) if (k := layouts.key(c[1])) in layout.in_order else -1
        )
    decimal, delimiter = layout.decimal or dice.choice(".,"), dice.choice(",;\t|")
    thousands = dice.random() < 0.5
    lines = [[name for _, name in columns]]
    for row in rows:
        cells = []
        for role, _ in columns:
            if role == "date":
                cells.append(row["date"].strftime(FORMS[layout.order]))
            elif role == "volume":
                cells.append(str(row["volume"]))
            else:
                cells.append(number(row[role], decimal, thousands) if role else "5")
        lines.append(cells)
    if dice.random() < 0.5:
        lines[1:] = reversed(lines[1:])
    return "".join(delimiter.join(f'"{cell}"' for cell in line) + "\n" for line in lines)


@settings(suppress_health_check=list(HealthCheck), max_examples=60, deadline=None)
@given(
    layout=st.sampled_from(WRITTEN),
    first=st.dates(date(1990, 1, 1), date(2030, 1, 1)),
    cents=st.lists(st.integers(100, 99_999_999), min_size=2, max_size=6),
    seed=st.integers(0, 1 << 32),
)
def test_a_table_is_the_same_in_every_layout(
    db: Db, tmp_path: Path, layout: layouts.Layout, first: date, cents: list[int], seed: int
) -> None:
    rows = [
        {
            "date": first + timedelta(i),
            "open": c,
            "high": c + 151,
            "low": c - 99,
            "close": c + 51,
            "volume": i + 7,
        }
        for i, c in enumerate(cents)
    ]
    path = tmp_path / "prices.csv"
    path.write_text(written(layout, rows, random.Random(seed)), encoding="utf-8")
    db.execute("DELETE FROM cmc_price_histories7")
    db.execute("DELETE FROM assets")
    load_files(db, [str(path)], LoadOptions(asset="1", layout=None if layout.needs else layout.name))
    found = db.execute(
        'SELECT local_day, open, high, low, close, volume FROM cmc_price_histories7 ORDER BY "timestamp"'
    ).fetchall()
    one = not set(layout.columns) & {"open", "high", "low"}
    expected = [
        (row["date"], *((row["close" if one else role]) / 100 for role in PRICES), float(row["volume"]))
        for row in rows
    ]
    assert found == expected


@pytest.mark.parametrize("symbols", [("AAA", "BBB"), ("BBB", "AAA")])
def test_two_loads_at_once_agree_on_ids(
    db: Db, db_url: str, tmp_path: Path, symbols: tuple[str, ...]
) -> None:
    """Never one id for two symbols, nor two ids for one."""
    path = tmp_path / "prices.csv"
    rows = [f"2024-01-0{i},{s},1,2,1,1,5" for s in symbols for i in (1, 2)]
    path.write_text("date,ticker,open,high,low,close,volume\n" + "\n".join(rows) + "\n")
    failures: list[BaseException] = []

    def run() -> None:
        try:
            with psycopg.connect(db_url, autocommit=True) as connection:
                load_files(connection, [str(path)])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert db.execute("SELECT count(*), count(DISTINCT symbol), max(id) FROM assets").fetchone() == (2, 2, 2)
    assert db.execute("SELECT count(*) FROM cmc_price_histories7").fetchone() == (4,)
