-- check_read: refuse a read of an unknown timeframe or an inverted range.
--   p_tf   timeframe;   p_from, p_to  range, NULL: open end
-- Errors    TA002 unknown timeframe, TA004 p_from after p_to.   Cost  one look at the catalogue.
CREATE OR REPLACE FUNCTION check_read(p_tf text, p_from timestamptz, p_to timestamptz)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    IF p_tf IS NULL OR NOT EXISTS (SELECT 1 FROM dim_timeframe AS t WHERE t.tf = p_tf) THEN
        PERFORM check_timeframes('all', ARRAY[p_tf]);
    END IF;
    IF p_from > p_to THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004', MESSAGE = format('inverted range: %s is after %s', p_from, p_to),
            DETAIL = 'Rows are read where p_from <= ts < p_to.', HINT = 'Swap the two, or leave one out.';
    END IF;
END;
$$;
