-- stored_days_of: the validated days of one asset in a range, as they are stored.
--   p_id, p_from, p_to   as in raw_days_of
-- Returns   a row per day; is_odd: a column that validation doesn't set isn't as in every validated day.
-- Errors    none.   Cost  an index range.   Rule  as raw_days_of.
CREATE OR REPLACE FUNCTION stored_days_of(p_id int, p_from timestamptz, p_to timestamptz)
RETURNS TABLE (
    "timestamp" timestamptz, bar_seq int, time_open timestamptz, time_close timestamptz,
    time_high timestamptz, time_low timestamptz, open float8, high float8, low float8, close float8,
    volume float8, market_cap float8, repaired_timehigh boolean, repaired_timelow boolean, src_name text,
    src_file text, src_load_ts timestamptz, local_day date, day date, is_odd boolean)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT
        d."timestamp", d.bar_seq, d.time_open, d.time_close, d.time_high, d.time_low, d.open, d.high, d.low,
        d.close, d.volume, d.market_cap, d.repaired_timehigh, d.repaired_timelow, d.src_name, d.src_file,
        d.src_load_ts, d.local_day, d.day,
        d.tf <> '1D' OR d.is_partial_start OR d.is_partial_end OR d.is_missing_days
    FROM cmc_price_bars_1d AS d
    WHERE d.id = p_id AND d."timestamp" >= p_from AND (p_to IS NULL OR d."timestamp" < p_to);
END;
$$;
