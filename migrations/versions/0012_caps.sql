-- The market caps of the rows that cap_rows names, so that no read of a block looks them up.
ALTER TABLE day_blocks ADD COLUMN caps float8[];
DO $$
BEGIN
    -- Shards take no such setting.
    IF NOT EXISTS (SELECT 1 FROM pg_extension AS e WHERE e.extname = 'citus') THEN
        ALTER TABLE day_blocks ALTER caps SET STORAGE PLAIN;
    END IF;
END;
$$;

UPDATE day_blocks AS k SET caps = n.caps
FROM (
    SELECT x.id, x.block, array_agg(d.market_cap ORDER BY c.place) AS caps
    FROM day_blocks AS x
    CROSS JOIN LATERAL unnest(x.cap_rows) WITH ORDINALITY AS c (cap_row, place)
    LEFT JOIN cmc_price_bars_1d AS d ON d.id = x.id AND d.bar_seq = c.cap_row
    GROUP BY x.id, x.block
) AS n
WHERE k.id = n.id AND k.block = n.block;

-- What the planner may assume of tables that nobody has analysed yet: that 64 days share a block, also where
-- there are few assets. Of ten assets, as many as it assumes, each has a tenth of the blocks. PostgreSQL
-- before 18 can't be told: numbers of distinct values outlive the row that they were made of.
DO $$
DECLARE
    v_table record;
    v_filled boolean;
BEGIN
    -- Nor do shards take numbers of distinct values.
    IF EXISTS (SELECT 1 FROM pg_extension AS e WHERE e.extname = 'citus') THEN
        RETURN;
    END IF;
    FOR v_table IN
        SELECT
            c.relation, c.blocks, c.insertion,
            (
                SELECT string_agg(format('ALTER %I SET (n_distinct = %s)', o.name, o.n_distinct), ', ')
                FROM (VALUES
                    ('id', 10), ('block', c.blocks), ('timestamp', -0.5), ('bar_seq', -0.5)
                ) AS o (name, n_distinct)
                INNER JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attname = o.name
            ) AS options
        FROM (VALUES
            ('cmc_price_bars_1d', -1 / 640.0,
                'INSERT INTO cmc_price_bars_1d (
                    id, "timestamp", bar_seq, time_open, time_close, time_high, time_low, open, high, low,
                    close, repaired_timehigh, repaired_timelow, day)
                SELECT 1, t.t, 1, t.t, t.t, t.t, t.t, 1, 1, 1, 1, false, false, ''2000-01-01''
                FROM (VALUES (timestamptz ''2000-01-01'')) AS t (t)'),
            ('day_blocks', -0.1,
                'INSERT INTO day_blocks (
                    id, block, closes, highs, lows, times_high, times_low, volumes, days)
                VALUES (1, 0, ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{2000-01-01}'')')
        ) AS c (relation, blocks, insertion)
        INNER JOIN pg_class AS r
            ON
                r.relname = c.relation AND r.relkind = 'r'
                AND r.relnamespace = quote_ident(current_schema())::regnamespace
    LOOP
        -- A table with rows has been analysed, or soon is.
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', v_table.relation) INTO v_filled;
        CONTINUE WHEN v_filled;
        IF current_setting('server_version_num')::int >= 180000 THEN
            PERFORM pg_restore_attribute_stats(
                'schemaname', current_schema()::text, 'relname', v_table.relation::text, 'attname', 'block',
                'inherited', false, 'null_frac', 0::real, 'avg_width', 8,
                'n_distinct', v_table.blocks::real);
        ELSE
            EXECUTE v_table.insertion;
            EXECUTE format('ALTER TABLE %I %s', v_table.relation, v_table.options);
            EXECUTE format('ANALYZE %I', v_table.relation);
            EXECUTE format('ALTER TABLE %I %s', v_table.relation,
                regexp_replace(v_table.options, 'SET \(n_distinct = [^)]*\)', 'RESET (n_distinct)', 'g'));
            EXECUTE format('TRUNCATE %I', v_table.relation);
        END IF;
    END LOOP;
END;
$$;
