-- bars_1d_candidates: every raw day as validation sees it: repaired when it can be, with a reason when it
--   can't.
-- Rows      one per raw row; reason is NULL for an accepted day. Columns raw_.. keep what was loaded.
-- Rule      that of validated_day.
-- Cost      one pass over the rows that the filter on id and "timestamp" leaves.
CREATE OR REPLACE VIEW bars_1d_candidates AS
SELECT
    h.id,
    h."timestamp",
    v.reason,
    h.timeopen AS time_open,
    h.timeclose AS time_close,
    v.time_high,
    v.time_low,
    v.open,
    v.high,
    v.low,
    v.close,
    v.volume,
    v.market_cap,
    v.repaired_timehigh,
    v.repaired_timelow,
    h.name AS src_name,
    h.source_file AS src_file,
    h.load_ts AS src_load_ts,
    h.timehigh AS raw_time_high,
    h.timelow AS raw_time_low,
    h.open AS raw_open,
    h.high AS raw_high,
    h.low AS raw_low,
    h.close AS raw_close,
    h.volume AS raw_volume,
    h.marketcap AS raw_market_cap,
    h.local_day
FROM cmc_price_histories7 AS h
CROSS JOIN LATERAL validated_day(
    h."timestamp", h.timeopen, h.timeclose, h.timehigh, h.timelow, h.open, h.high, h.low, h.close, h.volume,
    h.marketcap, h.local_day) AS v;
