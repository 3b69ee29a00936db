"""The statements for a Citus cluster, against what one was seen to allow; no cluster is needed.

A pretended cluster keeps the catalogue that Citus keeps, so that a second run can be seen to do nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from distribute.pretended import pretend
from loading import PRICES, load_named
from sql.series import load

from ta_lab2_sql import errors
from ta_lab2_sql.refresh import cluster as nodes_of
from ta_lab2_sql.refresh.request import Request
from ta_lab2_sql.schema import distribute, migration, registry

Db = psycopg.Connection[Any]
Cli = Callable[..., Any]
TABLES = registry.read()

# What the cluster was seen to allow, and nothing else.
ALLOWED = [
    r"DROP TRIGGER \w+ ON \w+|ALTER FUNCTION \w+\([\w ,\[\]]*\) RESET plan_cache_mode",
    r"SELECT create_reference_table\('\w+'\)",
    r"SELECT create_distributed_table\('\w+', 'id', colocate_with => 'none'(, shard_count => \d+)?\)",
    r"SELECT create_distributed_table\('\w+', 'id', colocate_with => 'bars'\)",
    r"SELECT create_distributed_function\('\w+\([\w ,\[\]]*\)'\)",
    r"CREATE OR REPLACE VIEW \w+ AS .*",
    r"SELECT create_distributed_function\('\w+\([\w ,\[\]]*\)', 'p_id', colocate_with => 'bars'\)",
]
AFTERWARDS = [r"SELECT truncate_local_data_after_distributing_table\('\w+'\)", r"ANALYZE \w+"]


def kinds(statements: list[str], allowed: list[str]) -> list[int]:
    """Which of the allowed forms each statement has."""
    found = []
    for statement in statements:
        forms = [n for n, form in enumerate(allowed) if re.fullmatch(form, statement, flags=re.S)]
        assert len(forms) == 1, statement
        found += forms
    return found


def test_only_what_a_cluster_allows_in_an_order_that_it_allows(cluster: Db) -> None:
    found = distribute.plan(cluster, None)
    order = kinds(found.statements, ALLOWED)
    assert order == sorted(order)
    assert set(order) == set(range(len(ALLOWED)))
    assert set(kinds(found.afterwards, AFTERWARDS)) == {0, 1}
    text = "\n".join(found.statements)
    for table in TABLES.distributed:
        assert f"create_distributed_table('{table}', 'id'" in text
    for table in TABLES.local:
        assert f"_table('{table}'" not in text
    references = [re.findall(r"'(\w+)'", s)[0] for s in found.statements if "create_reference_table" in s]
    assert references == list(TABLES.reference)
    for function in TABLES.delegated:
        assert re.search(rf"create_distributed_function\('{function}\([^)]*\)', 'p_id'", text)
    # Functions and views that run on workers exist there.
    ours = cluster.execute("SELECT unnest(objects) FROM ta_lab2_objects").fetchall()
    for (made,) in ours:
        kind, _, name = made.partition(" ")
        assert (f"VIEW {name} AS" if kind == "VIEW" else f"create_distributed_function('{name}'") in text, (
            made
        )


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT EXISTS (SELECT FROM emas_state)",
        "UPDATE emas SET day_space = day_space[2:] WHERE id = 5426",
        "UPDATE bars SET tf = CASE tf WHEN '7D' THEN '7D' END WHERE id = 5426",
        """CREATE OR REPLACE VIEW odd AS SELECT s.id, g.n FROM bars_state AS s CROSS JOIN LATERAL (
               SELECT (SELECT max(b.bar_seq) FROM bars AS b WHERE b.id = s.id) AS n WHERE true OFFSET 0
           ) AS g""",
    ],
)
def test_what_a_cluster_refuses_is_refused_here(cluster: Db, statement: str) -> None:
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        cluster.execute(statement.encode())


def test_a_function_that_a_cluster_breaks_down_of_is_refused_here(cluster: Db) -> None:
    cluster.execute(
        """CREATE FUNCTION odd(p_id int, p_day boolean) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN
           RETURN (SELECT count(*) FROM bars AS b
                   LEFT JOIN emas AS e ON e.id = p_id AND e.tf = b.tf AND p_day WHERE b.id = p_id);
           END $$"""
    )
    cluster.execute(
        "UPDATE ta_lab2_objects SET objects = objects || 'ROUTINE odd(integer,boolean)'::text "
        "WHERE path LIKE '%%/append_emas.sql'"
    )
    with pytest.raises(psycopg.errors.FeatureNotSupported, match="no shard"):
        distribute.apply(cluster, None)


def test_a_view_that_hangs_on_a_key_never_reaches_the_other_nodes(cluster: Db) -> None:
    distribute.apply(cluster, None)
    cluster.execute(
        "CREATE OR REPLACE VIEW series AS SELECT s.id, s.tz FROM bars_state AS s GROUP BY s.id, s.bar_group"
    )
    cluster.execute(
        "UPDATE ta_lab2_objects SET objects = objects || 'VIEW series'::text "
        "WHERE path LIKE '%%/append_emas.sql'"
    )
    for _ in range(2):
        assert "CREATE OR REPLACE VIEW series" in distribute.apply(cluster, None).statements[0]


def test_done_once_it_is_done(cluster: Db) -> None:
    done = distribute.apply(cluster, 16)
    assert (
        "SELECT create_distributed_table('bars', 'id', colocate_with => 'none', shard_count => 16)"
        in done.statements
    )
    lies = dict(
        cluster.execute("SELECT logicalrelid::text, colocated_with FROM pg_dist_partition").fetchall()
    )
    assert lies == {
        "bars": "none",
        **{t: "bars" for t in TABLES.distributed if t != "bars"},
        **dict.fromkeys(TABLES.reference),
    }
    assert distribute.plan(cluster, None).statements == []
    assert distribute.plan(cluster, 16).statements == []
    now = distribute.layout(cluster)
    assert str(now) == "Citus, 16 shards on 2 nodes"
    assert [(row["node"], row["shards"]) for row in distribute.balance(cluster, now)] == [
        ("worker-0:5432", 8 * len(TABLES.distributed)),
        ("worker-1:5432", 8 * len(TABLES.distributed)),
    ]
    with pytest.raises(errors.WrongUsage, match="16 shards"):
        distribute.plan(cluster, 8)


def test_what_a_migration_makes_anew_is_distributed_again(cluster: Db) -> None:
    distribute.apply(cluster, None)
    cluster.execute("DELETE FROM pg_dist_object WHERE objid::regprocedure::text LIKE 'refresh_emas(%%'")
    with cluster.transaction():
        (statement,) = distribute.complete(cluster)
    assert statement.startswith("SELECT create_distributed_function('refresh_emas(integer,")
    assert statement.endswith(", 'p_id', colocate_with => 'bars')")


def test_loads_note_what_they_change_without_triggers(cluster: Db) -> None:
    cluster.execute("SELECT FROM refresh_emas(5426)")
    distribute.apply(cluster, None)
    left = cluster.execute(
        """SELECT tgname FROM pg_trigger AS g
           WHERE tgrelid = 'cmc_price_histories7'::regclass AND NOT tgisinternal"""
    ).fetchall()
    assert left == []
    cluster.execute(
        """UPDATE cmc_price_histories7 SET close = close * 2, high = high * 2
           WHERE id = 5426 AND ("timestamp" AT TIME ZONE 'UTC')::date = '2021-05-01'"""
    )
    assert cluster.execute("SELECT id FROM refresh_plan()").fetchall() == []
    load_named(cluster, PRICES / "SOL_5426.csv.gz")
    found = cluster.execute(
        "SELECT DISTINCT id, action FROM refresh_plan() WHERE action IS NOT NULL"
    ).fetchall()
    assert found == [(5426, "revise")]


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE pg_dist_node SET shouldhaveshards = false", "no worker"),
        ("UPDATE pg_dist_local_group SET groupid = 2", "connect to the coordinator"),
        ("CREATE UNIQUE INDEX odd ON bars_state (updated_at)", "unique index odd without id"),
        (
            "CREATE TRIGGER own AFTER INSERT ON dim_period FOR EACH ROW EXECUTE FUNCTION suppress()",
            "trigger own on table dim_period",
        ),
        ("CREATE TABLE notes (id int, n text, FOREIGN KEY (n) REFERENCES dim_timeframe)", "of table notes"),
    ],
)
def test_what_a_cluster_cannot_do_is_named_before_anything_starts(
    cluster: Db, statement: str, named: str
) -> None:
    cluster.execute("CREATE FUNCTION suppress() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
    cluster.execute(statement.encode())
    with pytest.raises(errors.WorkFailed, match="in the way") as refused:
        distribute.apply(cluster, None)
    assert named in str(refused.value)
    assert cluster.execute("SELECT count(*) FROM pg_dist_partition").fetchone() == (0,)


def test_hash_partitions_become_plain_tables_first(db: Db) -> None:
    distribute.apply(db, 2)
    pretend(db)
    cluster = db
    with pytest.raises(errors.WorkFailed, match="--partitions 0"):
        distribute.plan(cluster, None)
    distribute.apply(cluster, 0)
    assert distribute.layout(cluster).kind == "plain"
    assert distribute.plan(cluster, None).statements


GENERIC = "SELECT proname FROM pg_proc WHERE 'plan_cache_mode=force_generic_plan' = ANY (proconfig)"


def test_no_function_keeps_plans_that_do_not_know_the_asset(cluster: Db) -> None:
    """A cluster can't run a plan that was made for any asset; other servers are quicker with them."""
    assert cluster.execute(GENERIC).fetchall() != []
    distribute.apply(cluster, None)
    assert cluster.execute(GENERIC).fetchall() == []
    # A file that is applied anew is seen to.
    cluster.execute("UPDATE ta_lab2_objects SET sha256 = '' WHERE path LIKE '%%/append_emas.sql'")
    report = migration.Migration(cluster).upgrade()
    assert "functions/emas/append_emas.sql" in report.applied
    assert report.distributed == 1
    assert cluster.execute(GENERIC).fetchall() == []


def test_doctor_asks_every_node(cluster: Db, cli: Cli) -> None:
    distribute.apply(cluster, 8)
    found = json.loads(cli("--json", "doctor").out)
    nodes = [row for row in found if row["check"].startswith("node ")]
    assert [row["check"] for row in nodes] == [
        "node coordinator:5432",
        "node worker-0:5432",
        "node worker-1:5432",
    ]
    assert {row["verdict"] for row in nodes} <= {"ok", "warning"}
    # The second has other clocks, an older extension and jit; the third doesn't answer.
    cluster.execute(
        """DO $$ BEGIN EXECUTE replace(pg_get_functiondef('run_command_on_all_nodes'::regproc),
           'RETURN NEXT;',
           'IF nodeid = 2 THEN
                result := result::jsonb || ''{"zones": "x", "extension": "12.0-1", "jit": "on"}'';
            ELSIF nodeid = 3 THEN
                success := false; result := ''connection refused'';
            END IF; RETURN NEXT;'); END $$"""
    )
    done = cli("--json", "doctor")
    assert done.code == 1
    wrong = [(r["check"], r["verdict"], r["found"]) for r in json.loads(done.out)]
    assert ("node worker-0:5432", "error", "knows other clocks of time zones") in wrong
    assert ("node worker-0:5432", "error", "has citus 12.0-1, the coordinator 13.0-1") in wrong
    assert any(c == "node worker-0:5432" and v == "warning" and f.startswith("jit on") for c, v, f in wrong)
    assert ("node worker-1:5432", "error", "doesn't answer: connection refused") in wrong


def test_there_and_back(cluster: Db, db_url: str) -> None:
    """Plain tables have their triggers, functions their one plan for all assets, columns their comments."""
    facts = (
        "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2",
        "SELECT oid::regprocedure::text, c FROM pg_proc CROSS JOIN unnest(proconfig) AS c ORDER BY 1, 2",
        "SELECT objoid::regclass::text, objsubid, description FROM pg_description "
        "WHERE classoid = 'pg_class'::regclass AND objsubid > 0 ORDER BY 1, 2",
    )
    before = [cluster.execute(fact.encode()).fetchall() for fact in facts]
    assert all(before)
    assert distribute.apply(cluster, 0).statements == []
    distribute.apply(cluster, 16)
    assert distribute.layout(cluster).kind == "citus"
    assert distribute.script(cluster, 0).startswith("BEGIN;")
    distribute.apply(cluster, 0)
    assert distribute.layout(cluster).kind == "plain"
    assert cluster.execute("SELECT count(*) FROM pg_dist_partition").fetchone() == (0,)
    assert [cluster.execute(fact.encode()).fetchall() for fact in facts] == before
    assert distribute.apply(cluster, 0).statements == []
    distribute.apply(cluster, 16)
    assert distribute.layout(cluster).kind == "citus"


def test_a_table_that_citus_manages_by_itself_is_no_reference_table_yet(cluster: Db) -> None:
    cluster.execute("INSERT INTO pg_dist_partition VALUES ('ema_alpha', 'n', 's', NULL, 1)")
    assert "SELECT create_reference_table('ema_alpha')" in distribute.plan(cluster, None).statements


def test_the_commands_take_the_road_of_a_cluster(cluster: Db, cli: Cli, db_url: str, tmp_path: Path) -> None:
    """All of them, one after another; several assets are planned and audited one by one."""
    cluster.execute("DELETE FROM dim_timeframe WHERE tf NOT IN ('1D', '2D', '7D', '1M_CAL')")
    cluster.execute("DELETE FROM dim_period WHERE period NOT IN (6, 9)")
    for asset in (1, 2):
        load(cluster, asset, [(date(2020, 1, 1) + timedelta(i), 100.0 + i) for i in range(60)])
    applied = json.loads(cli("--json", "distribute", "--apply", "--partitions", "8").out)
    assert applied["now"] == "Citus, 8 shards on 2 nodes"
    assert json.loads(cli("--json", "distribute", "--plan").out)["statements"] == []
    assert cli("migrate", "--check").code == 0
    planned = json.loads(cli("--json", "plan", "all").out)
    assert planned is not None
    nodes = ["--db-url", db_url, "--db-url", db_url]
    done = json.loads(cli("--json", *nodes, "refresh", "all").out)
    assert (done["refreshed"], done["failed"]) == (3, 0)
    assert json.loads(cli("--json", "refresh", "all").out)["refreshed"] == 0
    for what in ("bars", "emas", "all"):
        assert nodes_of.settled(cluster, Request(what)) == {1, 2, 5426}
    assert nodes_of.settled(cluster, Request("all", full_rebuild=True)) == set()
    # So few are called without a question to all nodes.
    assert nodes_of.settled(cluster, Request("all", ids=(1, 2))) == set()
    # New timeframes have their alphas with the next refresh: no trigger makes them.
    cluster.execute("INSERT INTO dim_timeframe (tf) VALUES ('3D')")
    assert json.loads(cli("--json", "refresh", "all", "--ids", "1").out)["changed"] == 1
    assert cli("load", PRICES / "SOL_5426.csv.gz", "--id", 5426).code == 0
    told = json.loads(cli("--json", "status").out)
    assert told["layout"] == "Citus, 8 shards on 2 nodes"
    assert {row["id"] for row in told["assets"]} == {1, 2, 5426}
    assert set(told["waiting"]) == {2, 5426}
    assert {row["relation"] for row in told["sizes"]} == set(TABLES.tables)
    assert cli("audit").code == 0
    many = cluster.execute("SELECT * FROM audit_all()").fetchall()
    alone = [row for a in (1, 2, 5426) for row in cluster.execute("SELECT * FROM audit_all(%s)", ([a],))]
    assert {str(row) for row in many} == {str(row) for row in alone}
    assert cli("audit", "--prove").code == 2
    out = tmp_path / "bars.csv"
    assert cli("export", "cmc_price_bars_multi_tf", "--tf", "7D", "-o", out).code == 0
    assert out.read_text().count("\n") > 60
    assert cli("doctor").code == 0
    assert cli("assets").code == 0
