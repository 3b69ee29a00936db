-- What the planner may assume of tables that nobody has analysed yet: the views keep what they compute for a
-- block of days only if it knows that many days share one. PostgreSQL 18 can be told; ANALYZE replaces what
-- stands here.
DO $$
DECLARE
    v_column record;
BEGIN
    IF current_setting('server_version_num')::int < 180000 THEN
        RETURN;
    END IF;
    FOR v_column IN
        SELECT * FROM (VALUES
            ('cmc_price_bars_1d', 'id', 10), ('cmc_price_bars_1d', 'block', 90),
            ('cmc_price_bars_1d', 'timestamp', -0.5), ('cmc_price_bars_1d', 'bar_seq', -0.5),
            ('bars', 'id', 10), ('bars', 'tf', 150), ('bars', 'bar_seq', 2000),
            ('bars_state', 'id', -0.15), ('bars_state', 'family', 7), ('bars_state', 'tz', 1),
            ('bars_state', 'first_ts', -0.1),
            ('emas', 'id', 10), ('emas', 'tf', 150), ('emas', 'bar_seq', 2000),
            ('emas_at_blocks', 'id', 10), ('emas_at_blocks', 'tf', 150), ('emas_at_blocks', 'block', 90),
            ('emas_state', 'id', -0.125), ('emas_state', 'variant', 8), ('emas_state', 'tz', 1),
            ('emas_state', 'periods', 1), ('emas_state', 'tfs', 8), ('emas_state', 'first_ts', -0.1),
            ('emas_state', 'last_ts', -0.1)
        ) AS c (relation, name, n_distinct)
    LOOP
        PERFORM pg_restore_attribute_stats(
            'schemaname', current_schema()::text, 'relname', v_column.relation, 'attname', v_column.name,
            'inherited', false, 'null_frac', 0::real, 'avg_width', 8,
            'n_distinct', v_column.n_distinct::real);
    END LOOP;
END;
$$;

ANALYZE dim_timeframe, dim_period, ema_alpha;
