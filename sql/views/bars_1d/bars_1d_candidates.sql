-- bars_1d_candidates: every raw day as validation sees it: repaired when it can be, with a reason when it
--   can't.
-- Rows      one per raw row; reason is NULL for an accepted day. Columns raw_.. keep what was loaded.
-- Rule      NaN counts as missing; a verdict looks at one row alone, so it is the same in any run.
--           A high (low) whose time lies outside the day is replaced by the outermost of open and close; an
--           unknown time keeps the price; a price tighter than open and close is widened. A replaced time is
--           the end of the day for a high of a rising or flat day (low of a falling or flat one), else its
--           start. A local day more than one day from the date of the stamp in UTC is no day of any zone.
-- Cost      one pass over the rows that the filter on id and "timestamp" leaves.
CREATE OR REPLACE VIEW bars_1d_candidates AS
SELECT
    h.id,
    h."timestamp",
    CASE
        WHEN h."timestamp" < '1800-01-01 00:00:00+00' OR h."timestamp" >= '2200-01-01 00:00:00+00'
            THEN 'timestamp_out_of_range'
        WHEN h.timeopen IS NULL OR h.timeclose IS NULL THEN 'null_time_open_time_close'
        WHEN NOT isfinite(h.timeopen) OR NOT isfinite(h.timeclose) THEN 'time_out_of_range'
        WHEN p.open IS NULL OR p.close IS NULL THEN 'null_open_close'
        WHEN
            abs(p.open) > 1e300::float8 OR (p.open <> 0 AND abs(p.open) < 1e-300::float8)
            OR abs(p.high) > 1e300::float8 OR (p.high <> 0 AND abs(p.high) < 1e-300::float8)
            OR abs(p.low) > 1e300::float8 OR (p.low <> 0 AND abs(p.low) < 1e-300::float8)
            OR abs(p.close) > 1e300::float8 OR (p.close <> 0 AND abs(p.close) < 1e-300::float8)
            OR abs(p.volume) > 1e300::float8 OR (p.volume <> 0 AND abs(p.volume) < 1e-300::float8)
            OR abs(p.market_cap) > 1e300::float8 OR (p.market_cap <> 0 AND abs(p.market_cap) < 1e-300::float8)
            THEN 'value_out_of_range'
        WHEN h.timeopen > h.timeclose THEN 'time_open_gt_time_close'
        WHEN h."timestamp" < h.timeclose THEN 'timestamp_before_time_close'
        WHEN s.high < s.low THEN 'high_lt_low_after_repair'
        WHEN
            NOT isfinite(h.local_day) OR abs(h.local_day - (h."timestamp" AT TIME ZONE 'UTC')::date) > 1
            THEN 'local_day_far_from_timestamp'
    END AS reason,
    h.timeopen AS time_open,
    h.timeclose AS time_close,
    CASE
        WHEN NOT f.repaired_timehigh THEN h.timehigh
        WHEN p.close >= p.open THEN h.timeclose
        ELSE h.timeopen
    END
        AS time_high,
    CASE
        WHEN NOT f.repaired_timelow THEN h.timelow
        WHEN p.close <= p.open THEN h.timeclose
        ELSE h.timeopen
    END
        AS time_low,
    p.open,
    CASE WHEN s.high IS NULL OR s.high < e.most THEN e.most ELSE s.high END AS high,
    CASE WHEN s.low IS NULL OR s.low > e.least THEN e.least ELSE s.low END AS low,
    p.close,
    p.volume,
    p.market_cap,
    f.repaired_timehigh,
    f.repaired_timelow,
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
CROSS JOIN LATERAL (
    SELECT
        nullif(h.open, 'NaN'::float8) AS open,
        nullif(h.high, 'NaN'::float8) AS high,
        nullif(h.low, 'NaN'::float8) AS low,
        nullif(h.close, 'NaN'::float8) AS close,
        nullif(h.volume, 'NaN'::float8) AS volume,
        nullif(h.marketcap, 'NaN'::float8) AS market_cap
) AS p
CROSS JOIN LATERAL (
    SELECT
        greatest(p.open, p.close) AS most,
        least(p.open, p.close) AS least,
        coalesce(h.timehigh < h.timeopen OR h.timehigh > h.timeclose, false) AS high_outside,
        coalesce(h.timelow < h.timeopen OR h.timelow > h.timeclose, false) AS low_outside
) AS e
CROSS JOIN LATERAL (
    SELECT
        CASE WHEN e.high_outside THEN e.most ELSE p.high END AS high,
        CASE WHEN e.low_outside THEN e.least ELSE p.low END AS low
) AS s
CROSS JOIN LATERAL (
    SELECT
        e.high_outside OR h.timehigh IS NULL OR s.high IS NULL OR coalesce(s.high < e.most, false)
        AS repaired_timehigh,
        e.low_outside OR h.timelow IS NULL OR s.low IS NULL OR coalesce(s.low > e.least, false)
        AS repaired_timelow
) AS f;
