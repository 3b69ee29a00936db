-- timeframe_display_order: the number that listings order by: rows, us weeks, iso weeks, months, years, then
--   anchored.
--   p_tf   name of a timeframe
-- Returns   kind * 1000000 + nominal days; kind D 0, W US 1, W ISO 2, M 3, Y 4, anchored 4 more.
-- Errors    none.   Cost  constant; inlined.
-- Rule      listings order by (display_order, tf).
CREATE OR REPLACE FUNCTION timeframe_display_order(p_tf text)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE timeframe_kind(p_tf)
        WHEN 'D' THEN 0
        WHEN 'U' THEN 1000000
        WHEN 'I' THEN 2000000
        WHEN 'M' THEN 3000000
        ELSE 4000000
    END
    + CASE WHEN p_tf LIKE '%ANCHOR%' THEN 4000000 ELSE 0 END
    + timeframe_nominal_days(p_tf);
