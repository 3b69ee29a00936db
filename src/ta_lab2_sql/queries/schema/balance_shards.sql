-- What of our distributed tables lies on which node of a Citus cluster.
SELECT s.nodename || ':' || s.nodeport AS node, count(*)::int AS shards, sum(s.shard_size)::bigint AS bytes
FROM citus_shards AS s
INNER JOIN pg_class AS c ON c.oid = s.table_name
WHERE c.relname = ANY (%(tables)s::text[]) AND c.relnamespace = quote_ident(current_schema())::regnamespace
GROUP BY s.nodename, s.nodeport
ORDER BY s.nodename, s.nodeport
