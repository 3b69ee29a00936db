-- note_changes: note the earliest change of some assets.
--   p_ids      asset ids
--   p_stamps   the earliest "timestamp" that changed, for each
-- Returns   nothing.
-- Errors    none.   Cost  a row an asset.
-- Rule      the triggers of the raw table do the same; a layout without them needs it.
CREATE OR REPLACE FUNCTION note_changes(p_ids int[], p_stamps timestamptz[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
BEGIN
    INSERT INTO raw_changes AS r (id, changed_by, dirty_from)
    SELECT n.id, pg_current_xact_id(), n.stamp FROM unnest(p_ids, p_stamps) AS n (id, stamp) ORDER BY n.id
    ON CONFLICT (id, changed_by) DO UPDATE SET dirty_from = excluded.dirty_from
    WHERE excluded.dirty_from < r.dirty_from;
END;
$$;
