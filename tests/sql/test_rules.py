"""Rules that keep every table and function divisible by asset: in the installed schema and in the files."""

from __future__ import annotations

import ast
import itertools
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cluster_rules import (
    BEGINS,
    OF_ASSETS,
    RELATIONS,
    TABLES,
    VIEWS,
    refused,
    refused_in_view,
    refused_of_all,
)

from ta_lab2_sql.schema.files import catalogue

Db = psycopg.Connection[Any]
ROOT = Path(__file__).parents[2]
FILES = sorted((catalogue().folder / "functions").rglob("*.sql"))


def found(db: Db, query: str) -> list[Any]:
    return db.execute(query.encode(), {"tables": list(TABLES.distributed)}).fetchall()


def test_no_distributed_table_needs_what_shards_do_not_have(db: Db) -> None:
    """No serials, identities, exclusions or rules; triggers only as an addition, to note raw changes."""
    assert (
        found(
            db,
            """SELECT attrelid::regclass::text, attname FROM pg_attribute AS a
           LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
           WHERE attrelid = ANY(%(tables)s::regclass[]) AND attnum > 0
           AND (attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE '%%nextval%%')""",
        )
        == []
    )
    assert (
        found(
            db,
            """SELECT conname FROM pg_constraint
               WHERE conrelid = ANY(%(tables)s::regclass[]) AND contype = 'x'""",
        )
        == []
    )
    assert found(db, "SELECT rulename FROM pg_rewrite WHERE ev_class = ANY(%(tables)s::regclass[])") == []
    assert {
        name
        for (name,) in found(
            db,
            """SELECT tgname FROM pg_trigger
               WHERE tgrelid = ANY(%(tables)s::regclass[]) AND NOT tgisinternal""",
        )
    } == {f"raw_changes_{event}" for event in ("insert", "update", "delete", "truncate")}
    assert (
        found(
            db,
            """SELECT inhrelid::regclass::text FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhparent
           WHERE inhparent = ANY(%(tables)s::regclass[]) AND c.relkind = 'r'""",
        )
        == []
    )


def test_foreign_keys_stay_beside_the_asset_or_lead_to_the_catalogue(db: Db) -> None:
    for table, target, columns in db.execute(
        """SELECT conrelid::regclass::text, confrelid::regclass::text,
               (SELECT array_agg(attname::text) FROM pg_attribute
                WHERE attrelid = conrelid AND attnum = ANY(conkey))
           FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace"""
    ):
        if table in TABLES.distributed:
            assert target in TABLES.reference or (target in TABLES.distributed and "id" in columns), table
        else:
            assert target in TABLES.reference, table


def test_ids_are_int_everywhere(db: Db) -> None:
    assert (
        db.execute(
            """SELECT attrelid::regclass::text FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
           WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') AND attname = 'id'
           AND atttypid <> 'int'::regtype"""
        ).fetchall()
        == []
    )
    assert (
        db.execute(
            """SELECT p.oid::regprocedure::text FROM pg_proc AS p
           CROSS JOIN LATERAL unnest(proargnames, proargtypes::oid[]) WITH ORDINALITY AS a (name, type, i)
           WHERE pronamespace = 'public'::regnamespace AND a.name = 'p_id' AND (type <> 'int'::regtype)"""
        ).fetchall()
        == []
    )


def test_refreshes_take_the_asset_first(db: Db) -> None:
    """So do all functions that work on one asset; where an EMA is named, its variant stands before it."""
    for name, position, before in db.execute(
        """SELECT p.proname, a.i, p.proargnames[1] FROM pg_proc AS p
           CROSS JOIN LATERAL unnest(proargnames) WITH ORDINALITY AS a (name, i)
           WHERE pronamespace = 'public'::regnamespace AND a.name = 'p_id'"""
    ):
        assert position == 1 or (position == 2 and before == "p_variant"), name


def test_functions_that_touch_assets_are_plpgsql(db: Db) -> None:
    touching = [
        (name, language)
        for name, language, source in db.execute(
            """SELECT p.oid::regprocedure::text, l.lanname,
                   CASE WHEN l.lanname = 'sql' THEN pg_get_functiondef(p.oid) ELSE p.prosrc END
               FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang
               WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'"""
        )
        if re.search(rf"\b(FROM|JOIN|INTO|UPDATE)\s+({OF_ASSETS})\b", source)
    ]
    assert touching
    assert {language for _, language in touching} == {"plpgsql"}


def body(path: Path) -> str:
    """The code of a file, without comments and texts."""
    text = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
    return re.sub(r"'(?:[^']|'')*'", "''", text)


def statements(path: Path) -> list[str]:
    return re.split(r";|\bLOOP\b|\bTHEN\b(?!\s+(?:UPDATE|DELETE|INSERT)\b)", body(path))


ONE_ASSET = [path for path in FILES if re.search(r"\(\s*(p_variant text, )?p_id int\b", body(path))]


@pytest.mark.parametrize("path", ONE_ASSET, ids=lambda p: p.stem)
def test_statements_about_an_asset_name_it(path: Path) -> None:
    """Each table of assets in a statement carries its alias with id = p_id: one shard, known when planned."""
    assert undivided(body(path)) == []


def undivided(text: str) -> list[str]:
    """What in a function of one asset may reach other assets."""
    wrong = []
    uses = re.finditer(
        rf"\b(FROM|JOIN|USING|UPDATE)\s+({OF_ASSETS}|bars_1d_(?:candidates|compared|differing))\b"
        r"(?:\s+AS\s+(\w+))?",
        text,
    )
    for use in uses:
        if use[1] == "UPDATE" and re.search(r"DO\s+$", text[: use.start()]):
            continue
        if use[3] is None or not re.search(rf"\b{use[3]}\.id = (p_id|s\.id)\b", text[use.end() :]):
            wrong.append(use[0])
    for insert in re.finditer(
        rf"INSERT INTO ({OF_ASSETS})(?: AS \w+)? \(\s*(\w+)[^)]*\)\s*(SELECT|VALUES \()\s*([\w.]+)", text
    ):
        if (insert[2], insert[4]) != ("id", "p_id"):
            wrong.append(insert[0])
    return wrong


@pytest.mark.parametrize(
    "text",
    [
        "SELECT max(b.close) FROM bars AS b;",
        "SELECT max(close) FROM bars WHERE id = p_id;",
        "DELETE FROM emas AS e USING bars AS b WHERE b.id = p_id AND e.id = b.id;",
        "INSERT INTO bars (id, tf) SELECT b.id, b.tf FROM bars AS b WHERE b.id = p_id;",
    ],
)
def test_a_statement_that_reaches_other_assets_is_seen(text: str) -> None:
    assert undivided(text) != []


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_statements_are_of_the_kind_that_shards_take(path: Path) -> None:
    """One data-modifying part each, counted by RETURNING; no DDL; updates on conflict of plain values."""
    text = body(path)
    assert not re.search(r"\bGET\s+DIAGNOSTICS\b", text)
    after = text.split("$$", 1)[-1] if "$$" in text else ""
    assert not re.search(r"\b(CREATE|ALTER|DROP|TRUNCATE)\s+(TEMP|TABLE|INDEX|SEQUENCE|SCHEMA)\b", after)
    for statement in statements(path):
        changes = re.findall(rf"\b(?:INSERT INTO|DELETE FROM|(?<!DO )UPDATE)\s+(?:{OF_ASSETS})\b", statement)
        assert len(changes) <= 1, statement
    for update in re.findall(r"DO UPDATE SET(.*?)(?:WHERE|RETURNING|;|\)\s*SELECT)", text, flags=re.S):
        assert not re.search(r"\bSELECT\b", update), update
        calls = set(re.findall(r"\b(\w+)\(", update))
        assert calls <= {"least", "greatest", "coalesce"}, update


def reads_tables() -> set[str]:
    """The functions that look at tables, themselves or through others."""
    bodies: dict[str, str] = {}
    for path in FILES:
        text = body(path)
        (name,) = re.findall(r"FUNCTION (\w+)", text)
        bodies[name] = bodies.get(name, "") + text.partition("$$")[2]
    found = {name for name, text in bodies.items() if mentions(text)}
    while more := {n for n, text in bodies.items() if n not in found and calls(text) & found}:
        found |= more
    return found


def mentions(text: str) -> set[str]:
    return set(re.findall(rf"\b(?:FROM|JOIN|USING|INTO|UPDATE)\s+({RELATIONS})\b(?!\s*\()", text))


def calls(text: str) -> set[str]:
    return set(re.findall(r"\b(\w+)\s*\(", text))


def asking(text: str, reading: set[str]) -> list[str]:
    """Statements of tables that ask a function which looks at tables itself."""
    parts = re.split(rf";|\bLOOP\b|\b(?:THEN|ELSE)\b(?=\s+(?:{BEGINS}))|\bBEGIN\b", text)
    return [part for part in parts if mentions(part) and calls(alone(part)) & reading]


def alone(statement: str) -> str:
    """A statement without the parts that a cluster runs by themselves where rows are inserted: materialized
    ones that read no table."""
    if "INSERT INTO" not in statement:
        return statement
    kept, start = "", 0
    for part in re.finditer(r"AS MATERIALIZED \(", statement):
        depth, end = 1, part.end()
        while depth and end < len(statement):
            depth += {"(": 1, ")": -1}.get(statement[end], 0)
            end += 1
        if part.start() >= start and not mentions(statement[part.end() : end]):
            kept, start = kept + statement[start : part.end()], end
    return kept + statement[start:]


@pytest.mark.parametrize("path", [*FILES, *VIEWS], ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_no_statement_about_tables_asks_a_function_that_reads_others(path: Path) -> None:
    """A shard refuses a query within its query; nor may a view ask such a function."""
    text = body(path)
    text = text if path in VIEWS else text.partition("$$")[2]
    assert asking(text, reads_tables()) == []


def test_a_query_within_a_query_is_seen() -> None:
    reading = reads_tables()
    assert {"bar_work", "refresh_bars", "row_from", "check_asset"} <= reading
    assert not {"ema_lanes", "calendar_unit", "raise_emas_differ", "taxonomy"} & reading
    assert asking("SELECT row_from(p_id, s.last_ts) FROM bars_state AS s WHERE s.id = p_id;", reading) != []
    assert asking("SELECT row_from(p_id, s.ts) FROM unnest(v_ts) AS s (ts);", reading) == []


@pytest.mark.parametrize("path", VIEWS, ids=lambda p: p.stem)
def test_no_view_is_refused_by_a_cluster(path: Path) -> None:
    assert refused_in_view(path.read_text(encoding="utf-8")) == []


LOOKUP = """
SELECT s.id, g.last_row, k.block
FROM bars_state AS s
INNER JOIN dim_timeframe AS t ON t.bar_group = s.bar_group
{kind} JOIN LATERAL (
    SELECT b.last_row FROM bars AS b WHERE b.id = s.id AND b.tf = t.tf ORDER BY b.bar_seq DESC LIMIT 1
) AS g ON true
INNER JOIN day_blocks AS k ON k.id = s.id AND {condition}
"""


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (LOOKUP.format(kind="CROSS", condition="true"), "other than left"),
        (LOOKUP.format(kind="LEFT", condition="k.last_row >= g.last_row"), "an inner one"),
        (LOOKUP.format(kind="LEFT", condition="(k.block < 9 AND k.last_row > g.last_row)"), "an inner one"),
        (
            LOOKUP.format(
                kind="LEFT", condition="(k.last_row >= g.last_row AND k.block < g.last_row) IN (true, true)"
            ),
            "an inner one",
        ),
        (
            """SELECT s.id, g.n FROM bars_state AS s CROSS JOIN LATERAL (
                   SELECT (SELECT max(b.bar_seq) FROM bars AS b WHERE b.id = s.id) AS n WHERE true OFFSET 0
               ) AS g""",
            "none of the assets' tables",
        ),
        (
            """SELECT s.id, p.dirty_from FROM bars_state AS s CROSS JOIN LATERAL (
                   SELECT w.dirty_from FROM (SELECT s.id) AS one
                   LEFT JOIN bars_pending AS w ON w.id = s.id
               ) AS p""",
            "joined left to none of theirs",
        ),
    ],
)
def test_what_a_cluster_refuses_of_a_view_is_seen(text: str, rule: str) -> None:
    (line,) = refused_in_view(text)
    assert rule in line


@pytest.mark.parametrize(
    "condition",
    [
        "true",
        "(k.last_row >= g.last_row AND g.last_row IS NOT NULL) IN (true, true)",
        "(k.last_row >= g.last_row AND k.block > 0) IN (true, true)",
    ],
)
def test_what_a_cluster_takes_of_a_view_is_not_called_refused(condition: str) -> None:
    assert refused_in_view(LOOKUP.format(kind="LEFT", condition=condition)) == []


QUERIES = sorted((Path(__file__).parents[2] / "src" / "ta_lab2_sql").rglob("*.sql"))


@pytest.mark.parametrize("path", [*FILES, *VIEWS, *QUERIES], ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_no_file_says_what_a_cluster_refuses(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    text = text.partition("$$")[2] if path in FILES else text
    assert refused(text) == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_functions_that_ask_others_find_them_from_anywhere(path: Path) -> None:
    """A view's reader, or a node, may have another search_path."""
    text = body(path)
    if "LANGUAGE plpgsql" in text and "SET search_path FROM CURRENT" not in text:
        assert not calls(text.partition("$$")[2]) & {other.stem for other in FILES if other != path}


REVISIONS = sorted((ROOT / "migrations" / "versions").glob("*.sql"))
SETS_COLUMNS = re.compile(r"\bSET (?:STORAGE|STATISTICS|COMPRESSION)\b|\bSET \(n_distinct\b")


@pytest.mark.parametrize("path", REVISIONS, ids=lambda p: p.stem)
def test_revisions_set_nothing_of_columns_that_shards_refuse(path: Path) -> None:
    """Of tables that may be distributed already; a revision that makes them finds none."""
    text = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
    if "CREATE TABLE" not in text and not path.stem.startswith("0001_"):
        assert not SETS_COLUMNS.search(text) or "extname = 'citus'" in text


def sent_as_written(text: str) -> list[str]:
    """What a cluster sends to its nodes with the whole text that it stands in, where that is more than one
    statement; within a block each is sent by itself."""
    bare = re.sub(r"\$(\w*)\$.*?\$\1\$|'[^']*'|--[^\n]*", "", text, flags=re.DOTALL)
    told = [" ".join(statement.split()) for statement in bare.split(";") if statement.strip()]
    return [
        statement
        for statement in (told if len(told) > 1 else [])
        if re.match(rf"CREATE (?:UNIQUE )?INDEX .* ON (?:ONLY )?(?:{OF_ASSETS})\b", statement)
        or re.match(rf"ALTER TABLE (?:{OF_ASSETS})\b.*\b(?:CONSTRAINT|INDEX|NULL|DEFAULT|TYPE)\b", statement)
    ]


@pytest.mark.parametrize("path", [p for p in REVISIONS if p.stem >= "0011"], ids=lambda p: p.stem)
def test_revisions_of_several_statements_change_tables_in_blocks(path: Path) -> None:
    """A cluster says "cannot insert multiple commands into a prepared statement" else."""
    assert sent_as_written(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE bars ADD CONSTRAINT bars_positive CHECK (close > 0);",
        "ALTER TABLE bars ALTER close SET NOT NULL;",
        "ALTER TABLE bars ALTER COLUMN\n    close SET DEFAULT 1;",
        "CREATE UNIQUE INDEX bars_last ON bars (id, tf, last_row);",
    ],
)
def test_what_a_cluster_sends_as_written_is_seen(statement: str) -> None:
    other = "ALTER TABLE bars ADD COLUMN more int; -- ALTER TABLE bars ALTER more SET NOT NULL;\n"
    assert sent_as_written(other + statement) == [" ".join(statement.rstrip(";").split())]
    assert sent_as_written(statement) == []
    assert sent_as_written(f"{other}DO $$\nBEGIN\n    {statement}\nEND;\n$$;") == []


# Without lists of assets, which are for one server, and functions that go another way on a cluster.
OF_MANY = [
    path
    for path in (*FILES, *QUERIES)
    if path.parent.name != "many"
    and not re.search("is_cluster\\(\\)|extname = .citus.", path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("path", OF_MANY, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_queries_of_many_assets_ask_nothing_for_rows_of_the_catalogue(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert refused_of_all(text.partition("$$")[2] if path in FILES else text) == []


@pytest.mark.parametrize(
    "given",
    [
        "WITH given AS MATERIALIZED (SELECT s.id FROM bars_state AS s) SELECT g.id FROM given AS g",
        "SELECT g.id FROM assets AS g",
        "SELECT g.id FROM unnest(p_ids) AS g (id)",
    ],
)
def test_a_subquery_for_rows_of_what_every_node_has_is_seen(given: str) -> None:
    asked = " WHERE NOT EXISTS (SELECT 1 FROM bars AS b WHERE b.id = g.id)"
    assert len(refused_of_all(given + asked)) == 1
    assert refused_of_all(given + " WHERE EXISTS (SELECT 1 FROM bars AS b WHERE b.bar_seq > 9)") == []
    assert refused_of_all(f"SELECT g.id FROM bars_state AS g {asked}") == []


TESTS = Path(__file__).parents[1]


def python_texts(path: Path) -> list[str]:
    """The texts of a module; what is filled into one may hold anything."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = (str(v.value) if isinstance(v, ast.Constant) else "filled_in" for v in node.values)
            found.append("".join(parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
    return found


def test_no_test_says_what_a_cluster_refuses() -> None:
    """The same statements go to a real cluster."""
    of_statements = re.compile(r"\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM)\b")
    wrong = [
        (str(path.relative_to(TESTS)), line)
        for path in sorted(TESTS.rglob("*.py"))
        # Here and there it is shown what is refused.
        if path.name not in ("test_rules.py", "test_citus.py")
        for text in python_texts(path)
        if of_statements.search(text)
        for line in refused(text)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (
            "SELECT 1 FROM bars AS b LEFT JOIN emas AS e ON p_day AND e.id = b.id WHERE b.id = p_id",
            "no shard",
        ),
        ("SELECT 1 FROM bars AS b WHERE b.id = p_id AND (b.tf = p_tf AND p_tf = '1D')", "no shard"),
        ("SELECT 1 FROM bars AS b WHERE b.id = %(id)s AND %(tf)s IN ('1D', '2D')", "no shard"),
        ("SELECT 1 FROM bars AS b WHERE b.bar_seq BETWEEN 1 AND 3 AND NOT v_all", "no shard"),
        ("UPDATE bars AS b SET tf = CASE p_tf WHEN '1D' THEN '2D' END WHERE b.id = p_id", "CASE x WHEN"),
        ("SELECT CASE WHEN EXISTS (SELECT FROM emas_state) THEN 1 END", "without a column"),
        (
            """WITH found AS (SELECT b.id, b.tf FROM bars AS b WHERE b.id = p_id)
               INSERT INTO bars_pending (id, tf) SELECT p_id, f.tf FROM found AS f""",
            "over all nodes: found",
        ),
        ("UPDATE emas SET day_space = day_space[2:] WHERE id = 1", "slice"),
        (
            "UPDATE emas_state AS e SET series = v_n[array_position(v_of, e.ema_group)] WHERE e.id = p_id",
            "a function of a column",
        ),
        ('DELETE FROM cmc_price_histories7 AS h WHERE h."timestamp"::date = p_day', "session"),
    ],
)
def test_what_a_cluster_refuses_is_seen(text: str, rule: str) -> None:
    (line,) = refused(text)
    assert rule in line


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 FROM bars AS b WHERE p_ids IS NULL OR b.id = ANY(p_ids)",
        "SELECT count(*) FILTER (WHERE p_day) FROM bars AS b WHERE b.id = p_id AND b.bar_seq >= p_from",
        "SELECT CASE b.tf WHEN '1D' THEN 1 END FROM bars AS b WHERE b.id = p_id",
        """WITH given AS (SELECT u.tf FROM unnest(p_tfs) AS u (tf))
           INSERT INTO bars_pending AS p (id, tf) SELECT p_id, g.tf FROM given AS g
           ON CONFLICT (id, tf) DO UPDATE SET dirty_from = excluded.dirty_from""",
        "UPDATE day_blocks AS k SET caps = ARRAY[k.caps[v_rows - k.row_before]] WHERE k.id = p_id",
        "UPDATE bars AS b SET tf = p_tfs[2] WHERE b.id = p_id AND b.time_close > p_day::timestamptz",
        "SELECT 1 FROM unnest(p_tfs) AS u (tf) WHERE p_day",
    ],
)
def test_what_a_cluster_takes_is_not_called_refused(text: str) -> None:
    assert refused(text) == []


def test_no_view_hangs_on_a_key(db: Db) -> None:
    """A cluster would keep it from its other nodes."""
    found = db.execute(
        """SELECT v.oid::regclass::text, k.conname FROM pg_depend AS d
           JOIN pg_rewrite AS r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
           JOIN pg_class AS v ON v.oid = r.ev_class AND v.relkind = 'v'
           JOIN pg_constraint AS k ON k.oid = d.refobjid AND d.refclassid = 'pg_constraint'::regclass"""
    ).fetchall()
    assert found == []


def test_long_functions_say_why() -> None:
    """One that does several things is several functions; what is one thing and long has a reason."""
    unexplained = []
    for path in sorted((catalogue().folder / "functions").rglob("*.sql")):
        lines = path.read_text(encoding="utf-8").splitlines()
        code = [line for line in lines if line.strip() and not line.strip().startswith("--")]
        header = "\n".join(itertools.takewhile(lambda line: line.startswith("--"), lines))
        if len(code) > 100 and "Long, since" not in header:
            unexplained.append((path.name, len(code)))
    assert unexplained == []


def test_lines_are_short_also_where_no_linter_looks() -> None:
    """The bodies of functions are strings to sqlfluff, the driver's statements unknown to it."""
    folders = (catalogue().folder, ROOT / "src", ROOT / "migrations")
    lines = (
        (str(path), number)
        for folder in folders
        for path in folder.rglob("*.sql")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 110
    )
    assert list(lines) == []
