-- last_raw_day: the stamp of an asset's newest raw day.
--   p_id   asset id
-- Returns   "timestamp"; NULL: it has none.   Errors  none.   Cost  an index probe.
-- Rule      of raw days as they are loaded, valid or not.
CREATE OR REPLACE FUNCTION last_raw_day(p_id int)
RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN (SELECT max(h."timestamp") FROM cmc_price_histories7 AS h WHERE h.id = p_id);
END;
$$;
