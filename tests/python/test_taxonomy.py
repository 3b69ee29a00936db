"""Python reads families and variants from the file of the function that SQL asks."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row

from ta_lab2_sql import taxonomy


def test_python_and_the_database_know_the_same(db: psycopg.Connection[Any]) -> None:
    with db.cursor(row_factory=dict_row) as cursor:
        stored = cursor.execute("SELECT * FROM taxonomy() ORDER BY ordinal").fetchall()
    assert list(taxonomy.rows()) == stored
    for family in taxonomy.families():
        assert db.execute("SELECT check_timeframes(%s, NULL)", (family,)).fetchone() is not None
    for variant in taxonomy.variants():
        relation = f"cmc_ema_{taxonomy.source_of(variant)}"
        assert db.execute("SELECT to_regclass(%s) IS NOT NULL", (relation,)).fetchone() == (True,)


def test_what_belongs_together() -> None:
    assert taxonomy.family_of("multi_tf_v2") == "multi_tf"
    assert taxonomy.groups_of("multi_tf") == ["multi_tf"]
    assert taxonomy.groups_of("cal_us") == ["cal_us", "cal"]
    assert taxonomy.families()[:3] == ("1d", "multi_tf", "cal_us")
