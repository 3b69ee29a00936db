-- What lies in which hash partition, all tables of assets together: rows as the server estimates them.
SELECT
    substring(c.relname FROM '_p([0-9]+of[0-9]+)$') AS partition,
    sum(greatest(c.reltuples, 0))::bigint AS rows,
    sum(pg_total_relation_size(c.oid))::bigint AS bytes
FROM pg_class AS t
INNER JOIN pg_inherits AS i ON i.inhparent = t.oid
INNER JOIN pg_class AS c ON c.oid = i.inhrelid
WHERE t.relname = ANY (%(tables)s::text[]) AND t.relnamespace = quote_ident(current_schema())::regnamespace
    AND t.relkind = 'p'
GROUP BY 1, substring(c.relname FROM '_p([0-9]+)of[0-9]+$')::int
ORDER BY substring(c.relname FROM '_p([0-9]+)of[0-9]+$')::int NULLS LAST
