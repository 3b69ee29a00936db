-- Note the earliest change of one asset. The triggers of the raw table do the same; a layout without them
-- needs it.
INSERT INTO raw_changes AS r (id, changed_by, dirty_from)
VALUES (%(id)s, pg_current_xact_id(), %(earliest)s)
ON CONFLICT (id, changed_by) DO UPDATE SET dirty_from = excluded.dirty_from
WHERE excluded.dirty_from < r.dirty_from
