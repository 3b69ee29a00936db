-- timeframe_least_days: the fewest days that the window of a closed bar can have.
--   p_tf   name of a timeframe
-- Returns   n or 7n for full days and weeks, the narrowest window for months and years; 1 for anchored
--           timeframes, whose first bar may have one day; 0 for a name that breaks the grammar or is too
--           long.
-- Errors    none.   Cost  up to 4800 dates, only when a row of dim_timeframe is written.
-- Rule      the Gregorian calendar repeats after 400 years: all starts in one cycle are looked at.
CREATE OR REPLACE FUNCTION timeframe_least_days(p_tf text)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN timeframe_nominal_days(p_tf) NOT BETWEEN 1 AND 100000 THEN 0
    WHEN p_tf LIKE '%ANCHOR%' THEN 1
    WHEN timeframe_kind(p_tf) IN ('D', 'U', 'I') THEN timeframe_nominal_days(p_tf)
    ELSE (
        SELECT min(
            unit_first_day('M', s.first_month + u.unit * timeframe_qty(p_tf))
            - unit_first_day('M', s.first_month))
        FROM (SELECT CASE WHEN timeframe_kind(p_tf) = 'M' THEN 1 ELSE 12 END AS unit) AS u
        CROSS JOIN LATERAL generate_series(0, 4800 / u.unit - 1) AS k (k)
        CROSS JOIN LATERAL (
            SELECT 24000 + k.k * u.unit AS first_month
        ) AS s
    )
END;
