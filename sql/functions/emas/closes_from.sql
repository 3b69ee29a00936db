-- closes_from: the closes of an asset after a row.
--   p_id      asset id
--   p_row     row number (1d bar_seq); 0: all
-- Returns   an array in time order.
-- Errors    TA030 a close is NULL.   Cost  these days, once.
-- Rule      an EMA neither skips a day nor carries one forward.
CREATE OR REPLACE FUNCTION closes_from(p_id int, p_row int)
RETURNS float8[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_closes float8[];
BEGIN
    SELECT array_agg(d.close ORDER BY d.bar_seq) INTO v_closes
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq > p_row;
    IF array_position(v_closes, NULL) IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA030', MESSAGE = 'a close is NULL',
            DETAIL = format('Asset %s, day %s.', p_id, p_row + array_position(v_closes, NULL)),
            HINT = 'Build the validated days again: p_full => true.';
    END IF;
    RETURN v_closes;
END;
$$;
