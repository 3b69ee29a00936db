-- Which server this is and how our tables lie on it.
SELECT
    current_setting('server_version') AS server,
    current_database() AS database,
    current_schema() AS schema,
    CASE
        WHEN EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = 'citus') THEN 'Citus'
        WHEN (SELECT c.relkind FROM pg_class AS c WHERE c.oid = to_regclass('bars')) = 'p'
            THEN 'hash partitions by id'
        ELSE 'plain tables'
    END AS layout,
    clock_timestamp() AS now
