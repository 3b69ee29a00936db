-- check_ids: refuse assets that were never loaded.
--   p_ids   assets (NULL: none)
-- Errors    TA001 unknown to raw days, validated days, bars and states; names the nearest ids there are.
-- Cost      a few index probes per asset.
-- Rule      an asset whose raw days are gone is known as long as anything made of them is left.
CREATE OR REPLACE FUNCTION check_ids(p_ids int[])
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_id int;
BEGIN
    SELECT a.id INTO v_id FROM unnest(p_ids) AS a (id)
    WHERE
        NOT EXISTS (SELECT FROM cmc_price_histories7 AS h WHERE h.id = a.id)
        AND NOT EXISTS (SELECT FROM cmc_price_bars_1d_state AS s WHERE s.id = a.id)
        AND NOT EXISTS (SELECT FROM cmc_price_bars_1d AS d WHERE d.id = a.id)
        AND NOT EXISTS (SELECT FROM bars_state AS s WHERE s.id = a.id)
        AND NOT EXISTS (SELECT FROM bars AS b WHERE b.id = a.id)
        AND NOT EXISTS (SELECT FROM emas_state AS s WHERE s.id = a.id)
    LIMIT 1;
    IF FOUND THEN
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
    END IF;
END;
$$;
