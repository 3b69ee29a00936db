-- closes_mean: the mean of the first closes of a timeframe: the seed of a period.
--   p_id, p_tf   asset, timeframe; 1D: every day is a bar
--   p_n          the number of closes
-- Returns   the mean of the closes of the first p_n closed bars, added from the left.
-- Errors    none.   Cost  these bars, once.
-- Rule      the sum of all, then one division.
CREATE OR REPLACE FUNCTION closes_mean(p_id int, p_tf text, p_n int)
RETURNS float8
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    IF p_tf = '1D' THEN
        RETURN (
            SELECT (0.0::float8 + sum(d.close ORDER BY d.bar_seq)) / p_n FROM cmc_price_bars_1d AS d
            WHERE d.id = p_id AND d.bar_seq <= p_n);
    END IF;
    RETURN (
        SELECT (0.0::float8 + sum(f.close ORDER BY f.bar_seq)) / p_n
        FROM (
            SELECT b.close, b.bar_seq FROM bars AS b
            WHERE b.id = p_id AND b.tf = p_tf AND b.is_closed ORDER BY b.bar_seq LIMIT p_n
        ) AS f);
END;
$$;
