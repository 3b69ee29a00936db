-- relation_days: SQL that reads the rows of a relation as days of prices.
--   p_relation   the relation
--   p_columns    role -> {name, type}
--   p_options    asset, stamp, tz, adjusted, as for sync_prices
--   p_since      rows of earlier days are left out; NULL: none
-- Returns   a query: asset, stamp, local_day, name, timeopen, timeclose, timehigh, timelow, open, high, low,
--           close, volume, marketcap, clock.
-- Errors    TA004 for columns that can't be what they are taken for.
-- Cost      microseconds.
-- Rule      names are quoted; nothing of the options becomes SQL. Rows without any price are left out.
CREATE OR REPLACE FUNCTION relation_days(p_relation regclass, p_columns jsonb, p_options jsonb, p_since date)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_is_close boolean := coalesce(p_options ->> 'stamp', 'day') = 'close';
    v_date text := format('r.%I', p_columns #>> '{date,name}');
    v_type text := p_columns #>> '{date,type}';
    v_zone text := coalesce(resolve_tz(p_options ->> 'tz'), 'UTC');
    v_asset text;
    v_day text;
    v_numbers jsonb := '{}';
    v_role text;
    v_factor text := '1';
    v_close text;
    v_others text;
BEGIN
    IF v_is_close AND v_type <> 'timestamp with time zone' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004',
            MESSAGE = format('stamps of type %s are no moments', v_type),
            DETAIL = format('column %I of %s', p_columns #>> '{date,name}', p_relation),
            HINT = 'Stamp close needs a timestamptz.';
    END IF;
    v_day := day_expression(v_date, v_type, v_zone,
        CASE WHEN v_is_close THEN 'day' ELSE coalesce(p_options ->> 'stamp', 'day') END);
    v_asset := CASE
        WHEN p_options ? 'asset' THEN format('%L', p_options ->> 'asset')
        WHEN p_columns ? 'symbol' THEN format('r.%I::text', p_columns #>> '{symbol,name}')
        WHEN p_columns ? 'id' THEN format('r.%I::text', p_columns #>> '{id,name}')
    END;
    FOREACH v_role IN ARRAY ARRAY['open', 'high', 'low', 'close', 'adjusted', 'volume', 'marketcap'] LOOP
        v_numbers := v_numbers || jsonb_build_object(v_role, CASE
            WHEN NOT p_columns ? v_role THEN 'NULL::float8'
            ELSE price_expression(
                format('r.%I', p_columns #>> ARRAY[v_role, 'name']), p_columns #>> ARRAY[v_role, 'type'])
        END);
    END LOOP;
    v_close := v_numbers ->> 'close';
    IF (p_options ->> 'adjusted')::boolean THEN
        v_factor := format('(%s / nullif(%s, 0))', v_numbers ->> 'adjusted', v_close);
        v_close := v_numbers ->> 'adjusted';
    END IF;
    SELECT string_agg(CASE
        WHEN NOT p_columns ? t.role THEN 'NULL::timestamptz'
        WHEN p_columns #>> ARRAY[t.role, 'type'] = 'timestamp without time zone'
            THEN format('r.%I AT TIME ZONE ''UTC''', p_columns #>> ARRAY[t.role, 'name'])
        ELSE format('r.%I::timestamptz', p_columns #>> ARRAY[t.role, 'name'])
    END || ' AS ' || t.role, ', ' ORDER BY t.place) INTO v_others
    FROM unnest(ARRAY['timeopen', 'timeclose', 'timehigh', 'timelow']) WITH ORDINALITY AS t (role, place);
    RETURN format(
        $q$SELECT n.asset, CASE WHEN %1$L THEN n.stamp ELSE n.ends - interval '1 millisecond' END AS stamp,
            CASE WHEN NOT %1$L THEN n.day END AS local_day, n.name,
            CASE WHEN %1$L THEN n.timeopen ELSE n.ends - interval '1 day' END AS timeopen,
            CASE WHEN %1$L THEN n.timeclose ELSE n.ends - interval '1 millisecond' END AS timeclose,
            n.timehigh, n.timelow, n.open, n.high, n.low, n.close, n.volume, n.marketcap, n.clock, n.day
        FROM (
            SELECT %2$s AS asset, %3$s AS stamp, (d.day + 1)::timestamp AT TIME ZONE 'UTC' AS ends, d.day,
                %4$s AS name, %5$s, %6$s AS open, %7$s AS high, %8$s AS low, %9$s AS close,
                %10$s AS volume, %11$s AS marketcap, r.%14$I::text AS clock
            FROM %12$s AS r CROSS JOIN LATERAL (SELECT %13$s AS day) AS d
            WHERE (%15$s)
        ) AS n
        WHERE n.open IS NOT NULL OR n.high IS NOT NULL OR n.low IS NOT NULL OR n.close IS NOT NULL$q$,
        v_is_close, v_asset, CASE WHEN v_is_close THEN v_date ELSE 'NULL::timestamptz' END,
        CASE WHEN p_columns ? 'name' THEN format('r.%I::text', p_columns #>> '{name,name}')
            ELSE 'NULL::text' END,
        v_others,
        CASE WHEN p_columns ? 'open' THEN format('%s * %s', v_numbers ->> 'open', v_factor) ELSE v_close END,
        CASE WHEN p_columns ? 'high' THEN format('%s * %s', v_numbers ->> 'high', v_factor) ELSE v_close END,
        CASE WHEN p_columns ? 'low' THEN format('%s * %s', v_numbers ->> 'low', v_factor) ELSE v_close END,
        v_close, v_numbers ->> 'volume', v_numbers ->> 'marketcap', p_relation, v_day,
        p_columns #>> '{date,name}',
        CASE
            WHEN p_since IS NULL THEN 'true'
            WHEN v_type = 'date' OR v_type LIKE 'timestamp%'
                THEN format('%s >= %L AND d.day >= %L', v_date, p_since - 1, p_since)
            ELSE format('d.day >= %L', p_since)
        END);
END;
$$;
