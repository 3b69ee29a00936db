-- close_means: by row number (1d bar_seq), the mean of all closes of an asset up to that day.
--   p_id      asset id
-- Returns   an array with an element per day.
-- Errors    none.   Cost  the asset's days, once.
-- Rule      the running total, added from the left, divided by the number of days: the seeds of day space.
CREATE OR REPLACE FUNCTION close_means(p_id int)
RETURNS float8[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN ARRAY(
        SELECT (0.0::float8 + sum(d.close) OVER (ORDER BY d.bar_seq ROWS UNBOUNDED PRECEDING)) / d.bar_seq
        FROM cmc_price_bars_1d AS d WHERE d.id = p_id
        ORDER BY d.bar_seq);
END;
$$;
