-- timeframe_most_days: the most days that the window of a closed bar can have.
--   p_tf   name of a timeframe
-- Returns   n or 7n for days and weeks, the widest window for months and years; 0 for a name that breaks the
--           grammar or is too long.
-- Errors    none.   Cost  up to 4800 dates, only when a row of dim_timeframe is written.
-- Rule      the Gregorian calendar repeats after 400 years: all starts in one cycle are looked at.
CREATE OR REPLACE FUNCTION timeframe_most_days(p_tf text)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN timeframe_nominal_days(p_tf) NOT BETWEEN 1 AND 100000 THEN 0
    WHEN timeframe_kind(p_tf) IN ('D', 'U', 'I') THEN timeframe_nominal_days(p_tf)
    ELSE (
        SELECT max(
            unit_first_day('M', s.first_month + u.unit * timeframe_qty(p_tf))
            - unit_first_day('M', s.first_month))
        FROM (SELECT CASE WHEN timeframe_kind(p_tf) = 'M' THEN 1 ELSE 12 END AS unit) AS u
        CROSS JOIN LATERAL generate_series(0, 4800 / u.unit - 1) AS k (k)
        CROSS JOIN LATERAL (
            SELECT
                24000 + (
                    k.k * u.unit * CASE WHEN p_tf LIKE '%ANCHOR' THEN timeframe_qty(p_tf) ELSE 1 END
                ) % 4800 AS first_month
        ) AS s
    )
END;
