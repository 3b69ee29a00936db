-- row_from: the number of an asset's first validated day from a moment on.
--   p_id, p_from   asset, the moment
-- Returns   bar_seq; NULL: there is no such day.
-- Errors    none.   Cost  an index probe.   Rule  the day of the moment itself counts.
CREATE OR REPLACE FUNCTION row_from(p_id int, p_from timestamptz)
RETURNS int
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_row int;
BEGIN
    SELECT d.bar_seq INTO v_row FROM cmc_price_bars_1d AS d
    WHERE d.id = p_id AND d."timestamp" >= p_from ORDER BY d."timestamp" LIMIT 1;
    RETURN v_row;
END;
$$;
