-- closes_total: the sum of the first closes of a timeframe, from which a seed goes on.
--   p_id, p_tf   asset, timeframe; 1D: every day is a bar
--   p_from_bar   the bar before which to stop
-- Returns   the sum of the closes of the closed bars before p_from_bar, added from the left; 0 without any.
-- Errors    none.   Cost  these bars, once.
-- Rule      a running total that starts with 0.
CREATE OR REPLACE FUNCTION closes_total(p_id int, p_tf text, p_from_bar int)
RETURNS float8
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_total float8;
BEGIN
    -- Statements about one table and one asset: a cluster keeps their plans.
    IF p_tf = '1D' THEN
        SELECT sum(d.close ORDER BY d.bar_seq) INTO v_total FROM cmc_price_bars_1d AS d
        WHERE d.id = p_id AND d.bar_seq < p_from_bar;
    ELSE
        SELECT sum(b.close ORDER BY b.bar_seq) INTO v_total FROM bars AS b
        WHERE b.id = p_id AND b.tf = p_tf AND b.bar_seq < p_from_bar AND b.is_closed;
    END IF;
    RETURN 0.0::float8 + coalesce(v_total, 0.0);
END;
$$;
