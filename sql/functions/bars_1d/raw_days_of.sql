-- raw_days_of: the raw days of one asset in a range.
--   p_id          asset id
--   p_from, p_to  p_from <= "timestamp" < p_to (p_to NULL: open)
-- Returns   a row per raw day, as it was loaded.
-- Errors    none.   Cost  an index range.
-- Rule      one table by itself: of such a statement a cluster keeps the plan, and what is made of the rows
--           afterwards is no matter of its tables.
CREATE OR REPLACE FUNCTION raw_days_of(p_id int, p_from timestamptz, p_to timestamptz)
RETURNS TABLE (
    "timestamp" timestamptz, timeopen timestamptz, timeclose timestamptz, timehigh timestamptz,
    timelow timestamptz, open float8, high float8, low float8, close float8, volume float8,
    marketcap float8, local_day date, name text, source_file text, load_ts timestamptz)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT
        h."timestamp", h.timeopen, h.timeclose, h.timehigh, h.timelow, h.open, h.high, h.low, h.close,
        h.volume, h.marketcap, h.local_day, h.name, h.source_file, h.load_ts
    FROM cmc_price_histories7 AS h
    WHERE h.id = p_id AND h."timestamp" >= p_from AND (p_to IS NULL OR h."timestamp" < p_to);
END;
$$;
