-- What keeps tables from being put under another parent: things that hang on them and can't be made again
-- from what the catalogue says. A row for each, in words.
WITH asset_tables AS (
    SELECT
        c.oid, c.relname AS name, c.relpersistence, c.relrowsecurity, c.relreplident, c.relispartition,
        y.oid AS type,
        y.typarray
    FROM pg_class AS c
    INNER JOIN pg_type AS y ON y.typrelid = c.oid
    WHERE c.relname = ANY (%(tables)s::text[])
        AND c.relnamespace = quote_ident(current_schema())::regnamespace
),

-- Dependents that dropping the table would take along. Views are defined anew, what is the table's own is
-- made anew.
dependents AS (
    SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid) AS what, t.name
    FROM asset_tables AS t
    INNER JOIN pg_depend AS d ON d.deptype IN ('n', 'P')
        AND ((d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid)
            OR (d.refclassid = 'pg_type'::regclass AND d.refobjid IN (t.type, t.typarray)))
    LEFT JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    LEFT JOIN pg_class AS v ON v.oid = r.ev_class
    LEFT JOIN pg_constraint AS k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
    LEFT JOIN pg_trigger AS g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid
    LEFT JOIN pg_attrdef AS e ON d.classid = 'pg_attrdef'::regclass AND e.oid = d.objid
    WHERE v.relkind IS DISTINCT FROM 'v' AND e.adrelid IS DISTINCT FROM t.oid
        AND k.conrelid IS DISTINCT FROM t.oid AND g.tgrelid IS DISTINCT FROM t.oid
        AND NOT (
            d.classid = 'pg_class'::regclass
            AND d.objid IN (SELECT i.indexrelid FROM pg_index AS i WHERE i.indrelid = t.oid))
        -- Of the type only what others have of it.
        AND NOT (d.classid = 'pg_type'::regclass AND d.objid IN (t.type, t.typarray))
)

SELECT d.what || ' depends on table ' || d.name AS obstacle FROM dependents AS d
UNION ALL
SELECT 'policy ' || p.polname || ' on table ' || t.name FROM asset_tables AS t
INNER JOIN pg_policy AS p ON p.polrelid = t.oid
UNION ALL
SELECT 'row level security of table ' || t.name FROM asset_tables AS t WHERE t.relrowsecurity
UNION ALL
SELECT 'publication ' || p.pubname || ' of table ' || t.name FROM asset_tables AS t
INNER JOIN pg_publication_rel AS l ON l.prrelid = t.oid
INNER JOIN pg_publication AS p ON p.oid = l.prpubid
UNION ALL
SELECT 'rule ' || r.rulename || ' on table ' || t.name FROM asset_tables AS t
INNER JOIN pg_rewrite AS r ON r.ev_class = t.oid
UNION ALL
SELECT 'replica identity of table ' || t.name FROM asset_tables AS t WHERE t.relreplident <> 'd'
UNION ALL
SELECT 'table ' || t.name || ' is not an ordinary table' FROM asset_tables AS t
WHERE t.relpersistence <> 'p' OR t.relispartition
    OR EXISTS (SELECT 1 FROM pg_inherits AS i WHERE i.inhrelid = t.oid)
UNION ALL
SELECT 'row trigger ' || g.tgname || ' of table ' || t.name || ' with transition tables'
FROM asset_tables AS t
INNER JOIN pg_trigger AS g ON g.tgrelid = t.oid AND NOT g.tgisinternal
WHERE g.tgtype & 1 = 1 AND (g.tgoldtable IS NOT NULL OR g.tgnewtable IS NOT NULL)
UNION ALL
-- Uniqueness can be checked within a partition only.
SELECT 'unique index ' || i.indexrelid::regclass::text || ' without id' FROM asset_tables AS t
INNER JOIN pg_index AS i ON i.indrelid = t.oid AND (i.indisunique OR i.indisexclusion)
WHERE NOT (SELECT a.attnum FROM pg_attribute AS a WHERE a.attrelid = t.oid AND a.attname = 'id')
    = ANY ((string_to_array(i.indkey::text, ' ')::int2[])[1:i.indnkeyatts])
UNION ALL
SELECT 'exclusion constraint ' || k.conname || ' of table ' || t.name FROM asset_tables AS t
INNER JOIN pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'x'
ORDER BY 1
