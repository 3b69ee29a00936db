-- check_basis: refuse prices of another basis than the stored ones; keep the basis of assets that had none.
--   p_replace   the files are the whole truth for their assets
-- Returns   nothing.
-- Errors    TA004 when an asset with stored days has another basis, and when two files of an asset differ in
--           it.
-- Cost      a probe for each asset.
-- Rule      traded, splits, total; unknown agrees with everything. A replacement may bring another basis
--           when no stored day lies outside of it.
CREATE OR REPLACE FUNCTION check_basis(p_replace boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_new record;
    v_stored text;
BEGIN
    FOR v_new IN
        SELECT d.id, min(f.basis) AS basis, max(f.basis) AS other,
            min(d."timestamp") AS first, max(d."timestamp") AS last
        FROM price_days AS d JOIN price_files AS f ON f.file = d.file
        WHERE f.basis IS NOT NULL GROUP BY d.id ORDER BY d.id
    LOOP
        SELECT a.basis INTO v_stored FROM assets AS a WHERE a.id = v_new.id;
        CONTINUE WHEN v_new.basis = v_new.other AND v_stored IS NOT DISTINCT FROM v_new.basis;
        IF v_new.basis <> v_new.other OR v_stored <> v_new.basis AND EXISTS (
            SELECT 1 FROM cmc_price_histories7 AS h WHERE h.id = v_new.id
                AND (NOT p_replace OR h."timestamp" < v_new.first - interval '1 day'
                    OR h."timestamp" > v_new.last + interval '1 day'))
        THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TA004',
                MESSAGE = format('prices of another basis: %s beside %s', v_new.other,
                    CASE WHEN v_new.basis <> v_new.other THEN v_new.basis ELSE v_stored END),
                DETAIL = format(
                    'asset %s; traded: as traded, splits: adjusted for splits, total: for dividends too',
                    asset_label(v_new.id)),
                HINT = '--replace with the whole history puts it in place of the stored; nothing was loaded.';
        END IF;
        UPDATE assets AS a SET basis = v_new.basis WHERE a.id = v_new.id;
    END LOOP;
END;
$$;
