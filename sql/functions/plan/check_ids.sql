-- check_ids: refuse assets that were never loaded.
--   p_ids   assets (NULL: none)
-- Errors    TA001 unknown to assets, raw days, validated days, bars and states; names the nearest ids.
-- Cost      a few index probes per asset.
-- Rule      an asset whose raw days are gone is known as long as anything made of them is left.
CREATE OR REPLACE FUNCTION check_ids(p_ids int[])
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_id int;
    v_known int[];
BEGIN
    IF p_ids IS NULL THEN
        RETURN;
    END IF;
    SELECT array_agg(s.id) INTO v_known FROM cmc_price_bars_1d_state AS s WHERE s.id = ANY(p_ids);
    FOR v_id IN
        SELECT a.id FROM unnest(p_ids) AS a (id)
        WHERE a.id = ANY(coalesce(v_known, '{}')) IS NOT TRUE
    LOOP
        CONTINUE WHEN EXISTS (SELECT 1 FROM assets AS k WHERE k.id = v_id);
        CONTINUE WHEN EXISTS (SELECT 1 FROM cmc_price_histories7 AS h WHERE h.id = v_id);
        CONTINUE WHEN EXISTS (SELECT 1 FROM cmc_price_bars_1d AS d WHERE d.id = v_id);
        CONTINUE WHEN EXISTS (SELECT 1 FROM bars_state AS s WHERE s.id = v_id);
        CONTINUE WHEN EXISTS (SELECT 1 FROM bars AS b WHERE b.id = v_id);
        CONTINUE WHEN EXISTS (SELECT 1 FROM emas_state AS s WHERE s.id = v_id);
        RAISE EXCEPTION USING
            ERRCODE = 'TA001',
            MESSAGE = format('asset %s is not loaded', coalesce(v_id::text, 'NULL')),
            DETAIL = format('cmc_price_histories7 has no row with this id; the nearest are %s.', coalesce((
                SELECT string_agg(n.id::text, ', ')
                FROM (
                    SELECT k.id FROM asset_ids() AS k (id)
                    ORDER BY abs(k.id::bigint - coalesce(v_id, 0)) LIMIT 3
                ) AS n), 'none')),
            HINT = format('Load it first: ta-lab2 load FILE --id %s', coalesce(v_id::text, 'ID'));
    END LOOP;
END;
$$;
