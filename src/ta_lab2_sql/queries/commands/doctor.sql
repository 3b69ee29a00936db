-- Facts about the server, the role and the installation that a healthy system depends on. One row.
SELECT
    current_setting('server_version') AS server_version,
    current_setting('server_version_num')::int AS server_number,
    current_user AS role,
    quote_ident(current_database()) AS database,
    current_schema() AS schema,
    clock_timestamp() AS server_now,
    current_setting('TimeZone') AS zone,
    current_setting('jit') AS jit,
    pg_size_bytes(current_setting('shared_buffers')) AS shared_buffers,
    pg_size_bytes(current_setting('work_mem')) AS work_mem,
    current_setting('fsync') AS fsync,
    current_setting('full_page_writes') AS full_page_writes,
    current_setting('synchronous_commit') AS synchronous_commit,
    current_setting('autovacuum') AS autovacuum,
    current_setting('max_connections')::int AS max_connections,
    (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
    current_setting('transaction_read_only') AS read_only,
    pg_encoding_to_char(d.encoding) AS encoding,
    d.datcollate AS collation,
    d.datcollversion IS DISTINCT FROM pg_database_collation_actual_version(d.oid) AS collation_moved,
    pg_database_size(d.oid) AS database_size,
    has_schema_privilege(current_schema(), 'CREATE') AS may_create,
    (
        SELECT array_agg(format('%%s on %%s', p.privilege, c.relname) ORDER BY c.relname, p.privilege)
        FROM pg_class AS c
        CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS p (privilege)
        WHERE
            c.relnamespace = quote_ident(current_schema())::regnamespace
            AND c.relkind IN ('r', 'p') AND NOT c.relispartition
            AND c.relname NOT LIKE 'ta\_lab2%%'
            -- What a refresh reads only, adds to, or writes.
            AND p.privilege = ANY (CASE
                WHEN c.relname IN (
                    'cmc_price_histories7', 'dim_timeframe', 'dim_period', 'price_sources',
                    'accepted_findings', 'calendars', 'calendar_weeks', 'calendar_exceptions'
                ) THEN ARRAY['SELECT']
                WHEN c.relname IN ('assets', 'calendars_applied', 'calendar_changes')
                    THEN ARRAY['SELECT', 'INSERT', 'UPDATE']
                WHEN c.relname = 'ema_alpha' THEN ARRAY['SELECT', 'INSERT']
                WHEN c.relname = 'runs' THEN ARRAY['SELECT', 'INSERT', 'UPDATE']
                ELSE ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']
            END)
            AND NOT has_table_privilege(c.oid, p.privilege)
    ) AS lacking,
    (
        SELECT bool_and(has_table_privilege('cmc_price_histories7', p.privilege))
        FROM (VALUES ('INSERT'), ('UPDATE')) AS p (privilege)
    ) AS may_load,
    (
        SELECT array_agg(f.oid::regprocedure::text ORDER BY 1) FROM pg_proc AS f
        WHERE
            f.pronamespace = quote_ident(current_schema())::regnamespace AND f.proname LIKE 'refresh%%'
            AND NOT has_function_privilege(f.oid, 'EXECUTE')
    ) AS not_executable,
    (
        SELECT array_agg(t.tgname::text ORDER BY t.tgname) FROM pg_trigger AS t
        WHERE t.tgrelid = to_regclass('cmc_price_histories7') AND NOT t.tgisinternal AND t.tgenabled = 'D'
    ) AS triggers_off,
    (
        SELECT count(*)::int FROM pg_trigger AS t
        WHERE t.tgrelid = to_regclass('cmc_price_histories7') AND t.tgname LIKE 'raw_changes%%'
    ) AS triggers,
    (SELECT count(*)::int FROM dim_timeframe AS t WHERE t.is_canonical) AS timeframes,
    EXISTS (SELECT 1 FROM dim_timeframe AS t WHERE t.tf = '1D' AND t.is_canonical) AS has_1d,
    (SELECT count(*)::int FROM dim_period) AS periods,
    (
        SELECT count(*)::int FROM dim_timeframe AS t
        CROSS JOIN dim_period AS p
        WHERE NOT EXISTS (SELECT 1 FROM ema_alpha AS a WHERE a.tf = t.tf AND a.period = p.period)
    ) AS alphas_missing
FROM pg_database AS d
WHERE d.datname = current_database()
