-- How a Citus cluster holds our tables: a row per table with what it is there (distributed, reference,
-- NULL: neither), its shards and the nodes that they lie on. From the catalogue alone: no other node is
-- asked.
SELECT
    c.relname AS name,
    CASE WHEN p.partmethod = 'h' THEN 'distributed' WHEN p.repmodel = 't' THEN 'reference' END AS kind,
    count(DISTINCT s.shardid)::int AS shards,
    count(DISTINCT l.groupid)::int AS nodes
FROM pg_class AS c
LEFT JOIN pg_dist_partition AS p ON p.logicalrelid = c.oid
LEFT JOIN pg_dist_shard AS s ON s.logicalrelid = c.oid
LEFT JOIN pg_dist_placement AS l ON l.shardid = s.shardid
WHERE c.relname = ANY (%(tables)s::text[]) AND c.relnamespace = quote_ident(current_schema())::regnamespace
GROUP BY c.relname, p.partmethod, p.repmodel
ORDER BY array_position(%(tables)s::text[], c.relname::text)
