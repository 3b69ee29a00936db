-- raw_days_validated: the raw days of an asset as validation sees them.
--   p_id   asset id
-- Returns   the rows of bars_1d_candidates, without src_load_ts.
-- Errors    none.   Cost  one pass over the raw days.
-- Rule      as stored_days.
CREATE OR REPLACE FUNCTION raw_days_validated(p_id int)
RETURNS TABLE (
    id int, "timestamp" timestamptz, reason text, time_open timestamptz, time_close timestamptz,
    time_high timestamptz, time_low timestamptz, open float8, high float8, low float8, close float8,
    volume float8, market_cap float8, repaired_timehigh boolean, repaired_timelow boolean, src_name text,
    src_file text, raw_time_high timestamptz, raw_time_low timestamptz, raw_open float8, raw_high float8,
    raw_low float8, raw_close float8, raw_volume float8, raw_market_cap float8, local_day date)
LANGUAGE plpgsql STABLE ROWS 2000
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT
        c.id, c."timestamp", c.reason, c.time_open, c.time_close, c.time_high, c.time_low, c.open, c.high,
        c.low, c.close, c.volume, c.market_cap, c.repaired_timehigh, c.repaired_timelow, c.src_name,
        c.src_file, c.raw_time_high, c.raw_time_low, c.raw_open, c.raw_high, c.raw_low, c.raw_close,
        c.raw_volume, c.raw_market_cap, c.local_day
    FROM bars_1d_candidates AS c
    WHERE c.id = p_id;
END;
$$;
