-- How a Citus cluster holds our tables: a row per table with what it is there (distributed, reference, NULL: neither),
-- its shards, the nodes that they lie on, and the bytes on the fullest and the emptiest of them.
SELECT
    c.relname AS name,
    CASE p.partmethod WHEN 'h' THEN 'distributed' WHEN 'n' THEN 'reference' END AS kind,
    count(DISTINCT s.shardid)::int AS shards,
    count(DISTINCT (s.nodename, s.nodeport))::int AS nodes,
    max(s.bytes)::bigint AS most_bytes,
    min(s.bytes)::bigint AS least_bytes
FROM pg_class AS c
LEFT JOIN pg_dist_partition AS p ON p.logicalrelid = c.oid
LEFT JOIN (
    SELECT
        table_name, shardid, nodename, nodeport,
        sum(shard_size) OVER (PARTITION BY table_name, nodename, nodeport) AS bytes
    FROM citus_shards
) AS s ON s.table_name = c.oid
WHERE c.relname = ANY (%(tables)s::text[]) AND c.relnamespace = quote_ident(current_schema())::regnamespace
GROUP BY c.relname, p.partmethod
ORDER BY array_position(%(tables)s::text[], c.relname::text)
