-- The tables that a Citus cluster holds as ours, and the triggers that they have, as table.trigger.
SELECT
    (
        SELECT coalesce(array_agg(w.name ORDER BY w.ordinal), '{}')
        FROM unnest(%(tables)s::text[]) WITH ORDINALITY AS w (name, ordinal)
        INNER JOIN pg_class AS c ON c.relname = w.name
        INNER JOIN pg_dist_partition AS p ON p.logicalrelid = c.oid
        WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
    ) AS held,
    (
        SELECT coalesce(array_agg(c.relname || '.' || g.tgname), '{}')
        FROM pg_class AS c
        INNER JOIN pg_trigger AS g ON g.tgrelid = c.oid
        WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND NOT g.tgisinternal
    ) AS triggers
