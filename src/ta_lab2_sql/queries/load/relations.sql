-- Relations whose names are most like one that there isn't.
SELECT nearest_names(%(name)s, array_agg(c.oid::regclass::text))
FROM pg_class AS c
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND c.relnamespace <> ALL(ARRAY['pg_catalog'::regnamespace, 'information_schema'::regnamespace])
    AND c.relpersistence <> 't'
