-- What the tables take on disk, indexes included, partitions added up; rows are the server's estimate.
SELECT
    c.relname AS relation,
    sum(pg_total_relation_size(l.oid))::bigint AS bytes,
    sum(greatest(l.reltuples, 0))::bigint AS rows,
    count(*) FILTER (WHERE l.oid <> c.oid) AS partitions
FROM pg_class AS c
LEFT JOIN LATERAL pg_partition_tree(c.oid) AS p ON true
INNER JOIN pg_class AS l ON l.oid = coalesce(p.relid, c.oid)
WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
    AND c.relkind IN ('r', 'p') AND NOT c.relispartition
GROUP BY c.relname
ORDER BY bytes DESC, c.relname
