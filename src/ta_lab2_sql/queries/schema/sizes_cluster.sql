-- What the tables take on disk on all nodes of a Citus cluster, indexes included; it has no estimate of rows.
SELECT
    c.relname AS relation,
    CASE
        WHEN p.logicalrelid IS NULL THEN pg_total_relation_size(c.oid)
        ELSE citus_total_relation_size(c.oid)
    END AS bytes,
    NULL::bigint AS rows,
    (
        SELECT count(*) FROM pg_dist_shard AS s WHERE s.logicalrelid = c.oid AND p.partmethod = 'h'
    ) AS partitions
FROM pg_class AS c
LEFT JOIN pg_dist_partition AS p ON p.logicalrelid = c.oid
WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
    AND c.relkind = 'r' AND NOT c.relispartition
    AND c.relname = ANY (%(tables)s::text[])
ORDER BY bytes DESC, c.relname
