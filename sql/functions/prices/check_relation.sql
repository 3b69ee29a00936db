-- check_relation: refuse a relation that can't give days of prices.
--   p_relation   the relation
--   p_columns    role -> {name, type} that were found
--   p_options    as for sync_prices
-- Returns   nothing.
-- Errors    TA004 naming what is missing: a day, a close, open with high and low, an asset.
-- Cost      microseconds.   Rule  a closing price alone will do.
CREATE OR REPLACE FUNCTION check_relation(p_relation regclass, p_columns jsonb, p_options jsonb)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_missing text;
BEGIN
    v_missing := CASE
        WHEN NOT coalesce(p_columns, '{}') ? 'date' THEN 'date'
        WHEN NOT p_columns ? 'close' THEN 'close'
        WHEN NOT p_columns ?| ARRAY['open', 'high', 'low'] THEN NULL
        WHEN p_columns ?& ARRAY['open', 'high', 'low'] THEN NULL
        WHEN NOT p_columns ? 'open' THEN 'open'
        WHEN NOT p_columns ? 'high' THEN 'high'
        ELSE 'low'
    END;
    v_missing := CASE
        WHEN v_missing IS NOT NULL THEN v_missing
        WHEN (p_options ->> 'adjusted')::boolean AND NOT p_columns ? 'adjusted' THEN 'adjusted'
        WHEN NOT p_options ? 'asset' AND NOT p_columns ?| ARRAY['symbol', 'id'] THEN 'symbol'
    END;
    IF v_missing IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004',
            MESSAGE = CASE
                WHEN v_missing = 'symbol' THEN 'which asset is this?'
                ELSE format('no column for %s', v_missing) END,
            DETAIL = format('%s has %s', p_relation, (
                SELECT string_agg(t.attname, ', ' ORDER BY t.attnum) FROM pg_attribute AS t
                WHERE t.attrelid = p_relation AND t.attnum > 0 AND NOT t.attisdropped)),
            HINT = CASE
                WHEN v_missing = 'symbol' THEN '--asset SYMBOL when it holds one, or --columns symbol=COLUMN.'
                ELSE format('Name it: --columns %s=COLUMN.', v_missing) END;
    END IF;
    IF coalesce(p_options ->> 'stamp', 'day') NOT IN ('day', 'end', 'close') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004', MESSAGE = format('unknown stamp %L', p_options ->> 'stamp'),
            DETAIL = format('options of %s', p_relation), HINT = 'Stamps are day, end, close.';
    END IF;
END;
$$;
