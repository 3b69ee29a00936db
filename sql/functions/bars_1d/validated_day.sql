-- validated_day: what validation makes of a raw day: repaired when it can be, with a reason when it can't.
--   p_stamp          its "timestamp"
--   p_time_open .. p_time_low   first and last instant, times of high and low
--   p_open .. p_market_cap   prices, volume and market cap as they were loaded
--   p_local_day      the local day that its source names (NULL: none)
-- Returns   one row: reason, why it is refused (NULL: accepted), and the day as it is to be stored.
-- Errors    none.   Cost  a microsecond; inlined.
-- Rule      NaN counts as missing; a verdict looks at one row alone, so it is the same in any run.
--           A high (low) whose time lies outside the day is replaced by the outermost of open and close; an
--           unknown time keeps the price; a price tighter than open and close is widened. A replaced time is
--           the end of the day for a high of a rising or flat day (low of a falling or flat one), else its
--           start. A local day more than one day from the date of the stamp in UTC is no day of any zone.
CREATE OR REPLACE FUNCTION validated_day(
    p_stamp timestamptz, p_time_open timestamptz, p_time_close timestamptz, p_time_high timestamptz,
    p_time_low timestamptz, p_open float8, p_high float8, p_low float8, p_close float8, p_volume float8,
    p_market_cap float8, p_local_day date)
RETURNS TABLE (
    reason text, time_high timestamptz, time_low timestamptz, open float8, high float8, low float8,
    close float8, volume float8, market_cap float8, repaired_timehigh boolean, repaired_timelow boolean)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
SELECT
    CASE
        WHEN p_stamp < '1800-01-01 00:00:00+00' OR p_stamp >= '2200-01-01 00:00:00+00'
            THEN 'timestamp_out_of_range'
        WHEN p_time_open IS NULL OR p_time_close IS NULL THEN 'null_time_open_time_close'
        WHEN NOT isfinite(p_time_open) OR NOT isfinite(p_time_close) THEN 'time_out_of_range'
        WHEN p.open IS NULL OR p.close IS NULL THEN 'null_open_close'
        WHEN
            abs(p.open) > 1e300::float8 OR (p.open <> 0 AND abs(p.open) < 1e-300::float8)
            OR abs(p.high) > 1e300::float8 OR (p.high <> 0 AND abs(p.high) < 1e-300::float8)
            OR abs(p.low) > 1e300::float8 OR (p.low <> 0 AND abs(p.low) < 1e-300::float8)
            OR abs(p.close) > 1e300::float8 OR (p.close <> 0 AND abs(p.close) < 1e-300::float8)
            OR abs(p.volume) > 1e300::float8 OR (p.volume <> 0 AND abs(p.volume) < 1e-300::float8)
            OR abs(p.market_cap) > 1e300::float8 OR (p.market_cap <> 0 AND abs(p.market_cap) < 1e-300::float8)
            THEN 'value_out_of_range'
        WHEN p_time_open > p_time_close THEN 'time_open_gt_time_close'
        WHEN p_stamp < p_time_close THEN 'timestamp_before_time_close'
        WHEN s.high < s.low THEN 'high_lt_low_after_repair'
        WHEN
            NOT isfinite(p_local_day) OR abs(p_local_day - (p_stamp AT TIME ZONE 'UTC')::date) > 1
            THEN 'local_day_far_from_timestamp'
    END AS reason,
    CASE
        WHEN NOT f.repaired_timehigh THEN p_time_high
        WHEN p.close >= p.open THEN p_time_close
        ELSE p_time_open
    END
        AS time_high,
    CASE
        WHEN NOT f.repaired_timelow THEN p_time_low
        WHEN p.close <= p.open THEN p_time_close
        ELSE p_time_open
    END
        AS time_low,
    p.open,
    CASE WHEN s.high IS NULL OR s.high < e.most THEN e.most ELSE s.high END AS high,
    CASE WHEN s.low IS NULL OR s.low > e.least THEN e.least ELSE s.low END AS low,
    p.close,
    p.volume,
    p.market_cap,
    f.repaired_timehigh,
    f.repaired_timelow
FROM (
    SELECT
        nullif(p_open, 'NaN'::float8) AS open,
        nullif(p_high, 'NaN'::float8) AS high,
        nullif(p_low, 'NaN'::float8) AS low,
        nullif(p_close, 'NaN'::float8) AS close,
        nullif(p_volume, 'NaN'::float8) AS volume,
        nullif(p_market_cap, 'NaN'::float8) AS market_cap
) AS p
CROSS JOIN LATERAL (
    SELECT
        greatest(p.open, p.close) AS most,
        least(p.open, p.close) AS least,
        coalesce(p_time_high < p_time_open OR p_time_high > p_time_close, false) AS high_outside,
        coalesce(p_time_low < p_time_open OR p_time_low > p_time_close, false) AS low_outside
) AS e
CROSS JOIN LATERAL (
    SELECT
        CASE WHEN e.high_outside THEN e.most ELSE p.high END AS high,
        CASE WHEN e.low_outside THEN e.least ELSE p.low END AS low
) AS s
CROSS JOIN LATERAL (
    SELECT
        e.high_outside OR p_time_high IS NULL OR s.high IS NULL OR coalesce(s.high < e.most, false)
        AS repaired_timehigh,
        e.low_outside OR p_time_low IS NULL OR s.low IS NULL OR coalesce(s.low > e.least, false)
        AS repaired_timelow
) AS f;
END;
