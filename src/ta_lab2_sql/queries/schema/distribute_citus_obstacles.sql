-- What keeps a Citus cluster from taking our tables. A row for each, in words.
WITH our_tables AS (
    SELECT c.oid, c.relname AS name, c.relname = ANY (%(distributed)s::text[]) AS is_distributed, c.relkind
    FROM pg_class AS c
    WHERE c.relname = ANY (%(distributed)s::text[] || %(reference)s::text[])
        AND c.relnamespace = quote_ident(current_schema())::regnamespace
)

SELECT 'citus ' || e.extversion || ' is older than 12' AS obstacle FROM pg_extension AS e
WHERE e.extname = 'citus' AND substring(e.extversion FROM '^[0-9]+')::int < 12
UNION ALL
SELECT 'no worker that may hold shards: SELECT citus_add_node(''host'', 5432)'
WHERE NOT EXISTS (
    SELECT 1 FROM pg_dist_node AS n WHERE n.isactive AND n.shouldhaveshards AND n.noderole = 'primary')
UNION ALL
SELECT 'this is a worker: connect to the coordinator'
WHERE (SELECT g.groupid FROM pg_dist_local_group AS g) <> 0
UNION ALL
SELECT 'table ' || t.name || ' is hash partitions: run ta-lab2 distribute --apply --partitions 0 first'
FROM our_tables AS t WHERE t.relkind = 'p'
UNION ALL
SELECT 'trigger ' || g.tgname || ' on table ' || t.name FROM our_tables AS t
INNER JOIN pg_trigger AS g ON g.tgrelid = t.oid AND NOT g.tgisinternal
INNER JOIN pg_proc AS p ON p.oid = g.tgfoid
WHERE NOT (
    p.proname IN ('note_raw_changes', 'keep_ema_alpha', 'keep_alpha_vectors')
    AND p.pronamespace = quote_ident(current_schema())::regnamespace)
UNION ALL
SELECT 'rule ' || r.rulename || ' on table ' || t.name FROM our_tables AS t
INNER JOIN pg_rewrite AS r ON r.ev_class = t.oid
UNION ALL
SELECT 'table ' || t.name || ' is part of an inheritance' FROM our_tables AS t
WHERE EXISTS (
    SELECT 1 FROM pg_inherits AS i WHERE i.inhrelid = t.oid OR (i.inhparent = t.oid AND t.relkind <> 'p'))
UNION ALL
SELECT 'foreign key ' || k.conname || ' of table ' || k.conrelid::regclass::text FROM pg_constraint AS k
WHERE k.contype = 'f'
    AND (
        k.conrelid IN (SELECT t.oid FROM our_tables AS t)
        OR k.confrelid IN (SELECT t.oid FROM our_tables AS t))
    AND NOT (
        k.confrelid IN (SELECT t.oid FROM our_tables AS t WHERE NOT t.is_distributed)
        AND k.conrelid IN (SELECT t.oid FROM our_tables AS t))
UNION ALL
SELECT 'unique index ' || i.indexrelid::regclass::text || ' without id' FROM our_tables AS t
INNER JOIN pg_index AS i ON i.indrelid = t.oid AND (i.indisunique OR i.indisexclusion)
WHERE t.is_distributed
    AND NOT (SELECT a.attnum FROM pg_attribute AS a WHERE a.attrelid = t.oid AND a.attname = 'id')
    = ANY ((string_to_array(i.indkey::text, ' ')::int2[])[1:i.indnkeyatts])
ORDER BY 1
