-- free_asset_ids: ids for new assets, above all others.
--   p_count   how many
-- Returns   the first of them; the others follow it.
-- Errors    TA004 when so many are not left.
-- Cost      two index probes; waits for other transactions that make or name assets.
-- Locks     the making and naming of assets, to the end of the transaction: nobody else gets these ids.
CREATE OR REPLACE FUNCTION free_asset_ids(p_count int)
RETURNS int
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_asset int;
    v_raw int;
    v_last bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(current_schema() || '.assets', 0));
    SELECT max(a.id) INTO v_asset FROM assets AS a;
    SELECT max(h.id) INTO v_raw FROM cmc_price_histories7 AS h;
    v_last := greatest(v_asset, v_raw, 0);
    IF v_last + p_count > 2147483647 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004', MESSAGE = format('above asset %s no %s ids are left', v_last, p_count),
            DETAIL = 'New ids lie above all ids that there are; the greatest possible one is 2147483647.',
            HINT = 'Give the id yourself.';
    END IF;
    RETURN least(v_last + 1, 2147483647);
END;
$$;
