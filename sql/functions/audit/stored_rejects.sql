-- stored_rejects: the rejected days of an asset.
--   p_id   asset id
-- Returns   the rows of cmc_price_bars_1d_rejects, without what tells of their making.
-- Errors    none.   Cost  an index range.
-- Rule      as stored_days.
CREATE OR REPLACE FUNCTION stored_rejects(p_id int)
RETURNS TABLE (
    "timestamp" timestamptz, tf text, reason text, time_open timestamptz, time_close timestamptz,
    time_high timestamptz, time_low timestamptz, open float8, high float8, low float8, close float8,
    volume float8, market_cap float8, src_name text, src_file text, local_day date)
LANGUAGE plpgsql STABLE ROWS 50
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT
        r."timestamp", r.tf, r.reason, r.time_open, r.time_close, r.time_high, r.time_low, r.open, r.high,
        r.low, r.close, r.volume, r.market_cap, r.src_name, r.src_file, r.local_day
    FROM cmc_price_bars_1d_rejects AS r
    WHERE r.id = p_id;
END;
$$;
