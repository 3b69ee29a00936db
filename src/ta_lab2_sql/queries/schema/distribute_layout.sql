-- How the tables of assets lie: a row per table with its number of hash partitions, 0 for a plain table.
SELECT
    c.relname AS name,
    (SELECT count(*)::int FROM pg_inherits AS i WHERE c.relkind = 'p' AND i.inhparent = c.oid) AS partitions
FROM unnest(%(tables)s::text[]) WITH ORDINALITY AS w (name, ordinal)
INNER JOIN pg_class AS c
    ON c.relname = w.name AND c.relnamespace = quote_ident(current_schema())::regnamespace
ORDER BY w.ordinal
