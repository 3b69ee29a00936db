-- audit_raw_notes: are changes of the raw days noted, and are the notes taken up?
--   p_ids   asset ids; NULL: all
-- Returns   findings: raw_changes_pending (warning; n raw rows from since on), raw_triggers_off (error, for
--           no asset; an info on Citus, where distributed tables have no triggers).
-- Errors    none.   Cost  the notes and the raw rows that they cover.
-- Rule      a change that nobody noted reaches the bars only by the look-back, so all four triggers must
--           fire.
CREATE OR REPLACE FUNCTION audit_raw_notes(p_ids int[] DEFAULT NULL)
RETURNS TABLE ("check" text, severity text, id int, tf text, period int, ts timestamptz, detail jsonb)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET timezone = 'UTC'
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT
        'raw_changes_pending', 'warning', c.id, NULL::text, NULL::int, c.since,
        jsonb_build_object('n', (
            SELECT count(*) FROM cmc_price_histories7 AS h
            WHERE h.id = c.id AND h."timestamp" >= c.since AND (p_ids IS NULL OR h.id = ANY(p_ids))
        ), 'since', c.since)
    FROM (
        SELECT r.id, min(r.dirty_from) AS since FROM raw_changes AS r
        WHERE p_ids IS NULL OR r.id = ANY(p_ids)
        GROUP BY r.id
    ) AS c;
    RETURN QUERY
    SELECT
        'raw_triggers_off',
        CASE WHEN EXISTS (SELECT 1 FROM pg_extension AS e WHERE e.extname = 'citus')
            THEN 'info' ELSE 'error' END,
        NULL::int, NULL::text, NULL::int, NULL::timestamptz,
        jsonb_build_object('triggers', jsonb_agg(w.name ORDER BY w.name))
    FROM unnest(ARRAY[
        'raw_changes_delete', 'raw_changes_insert', 'raw_changes_truncate', 'raw_changes_update'])
        AS w (name)
    WHERE NOT EXISTS (
        SELECT 1 FROM pg_trigger AS t
        WHERE t.tgrelid = 'cmc_price_histories7'::regclass AND t.tgname = w.name
            AND t.tgenabled IN ('O', 'A'))
    HAVING count(*) > 0;
END;
$$;
