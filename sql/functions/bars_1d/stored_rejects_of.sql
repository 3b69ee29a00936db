-- stored_rejects_of: the rejects of one asset in a range, as they are stored.
--   p_id, p_from, p_to   as in raw_days_of
-- Returns   a row per reject.
-- Errors    none.   Cost  an index range.   Rule  as raw_days_of.
CREATE OR REPLACE FUNCTION stored_rejects_of(p_id int, p_from timestamptz, p_to timestamptz)
RETURNS TABLE (
    "timestamp" timestamptz, tf text, reason text, time_open timestamptz, time_close timestamptz,
    time_high timestamptz, time_low timestamptz, open float8, high float8, low float8, close float8,
    volume float8, market_cap float8, src_name text, src_file text, src_load_ts timestamptz, local_day date)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT
        r."timestamp", r.tf, r.reason, r.time_open, r.time_close, r.time_high, r.time_low, r.open, r.high,
        r.low, r.close, r.volume, r.market_cap, r.src_name, r.src_file, r.src_load_ts, r.local_day
    FROM cmc_price_bars_1d_rejects AS r
    WHERE r.id = p_id AND r."timestamp" >= p_from AND (p_to IS NULL OR r."timestamp" < p_to);
END;
$$;
