-- day_mean: the mean of the first closes of an asset, the seed of an EMA over its days.
--   p_id, p_n   asset; number of days, from 1, that exist
-- Returns   the mean.   Errors  none.   Cost  one index range of n days.
-- Rule      added from the left, starting with 0.
CREATE OR REPLACE FUNCTION day_mean(p_id int, p_n int)
RETURNS float8
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN (
        SELECT (0.0::float8 + sum(d.close ORDER BY d.bar_seq)) / p_n
        FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq <= p_n
    );
END;
$$;
