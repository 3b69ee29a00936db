-- bars_1d_compared: every raw day, validated, beside what is stored of it.
-- Rows      one per raw day. differs: what is stored isn't what validation gives now; reject_missing: a bad
--           day isn't among the rejects (perhaps unwanted there).
-- Rule      plans compare by this view, and the look-back of one asset by bars_1d_differences, which says
--           the same. Filter it by id and "timestamp", and aggregates rather than rows by what it tells:
--           conditions of this length take long to plan.
-- Cost      index ranges of three tables.
CREATE OR REPLACE VIEW bars_1d_compared AS
SELECT
    c.id,
    c."timestamp",
    true AS is_loaded,
    (c.reason IS NULL) <> (d.id IS NOT NULL)
    OR (d.id IS NOT NULL AND record_image_ne(row(
        c.time_open, c.time_close, c.time_high, c.time_low, c.open, c.high, c.low, c.close, c.volume,
        c.market_cap, c.repaired_timehigh, c.repaired_timelow, c.src_name, c.src_file, c.src_load_ts,
        c.local_day
    ), row(
        d.time_open, d.time_close, d.time_high, d.time_low, d.open, d.high, d.low, d.close, d.volume,
        d.market_cap, d.repaired_timehigh, d.repaired_timelow, d.src_name, d.src_file, d.src_load_ts,
        d.local_day
    )))
    OR (r.id IS NOT NULL AND r.reason IS DISTINCT FROM c.reason)
    OR (r.id IS NOT NULL AND record_image_ne(row(
        c.time_open, c.time_close, c.raw_time_high, c.raw_time_low, c.raw_open, c.raw_high, c.raw_low,
        c.raw_close, c.raw_volume, c.raw_market_cap, c.src_name, c.src_file, c.src_load_ts, c.local_day
    ), row(
        r.time_open, r.time_close, r.time_high, r.time_low, r.open, r.high, r.low, r.close, r.volume,
        r.market_cap, r.src_name, r.src_file, r.src_load_ts, r.local_day
    ))) AS differs,
    c.reason IS NOT NULL AND r.id IS NULL AS reject_missing
FROM bars_1d_candidates AS c
LEFT JOIN cmc_price_bars_1d AS d ON d.id = c.id AND d."timestamp" = c."timestamp"
LEFT JOIN cmc_price_bars_1d_rejects AS r ON r.id = c.id AND r."timestamp" = c."timestamp";
