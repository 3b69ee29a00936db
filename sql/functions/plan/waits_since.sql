-- waits_since: since when raw days of an asset wait for a refresh.
--   p_id, p_from   asset, the first day that waits
-- Returns   when the first of them was loaded; NULL: nothing has been loaded since the last refresh.
-- Errors    none.   Cost  the days from p_from on.
-- Rule      what was loaded before the last refresh isn't waiting.
CREATE OR REPLACE FUNCTION waits_since(p_id int, p_from timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_run timestamptz;
BEGIN
    SELECT s.last_run_ts INTO v_run FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id;
    RETURN (
        SELECT min(h.load_ts) FROM cmc_price_histories7 AS h
        WHERE h.id = p_id AND h."timestamp" >= p_from AND h.load_ts > coalesce(v_run, '-infinity')
    );
END;
$$;
