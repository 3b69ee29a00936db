-- audit_raw_notes: are noted changes of raw days taken up?
--   p_id   asset id
-- Returns   findings: raw_changes_pending (warning; n raw rows from since on).
-- Errors    none.   Cost  the notes and the raw rows that they cover.
-- Rule      what waits for a refresh is told here and not judged by other audits.
CREATE OR REPLACE FUNCTION audit_raw_notes(p_id int)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_since timestamptz;
    v_rows bigint;
BEGIN
    SELECT min(r.dirty_from) INTO v_since FROM raw_changes AS r WHERE r.id = p_id;
    IF v_since IS NULL THEN
        RETURN;
    END IF;
    SELECT count(*) INTO v_rows FROM cmc_price_histories7 AS h WHERE h.id = p_id AND h."timestamp" >= v_since;
    RETURN QUERY
    SELECT
        'raw_changes_pending', 'warning', p_id, NULL::text, NULL::int, v_since,
        jsonb_build_object('n', v_rows, 'since', v_since);
END;
$$;
