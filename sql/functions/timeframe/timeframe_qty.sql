-- timeframe_qty: the count n at the head of a timeframe's name.
--   p_tf   name of a timeframe
-- Returns   n, at most 1000000 so that no product with it overflows; 0 for a name that begins with no digit.
-- Errors    none: the CHECKs of dim_timeframe refuse wrong names.   Cost  constant; inlined.
-- Rule      a name says everything its windows depend on.
CREATE OR REPLACE FUNCTION timeframe_qty(p_tf text)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least(coalesce(substring(p_tf FROM '^[0-9]{1,7}'), '0')::int, 1000000);
