-- last_valid_day: the stamp of an asset's newest validated day.
--   p_id   asset id
-- Returns   "timestamp"; NULL: it has none.   Errors  none.   Cost  an index probe.
-- Rule      of validated days as they stand.
CREATE OR REPLACE FUNCTION last_valid_day(p_id int)
RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN (
        SELECT d."timestamp" FROM cmc_price_bars_1d AS d
        WHERE d.id = p_id ORDER BY d.bar_seq DESC LIMIT 1
    );
END;
$$;
