-- days_by_weekday: days in an order in which those of one weekday lie together.
--   p_days   days, none of them NULL
-- Returns   a sorted number for each: its weekday (0: Monday) times 2^22, and its Julian day; NULL for none.
-- Errors    PostgreSQL's own for an infinite day.   Cost  sorts the days: half a microsecond each.
-- Rule      how many of a weekday lie between two days is then the difference of two look-ups.
CREATE OR REPLACE FUNCTION days_by_weekday(p_days date[])
RETURNS int[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN (
        SELECT array_agg(k.k ORDER BY k.k)
        FROM (
            SELECT (d.day - date 'J0') % 7 << 22 | (d.day - date 'J0') AS k FROM unnest(p_days) AS d (day)
        ) AS k);
END;
$$;
