-- What the planner may assume of tables that nobody has analysed yet, where PostgreSQL can't be told: before
-- 18. Numbers of distinct values outlive the rows that they were made of, so each empty table gets a row, is
-- analysed with these numbers set, and is emptied again. One row has no frequent value, so that none is
-- expected to be the only one. The next ANALYZE replaces all of it.
DO $$
DECLARE
    v_table record;
    v_filled boolean;
BEGIN
    -- The shards of a cluster take no such numbers.
    IF current_setting('server_version_num')::int >= 180000
        OR EXISTS (SELECT 1 FROM pg_extension AS e WHERE e.extname = 'citus') THEN
        RETURN;
    END IF;
    FOR v_table IN
        SELECT
            c.relname, g.options, g.resets,
            (
                SELECT format('INSERT INTO %I (%s) VALUES (%s)', c.relname,
                    string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
                    string_agg(
                        CASE
                            WHEN a.atttypid = 'boolean'::regtype THEN 'false'
                            WHEN a.atttypid = 'date[]'::regtype THEN 'ARRAY[date ''2000-01-01'']'
                            WHEN a.attndims > 0 THEN '''{}'''
                            WHEN a.atttypid IN ('date'::regtype, 'timestamptz'::regtype) THEN '''2000-01-01'''
                            ELSE '''1'''
                        END, ', ' ORDER BY a.attnum))
                FROM pg_attribute AS a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attnotnull AND a.attgenerated = ''
            ) AS insertion
        FROM (
            SELECT
                v.relation,
                string_agg(format('ALTER %I SET (n_distinct = %s)', v.name, v.n_distinct), ', ') AS options,
                string_agg(format('ALTER %I RESET (n_distinct)', v.name), ', ') AS resets
            FROM (VALUES
                ('cmc_price_bars_1d', 'id', 10), ('cmc_price_bars_1d', 'block', 90),
                ('cmc_price_bars_1d', 'timestamp', -0.5), ('cmc_price_bars_1d', 'bar_seq', -0.5),
                ('bars', 'id', 10), ('bars', 'tf', 150), ('bars', 'bar_seq', 2000),
                ('bars_state', 'id', -0.15), ('bars_state', 'bar_group', 7), ('bars_state', 'tz', 1),
                ('bars_state', 'first_ts', -0.1),
                ('emas', 'id', 10), ('emas', 'tf', 150), ('emas', 'bar_seq', 2000),
                ('emas_at_blocks', 'id', 10), ('emas_at_blocks', 'tf', 150), ('emas_at_blocks', 'block', 90),
                ('emas_state', 'id', -0.125), ('emas_state', 'ema_group', 8), ('emas_state', 'tz', 1),
                ('emas_state', 'periods', 1), ('emas_state', 'tfs', 8), ('emas_state', 'first_ts', -0.1),
                ('emas_state', 'last_ts', -0.1),
                ('day_blocks', 'id', 10), ('day_blocks', 'block', 90),
                ('bar_blocks', 'id', 10), ('bar_blocks', 'tf', 150), ('bar_blocks', 'part', 6)
            ) AS v (relation, name, n_distinct)
            GROUP BY v.relation
        ) AS g
        INNER JOIN pg_class AS c
            ON
                c.relname = g.relation AND c.relkind = 'r'
                AND c.relnamespace = quote_ident(current_schema())::regnamespace
    LOOP
        -- A table with rows has been analysed, or soon is.
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', v_table.relname) INTO v_filled;
        CONTINUE WHEN v_filled;
        EXECUTE v_table.insertion;
        EXECUTE format('ALTER TABLE %I %s', v_table.relname, v_table.options);
        EXECUTE format('ANALYZE %I', v_table.relname);
        EXECUTE format('ALTER TABLE %I %s', v_table.relname, v_table.resets);
        EXECUTE format('TRUNCATE %I', v_table.relname);
    END LOOP;
END;
$$;
