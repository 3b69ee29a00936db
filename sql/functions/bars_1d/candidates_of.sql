-- candidates_of: the raw days of one asset in a range as validation sees them.
--   p_id, p_from, p_to   as in raw_days_of
-- Returns   a row per raw day, as bars_1d_candidates.
-- Errors    none.   Cost  an index range; inlined.   Rule  that of validated_day.
CREATE OR REPLACE FUNCTION candidates_of(p_id int, p_from timestamptz, p_to timestamptz)
RETURNS TABLE (
    "timestamp" timestamptz, reason text, time_open timestamptz, time_close timestamptz,
    time_high timestamptz, time_low timestamptz, open float8, high float8, low float8, close float8,
    volume float8, market_cap float8, repaired_timehigh boolean, repaired_timelow boolean, src_name text,
    src_file text, src_load_ts timestamptz, raw_time_high timestamptz, raw_time_low timestamptz,
    raw_open float8, raw_high float8, raw_low float8, raw_close float8, raw_volume float8,
    raw_market_cap float8, local_day date)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT
    h."timestamp", v.reason, h.timeopen, h.timeclose, v.time_high, v.time_low, v.open, v.high, v.low, v.close,
    v.volume, v.market_cap, v.repaired_timehigh, v.repaired_timelow, h.name, h.source_file, h.load_ts,
    h.timehigh AS raw_time_high, h.timelow AS raw_time_low, h.open AS raw_open, h.high AS raw_high,
    h.low AS raw_low, h.close AS raw_close, h.volume AS raw_volume, h.marketcap AS raw_market_cap, h.local_day
FROM raw_days_of(p_id, p_from, p_to) AS h
CROSS JOIN LATERAL validated_day(
    h."timestamp", h.timeopen, h.timeclose, h.timehigh, h.timelow, h.open, h.high, h.low, h.close, h.volume,
    h.marketcap, h.local_day) AS v;
END;
