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
BEGIN
    RETURN QUERY
    SELECT
        'raw_changes_pending', 'warning', p_id, NULL::text, NULL::int, c.since,
        jsonb_build_object('n', (
            SELECT count(*) FROM cmc_price_histories7 AS h WHERE h.id = p_id AND h."timestamp" >= c.since
        ), 'since', c.since)
    FROM (SELECT min(r.dirty_from) AS since FROM raw_changes AS r WHERE r.id = p_id) AS c
    WHERE c.since IS NOT NULL;
END;
$$;
