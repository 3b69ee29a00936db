-- check_examined: refuse a look-back or a range of raw days that names nothing.
--   p_lookback_days, p_time_min, p_time_max   as in refresh_bars
-- Returns   nothing.
-- Errors    TA004.   Cost  constant.   Rule  plans and refreshes refuse the same.
CREATE OR REPLACE FUNCTION check_examined(
    p_lookback_days int, p_time_min timestamptz, p_time_max timestamptz)
RETURNS void
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    IF p_lookback_days IS NULL OR p_lookback_days < 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004',
            MESSAGE = format('look-back of %s days', coalesce(p_lookback_days::text, 'NULL')),
            DETAIL = 'p_lookback_days is a number of days, 0 or more.',
            HINT = 'Use 0 to switch the look-back off.';
    END IF;
    IF p_time_min >= p_time_max THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004', MESSAGE = format('empty range: %s is not before %s', p_time_min, p_time_max),
            DETAIL = 'Raw rows are examined where p_time_min <= "timestamp" < p_time_max.',
            HINT = 'Give a p_time_max after p_time_min.';
    END IF;
END;
$$;
