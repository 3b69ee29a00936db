"""A pretended cluster: PostgreSQL with the functions and the catalogue of Citus.

It refuses what a real one was seen to refuse.
"""

from __future__ import annotations

import re
from typing import Any

import psycopg
from cluster_rules import refused, refused_in_view, refused_of_all

Db = psycopg.Connection[Any]

PRETENDED = """
SET allow_system_table_mods = on;
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
SELECT 9999, 'citus', extowner, extnamespace, false, '13.0-1' FROM pg_extension LIMIT 1;
SET search_path TO pg_catalog;
CREATE TABLE pg_dist_partition (
    logicalrelid regclass, partmethod "char", repmodel "char", colocated_with text, shards int);
CREATE TABLE pg_dist_object (classid oid, objid oid, distribution_argument_index int);
CREATE TABLE pg_dist_node (
    groupid int, nodename text, nodeport int, isactive boolean, shouldhaveshards boolean, noderole text);
INSERT INTO pg_dist_node VALUES (0, 'coordinator', 5432, true, false, 'primary'),
    (1, 'worker-0', 5432, true, true, 'primary'), (2, 'worker-1', 5432, true, true, 'primary');
ALTER TABLE pg_dist_node ADD COLUMN nodeid int GENERATED ALWAYS AS (groupid + 1) STORED;
CREATE FUNCTION run_command_on_all_nodes(
    command text, parallel boolean DEFAULT true, give_warning_for_connection_errors boolean DEFAULT false
) RETURNS TABLE (nodeid int, success boolean, result text) LANGUAGE plpgsql AS $$
BEGIN
    FOR nodeid IN SELECT n.nodeid FROM pg_dist_node AS n LOOP
        success := true;
        EXECUTE command INTO result;
        RETURN NEXT;
    END LOOP;
END $$;
CREATE TABLE pg_dist_local_group (groupid int);
INSERT INTO pg_dist_local_group VALUES (0);
CREATE VIEW pg_dist_shard AS
SELECT p.logicalrelid, p.logicalrelid::bigint * 1000 + s AS shardid
FROM pg_dist_partition AS p CROSS JOIN LATERAL generate_series(1, p.shards) AS s;
CREATE VIEW pg_dist_placement AS SELECT shardid, shardid % 2 + 1 AS groupid FROM pg_dist_shard;
CREATE VIEW citus_shards AS
SELECT p.logicalrelid AS table_name, s AS shardid, 'worker-' || s % 2 AS nodename, 5432 AS nodeport,
    8192::bigint * s AS shard_size
FROM pg_dist_partition AS p CROSS JOIN LATERAL generate_series(1, p.shards) AS s;

CREATE FUNCTION create_reference_table(t regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = t AND NOT tgisinternal) THEN
        RAISE 'triggers are not supported on reference tables';
    END IF;
    IF EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = t AND k.contype = 'f' AND NOT EXISTS (
        SELECT FROM pg_dist_partition AS p WHERE p.logicalrelid = k.confrelid)) THEN
        RAISE 'a reference table refers to a local table';
    END IF;
    INSERT INTO pg_dist_partition VALUES (t, 'n', 't', NULL, 1);
END $$;
CREATE FUNCTION create_distributed_table(
    t regclass, c text, colocate_with text DEFAULT 'default', shard_count int DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = t AND NOT tgisinternal) THEN
        RAISE 'triggers are not supported on distributed tables';
    END IF;
    IF colocate_with <> 'none' AND NOT EXISTS (
        SELECT FROM pg_dist_partition AS p WHERE p.logicalrelid = colocate_with::regclass) THEN
        RAISE 'not distributed: %', colocate_with;
    END IF;
    INSERT INTO pg_dist_partition VALUES (t, 'h', 's', colocate_with, coalesce(
        (SELECT p.shards FROM pg_dist_partition AS p
            WHERE p.logicalrelid = nullif(colocate_with, 'none')::regclass),
        shard_count, 32));
END $$;
CREATE FUNCTION create_distributed_function(
    f regprocedure, a text DEFAULT NULL, colocate_with text DEFAULT 'default'
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF a IS NOT NULL AND NOT EXISTS (
        SELECT FROM pg_dist_partition AS p WHERE p.logicalrelid = colocate_with::regclass) THEN
        RAISE 'not distributed: %', colocate_with;
    END IF;
    INSERT INTO pg_dist_object VALUES ('pg_proc'::regclass, f, CASE WHEN a IS NOT NULL THEN 0 END);
END $$;
CREATE FUNCTION undistribute_table(t regclass, cascade_via_foreign_keys boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM pg_dist_partition AS p WHERE p.logicalrelid = t OR (cascade_via_foreign_keys AND EXISTS (
        SELECT FROM pg_constraint AS k
        WHERE k.contype = 'f' AND t IN (k.conrelid, k.confrelid)
            AND p.logicalrelid IN (k.conrelid, k.confrelid)));
    IF NOT FOUND THEN
        RAISE 'not distributed: %', t;
    END IF;
END $$;
CREATE FUNCTION get_shard_id_for_distribution_column(t regclass, v int) RETURNS bigint LANGUAGE sql AS
'SELECT t::bigint * 1000 + v % p.shards + 1 FROM pg_dist_partition AS p WHERE p.logicalrelid = t';
CREATE FUNCTION truncate_local_data_after_distributing_table(t regclass) RETURNS void LANGUAGE sql AS '';
CREATE FUNCTION citus_total_relation_size(t regclass) RETURNS bigint LANGUAGE sql
AS 'SELECT pg_total_relation_size(t)';
-- Views of distributed tables are known as soon as they are made.
CREATE FUNCTION know_views() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pg_catalog.pg_dist_object
    SELECT d.classid, d.objid, NULL FROM pg_event_trigger_ddl_commands() AS d
    WHERE d.object_type = 'view' AND d.schema_name = 'public'
        AND EXISTS (SELECT FROM pg_catalog.pg_dist_partition)
        -- One that relies on a key stays where it is.
        AND NOT EXISTS (
            SELECT FROM pg_rewrite AS r
            JOIN pg_depend AS k ON k.classid = 'pg_rewrite'::regclass AND k.objid = r.oid
            WHERE r.ev_class = d.objid AND k.refclassid = 'pg_constraint'::regclass)
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_dist_object AS o WHERE o.objid = d.objid);
END $$;
CREATE EVENT TRIGGER know_views ON ddl_command_end WHEN TAG IN ('CREATE VIEW')
EXECUTE FUNCTION know_views();
"""


def pretend(db: Db) -> None:
    """Let a database look as if Citus were installed in it; what it brings lies among the system's own."""
    db.execute(PRETENDED.encode())
    db.execute("RESET search_path")
    db.execute("RESET allow_system_table_mods")


def guarded(execute: Any) -> Any:
    """psycopg.Cursor.execute that refuses what a cluster refuses: statements, and functions once they are
    distributed."""

    def run(cursor: psycopg.Cursor[Any], statement: Any, *args: Any, **options: Any) -> Any:
        text = statement.decode() if isinstance(statement, bytes) else str(statement)
        is_view = re.search("^CREATE OR REPLACE VIEW ", text, flags=re.M)
        is_made = re.search("^CREATE ", text, flags=re.M)
        wrong = refused_in_view(text) if is_view else [] if is_made else refused(text) + refused_of_all(text)
        if function := re.search(r"create_distributed_function\('([^']+)'", text):
            found = execute(
                cursor, "SELECT prosrc FROM pg_proc WHERE oid = %s::regprocedure", (function[1],)
            ).fetchone()
            assert found is not None
            wrong += refused(str(found[0]))
        if wrong:
            raise psycopg.errors.FeatureNotSupported("; ".join(wrong))
        return execute(cursor, statement, *args, **options)

    return run
