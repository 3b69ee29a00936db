-- The statements that spread our tables over a Citus cluster, in order; only what isn't done yet. is_after:
-- to be run when the others are committed.
WITH our_tables AS MATERIALIZED (
    SELECT
        c.oid, format('%%I', c.relname) AS name, c.relname, w.ordinal,
        c.relname = ANY (%(distributed)s::text[]) AS is_distributed, p.logicalrelid IS NOT NULL AS is_done
    FROM unnest(%(reference)s::text[] || %(distributed)s::text[]) WITH ORDINALITY AS w (name, ordinal)
    INNER JOIN pg_class AS c
        ON c.relname = w.name AND c.relnamespace = quote_ident(current_schema())::regnamespace
    LEFT JOIN pg_dist_partition AS p
        -- Where Citus manages local tables by itself, they look like reference tables but for repmodel.
        ON p.logicalrelid = c.oid AND (p.partmethod = 'h' OR (p.partmethod = 'n' AND p.repmodel = 't'))
),

-- All others lie as the first one does.
first_table AS (SELECT t.* FROM our_tables AS t WHERE t.relname = (%(distributed)s::text[])[1]),

routines AS MATERIALIZED (
    SELECT
        p.oid, p.oid::regprocedure::text AS signature, o.objid IS NOT NULL AS is_known,
        'plan_cache_mode=force_generic_plan' = ANY (p.proconfig) AS is_generic,
        o.distribution_argument_index IS NOT NULL AS is_done,
        p.proname = ANY (%(delegated)s::text[])
        AND EXISTS (
            SELECT 1 FROM unnest(p.proargnames, p.proargtypes::oid[]) AS a (name, type)
            WHERE a.name = 'p_id' AND a.type = 'int'::regtype) AS is_delegated
    FROM pg_proc AS p
    LEFT JOIN pg_dist_object AS o ON o.classid = 'pg_proc'::regclass AND o.objid = p.oid
    WHERE 'ROUTINE ' || p.oid::regprocedure::text IN (SELECT unnest(l.objects) FROM ta_lab2_objects AS l)
),

steps (step, ordinal, is_after, statement) AS (
    -- A cluster runs no triggers: loads note what they change, refreshes look for missing alphas.
    SELECT
        1, row_number() OVER (ORDER BY t.ordinal, g.tgname), false,
        format('DROP TRIGGER %%I ON %%s', g.tgname, t.name)
    FROM our_tables AS t INNER JOIN pg_trigger AS g ON g.tgrelid = t.oid AND NOT g.tgisinternal
    WHERE NOT t.is_done
    UNION ALL
    -- Which shard a statement needs is known once the asset is: a cluster refuses to run plans made before.
    SELECT 1, 1000 + p.oid::bigint, false, format('ALTER FUNCTION %%s RESET plan_cache_mode', p.signature)
    FROM routines AS p WHERE p.is_generic
    UNION ALL
    SELECT 2, t.ordinal, false, format('SELECT create_reference_table(%%L)', t.name)
    FROM our_tables AS t WHERE NOT t.is_distributed AND NOT t.is_done
    UNION ALL
    SELECT 3, t.ordinal, false, format('SELECT create_distributed_table(%%L, ''id'', %%s)', t.name, CASE
        WHEN t.oid <> f.oid THEN format('colocate_with => %%L', f.name)
        WHEN %(shards)s::int IS NULL THEN 'colocate_with => ''none'''
        ELSE format('colocate_with => ''none'', shard_count => %%s', %(shards)s::int)
    END)
    FROM our_tables AS t CROSS JOIN first_table AS f WHERE t.is_distributed AND NOT t.is_done
    UNION ALL
    SELECT 4, p.oid::bigint, false, format('SELECT create_distributed_function(%%L)', p.signature)
    FROM routines AS p WHERE NOT p.is_known AND NOT p.is_delegated
    UNION ALL
    -- Made again, views reach all nodes.
    SELECT 5, l.position, false, format(
        'CREATE OR REPLACE VIEW %%s AS %%s', v.oid::regclass, rtrim(pg_get_viewdef(v.oid), ';'))
    FROM ta_lab2_objects AS l CROSS JOIN LATERAL unnest(l.objects) AS m (name)
    INNER JOIN pg_class AS v ON m.name = 'VIEW ' || v.oid::regclass::text
    WHERE v.relkind = 'v' AND NOT EXISTS (
        SELECT 1 FROM pg_dist_object AS o WHERE o.classid = 'pg_class'::regclass AND o.objid = v.oid)
    UNION ALL
    SELECT 6, p.oid::bigint, false, format(
        'SELECT create_distributed_function(%%L, ''p_id'', colocate_with => %%L)', p.signature, f.name)
    FROM routines AS p CROSS JOIN first_table AS f WHERE p.is_delegated AND NOT p.is_done
    UNION ALL
    SELECT 7, t.ordinal, true, format('SELECT truncate_local_data_after_distributing_table(%%L)', t.name)
    FROM our_tables AS t WHERE pg_relation_size(t.oid) > 0
    UNION ALL
    SELECT 8, t.ordinal, true, 'ANALYZE ' || t.name FROM our_tables AS t WHERE NOT t.is_done
)

SELECT s.statement, s.is_after FROM steps AS s ORDER BY s.step, s.ordinal
