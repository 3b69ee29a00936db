"""\\d+ and \\df+ teach: everything in the schema says what it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ta_lab2_sql.schema import migration
from ta_lab2_sql.schema.files import first_sentence

UNEXPLAINED = """
SELECT c.relname || coalesce('.' || a.attname, '')
FROM pg_class AS c
LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
    AND NOT c.relispartition
    AND (obj_description(c.oid, 'pg_class') IS NULL
        OR a.attnum IS NOT NULL AND col_description(c.oid, a.attnum) IS NULL)
UNION ALL
SELECT oid::regprocedure::text FROM pg_proc
WHERE pronamespace = current_schema()::regnamespace AND obj_description(oid, 'pg_proc') IS NULL
ORDER BY 1
"""


def test_every_relation_column_and_function_is_explained(db: psycopg.Connection[Any]) -> None:
    """Tables and columns in sql/comments/columns.sql; functions and views by their file's first sentence."""
    assert [name for (name,) in db.execute(UNEXPLAINED)] == []


def test_comments_are_sentences_of_the_files(db: psycopg.Connection[Any]) -> None:
    told = db.execute(
        "SELECT obj_description('refresh_bars'::regproc), obj_description('bars_latest'::regclass), "
        "obj_description('note_raw_changes'::regproc)"
    ).fetchone()
    assert told == (
        "bring the validated days and the bars of one asset up to date, in one transaction.",
        "the newest bar, forming or closed, of every asset and timeframe.",
        "trigger function of the raw table; "
        "notes the earliest change of each asset that a statement touched.",
    )


def test_a_relation_may_mean_something_else_by_a_column(db: psycopg.Connection[Any]) -> None:
    told = dict(
        db.execute(
            "SELECT attrelid::regclass::text, col_description(attrelid, attnum) FROM pg_attribute "
            "WHERE attname = 'bar_seq' AND attrelid IN ('cmc_price_bars_1d'::regclass, 'bars'::regclass)"
        ).fetchall()
    )
    assert "validated day" in told["cmc_price_bars_1d"]
    assert "of the bar" in told["bars"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("-- f: one thing. And more.\nCREATE", "one thing."),
        ("-- f: begins here\n--   and ends.\n--   p_id  asset\nCREATE", "begins here and ends."),
        ("-- f: v1.0 of it\nCREATE", "v1.0 of it"),
        ("CREATE FUNCTION f()", None),
    ],
)
def test_first_sentences(text: str, sentence: str | None) -> None:
    assert first_sentence(text) == sentence


def test_comments_follow_every_change(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A view made anew has lost the comments of its columns, whose own file is as it was."""
    with psycopg.connect(empty_url, autocommit=True) as connection:
        migration.Migration(connection).upgrade()
        connection.execute("DROP VIEW bars_latest")
        connection.execute("DELETE FROM ta_lab2_objects WHERE path = 'views/bars/bars_latest.sql'")
        report = migration.Migration(connection).upgrade()
        assert report.applied == ["views/bars/bars_latest.sql", "comments/columns.sql"]
        assert [name for (name,) in connection.execute(UNEXPLAINED)] == []
        assert migration.Migration(connection).upgrade().applied == []


def test_offline_sql_has_the_comments(empty_url: str, tmp_path: Path, cli: Callable[..., Any]) -> None:
    file = tmp_path / "install.sql"
    file.write_text(cli("migrate", "--sql").out)
    done = cli("db", "psql", "--", "-q", "-f", file, url=empty_url)
    assert done.code == 0, done.err
    with psycopg.connect(empty_url) as connection:
        assert [name for (name,) in connection.execute(UNEXPLAINED)] == []
