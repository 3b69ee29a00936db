-- bar_mean: the mean of the first canonical closes of a timeframe, the seed of an EMA over its bars.
--   p_id, p_tf   asset, timeframe
--   p_n          number of closed bars, from 1, that exist
-- Returns   the mean.   Errors  none.   Cost  one index range of n bars.
-- Rule      added from the left, starting with 0; the bars of 1D are the days.
CREATE OR REPLACE FUNCTION bar_mean(p_id int, p_tf text, p_n int)
RETURNS float8
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    IF p_tf = '1D' THEN
        RETURN day_mean(p_id, p_n);
    END IF;
    RETURN (
        SELECT (0.0::float8 + sum(f.close ORDER BY f.bar_seq)) / p_n
        FROM (
            SELECT b.close, b.bar_seq FROM bars AS b
            WHERE b.id = p_id AND b.tf = p_tf AND b.is_closed
            ORDER BY b.bar_seq
            LIMIT p_n
        ) AS f
    );
END;
$$;
