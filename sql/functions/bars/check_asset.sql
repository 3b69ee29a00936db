-- check_asset: refuse an asset that was never loaded.
--   p_id   asset id
-- Errors    TA001 unknown to assets, raw days, validated days and bars.   Cost  an index probe or three.
CREATE OR REPLACE FUNCTION check_asset(p_id int)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    -- By itself: of a statement about one table a cluster keeps the plan.
    PERFORM 1 FROM assets AS a WHERE a.id = p_id;
    IF FOUND THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT 1 FROM cmc_price_histories7 AS h WHERE h.id = p_id)
        OR EXISTS (SELECT 1 FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id)
        OR EXISTS (SELECT 1 FROM cmc_price_bars_1d AS d WHERE d.id = p_id)
        OR EXISTS (SELECT 1 FROM marks_held AS r WHERE r.id = p_id)
        OR EXISTS (SELECT 1 FROM bars AS b WHERE b.id = p_id)
    THEN
        RETURN;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'TA001', MESSAGE = format('asset %s is not loaded', coalesce(p_id::text, 'NULL')),
        DETAIL = 'cmc_price_histories7 has no row with this id.',
        HINT = format('Load it first: ta-lab2 load FILE --id %s', coalesce(p_id::text, 'ID'));
END;
$$;
