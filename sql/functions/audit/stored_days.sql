-- stored_days: the validated days of an asset.
--   p_id   asset id
-- Returns   the rows of cmc_price_bars_1d, without what tells of its making.
-- Errors    none.   Cost  an index range.
-- Rule      audits join it, and what else is stored, as functions: a node of a cluster keeps the plan of a
--           statement that reads one table of an asset, and plans all others at every call.
CREATE OR REPLACE FUNCTION stored_days(p_id int)
RETURNS TABLE (
    id int, "timestamp" timestamptz, tf text, bar_seq int, time_open timestamptz, time_close timestamptz,
    time_high timestamptz, time_low timestamptz, open float8, high float8, low float8, close float8,
    volume float8, market_cap float8, is_partial_start boolean, is_partial_end boolean,
    is_missing_days boolean, repaired_timehigh boolean, repaired_timelow boolean, src_name text,
    src_file text, local_day date, day date)
LANGUAGE plpgsql STABLE ROWS 2000
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT
        d.id, d."timestamp", d.tf, d.bar_seq, d.time_open, d.time_close, d.time_high, d.time_low, d.open,
        d.high, d.low, d.close, d.volume, d.market_cap, d.is_partial_start, d.is_partial_end,
        d.is_missing_days, d.repaired_timehigh, d.repaired_timelow, d.src_name, d.src_file, d.local_day, d.day
    FROM cmc_price_bars_1d AS d
    WHERE d.id = p_id;
END;
$$;
