-- The statements that turn tables of assets into hash partitions by id, or into plain tables (0
-- partitions), in order. Each table is made anew beside the old one, filled from it and keyed; views are
-- defined again over the new one, so they, what stands on them, and their grants and comments stay. Then
-- the old one goes, and indexes, triggers and grants come.
WITH wanted AS (SELECT %(partitions)s::int AS n),

asset_tables AS MATERIALIZED (
    SELECT
        c.oid, c.relname, w.ordinal, y.oid AS type,
        format('%%I', c.relname) AS name, format('%%I', c.relname || '_before') AS before,
        c.relacl, c.relowner,
        -- Storage parameters are the partitions'.
        (SELECT string_agg(o.option, ', ') FROM (
            SELECT unnest(s.reloptions) AS option
            UNION ALL
            SELECT 'toast.' || unnest(t.reloptions) FROM pg_class AS t WHERE t.oid = s.reltoastrelid
        ) AS o) AS storage
    FROM unnest(%(tables)s::text[]) WITH ORDINALITY AS w (name, ordinal)
    INNER JOIN pg_class AS c
        ON c.relname = w.name AND c.relnamespace = quote_ident(current_schema())::regnamespace
    INNER JOIN pg_type AS y ON y.typrelid = c.oid
    INNER JOIN pg_class AS s ON s.oid = coalesce(
        (SELECT min(i.inhrelid) FROM pg_inherits AS i WHERE i.inhparent = c.oid AND c.relkind = 'p'), c.oid)
),

parts AS MATERIALIZED (
    SELECT t.ordinal, p.p, format('%%I', t.relname || '_p' || p.p || 'of' || w.n) AS name
    FROM asset_tables AS t CROSS JOIN wanted AS w CROSS JOIN LATERAL generate_series(0, w.n - 1) AS p (p)
),

-- Grants on tables and on columns, without the owner's own.
grants AS (
    SELECT t.ordinal, t.name, a.privilege_type AS privilege, a.grantee, a.is_grantable
    FROM asset_tables AS t CROSS JOIN LATERAL aclexplode(t.relacl) AS a WHERE a.grantee <> t.relowner
    UNION ALL
    SELECT t.ordinal, t.name, format('%%s (%%I)', a.privilege_type, c.attname), a.grantee, a.is_grantable
    FROM asset_tables AS t INNER JOIN pg_attribute AS c ON c.attrelid = t.oid AND NOT c.attisdropped
    CROSS JOIN LATERAL aclexplode(c.attacl) AS a WHERE a.grantee <> t.relowner
),

steps (step, ordinal, part, statement) AS (
    SELECT 1, t.ordinal, 0, format('ALTER TABLE %%s RENAME TO %%s', t.name, t.before) FROM asset_tables AS t
    UNION ALL
    SELECT 1, t.ordinal, row_number() OVER (ORDER BY k.conname)::int, format(
        'ALTER TABLE %%s RENAME CONSTRAINT %%I TO %%I', t.before, k.conname, left(k.conname, 56) || '_before')
    FROM asset_tables AS t
    INNER JOIN pg_constraint AS k ON k.conrelid = t.oid AND k.contype IN ('p', 'u')
    UNION ALL
    SELECT 2, t.ordinal, 0, format(
        'CREATE TABLE %%s (LIKE %%s INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING CONSTRAINTS'
        ' INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING STATISTICS INCLUDING COMMENTS)%%s',
        t.name, t.before,
        CASE WHEN w.n > 0 THEN ' PARTITION BY HASH (id)' ELSE coalesce(' WITH (' || t.storage || ')', '') END)
    FROM asset_tables AS t CROSS JOIN wanted AS w
    UNION ALL
    SELECT 3, t.ordinal, p.p, format(
        'CREATE TABLE %%s PARTITION OF %%s FOR VALUES WITH (MODULUS %%s, REMAINDER %%s)%%s',
        p.name, t.name, w.n, p.p,
        coalesce(' WITH (' || t.storage || ')', ''))
    FROM asset_tables AS t INNER JOIN parts AS p ON p.ordinal = t.ordinal CROSS JOIN wanted AS w
    UNION ALL
    SELECT 4, t.ordinal, 0, format('INSERT INTO %%s (%%s) SELECT %%2$s FROM %%s', t.name, c.columns, t.before)
    FROM asset_tables AS t
    CROSS JOIN LATERAL (
        SELECT string_agg(format('%%I', a.attname), ', ' ORDER BY a.attnum) AS columns
        FROM pg_attribute AS a
        WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS c
    UNION ALL
    -- Before the views: one that groups by a key stands on it.
    SELECT 5, t.ordinal, row_number() OVER (ORDER BY k.contype DESC, k.conname)::int, format(
        'ALTER TABLE %%s ADD CONSTRAINT %%I %%s', t.name, k.conname, pg_get_constraintdef(k.oid))
    FROM asset_tables AS t
    INNER JOIN pg_constraint AS k ON k.conrelid = t.oid AND k.contype IN ('p', 'u', 'f')
    UNION ALL
    SELECT 6, v.oid::bigint, 0, format(
        'CREATE OR REPLACE VIEW %%s%%s AS %%s', v.oid::regclass,
        CASE
            WHEN v.reloptions IS NOT NULL THEN format(' WITH (%%s)', array_to_string(v.reloptions, ', '))
        END,
        rtrim(pg_get_viewdef(v.oid), ';'))
    FROM pg_class AS v
    WHERE v.relkind = 'v' AND EXISTS (
        SELECT 1 FROM pg_rewrite AS r
        INNER JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
            AND d.refclassid = 'pg_class'::regclass
        INNER JOIN asset_tables AS t ON t.oid = d.refobjid
        WHERE r.ev_class = v.oid)
    UNION ALL
    SELECT 7, t.ordinal, 0, 'DROP TABLE ' || t.before FROM asset_tables AS t
    UNION ALL
    SELECT 8, t.ordinal, row_number() OVER (ORDER BY i.indexrelid)::int, regexp_replace(
        pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ')
    FROM asset_tables AS t
    INNER JOIN pg_index AS i ON i.indrelid = t.oid
    WHERE NOT EXISTS (SELECT 1 FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.conrelid = t.oid)
    UNION ALL
    SELECT 9, t.ordinal, row_number() OVER (ORDER BY o.kind, o.name)::int, format(
        'COMMENT ON %%s %%I%%s IS %%L', o.kind, o.name,
        CASE WHEN o.kind = 'CONSTRAINT' THEN ' ON ' || t.name END, o.said)
    FROM asset_tables AS t
    CROSS JOIN LATERAL (
        SELECT 'TABLE' AS kind, t.relname AS name, obj_description(t.oid, 'pg_class') AS said
        UNION ALL
        SELECT 'INDEX', c.relname, obj_description(c.oid, 'pg_class')
        FROM pg_index AS i INNER JOIN pg_class AS c ON c.oid = i.indexrelid WHERE i.indrelid = t.oid
        UNION ALL
        SELECT 'CONSTRAINT', k.conname, obj_description(k.oid, 'pg_constraint')
        FROM pg_constraint AS k WHERE k.conrelid = t.oid AND k.contype IN ('p', 'u', 'f')
    ) AS o
    WHERE o.said IS NOT NULL
    UNION ALL
    -- After the rows: copying is no change of an asset.
    SELECT 10, t.ordinal, row_number() OVER (ORDER BY g.tgname)::int, pg_get_triggerdef(g.oid)
    FROM asset_tables AS t INNER JOIN pg_trigger AS g ON g.tgrelid = t.oid AND NOT g.tgisinternal
    UNION ALL
    SELECT 11, t.ordinal, row_number() OVER (ORDER BY g.tgname)::int, format(
        'ALTER TABLE %%s %%s TRIGGER %%I', t.name,
        CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END,
        g.tgname)
    FROM asset_tables AS t INNER JOIN pg_trigger AS g ON g.tgrelid = t.oid AND NOT g.tgisinternal
    WHERE g.tgenabled <> 'O'
    UNION ALL
    SELECT 12, t.ordinal, row_number() OVER ()::int, format(
        'GRANT %%s ON %%s TO %%s%%s', g.privilege, g.name,
        CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE format('%%I', pg_get_userbyid(g.grantee)) END,
        CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' END)
    FROM grants AS g INNER JOIN asset_tables AS t ON t.ordinal = g.ordinal
    UNION ALL
    -- Open sessions compile these again: they know the old tables' row types.
    SELECT 13, p.oid::bigint, 0, format('ALTER ROUTINE %%s COST %%s', p.oid::regprocedure, p.procost)
    FROM pg_proc AS p
    INNER JOIN pg_language AS l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
    WHERE p.pronamespace = quote_ident(current_schema())::regnamespace
        AND EXISTS (
            SELECT 1 FROM asset_tables AS t
            WHERE p.prosrc ~ ('\m' || t.relname || '(%%ROWTYPE|\[\])|::' || t.relname || '\M'))
    UNION ALL
    SELECT 14, t.ordinal, p.p, format('ALTER TABLE %%s OWNER TO %%I', p.name, pg_get_userbyid(t.relowner))
    FROM asset_tables AS t
    CROSS JOIN LATERAL (
        SELECT -1 AS p, t.name UNION ALL SELECT q.p, q.name FROM parts AS q WHERE q.ordinal = t.ordinal) AS p
    WHERE pg_get_userbyid(t.relowner) <> current_user
    UNION ALL
    -- Of a parent nothing but this gathers statistics.
    SELECT 15, t.ordinal, 0, 'ANALYZE ' || t.name FROM asset_tables AS t
)

SELECT s.statement FROM steps AS s ORDER BY s.step, s.ordinal, s.part
