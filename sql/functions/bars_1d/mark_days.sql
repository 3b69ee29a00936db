-- mark_days: tell from when on the validated days of an asset changed.
--   p_id       asset id
--   p_from     the first day that changed in anything that is read (NULL: none did)
--   p_last_ts  the newest day that there was before (NULL: none)
--   p_mark     what changed from when on
-- Returns   nothing.
-- Errors    none.   Cost  its blocks of days from p_from on; a mark where days changed that there were.
-- Rule      blocks of days follow at once. Days after all that anybody may have read need no mark: who reads
--           knows its own newest day.
CREATE OR REPLACE FUNCTION mark_days(p_id int, p_from timestamptz, p_last_ts timestamptz, p_mark mark)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_newest int;
    v_read int;
BEGIN
    IF p_from IS NULL THEN
        RETURN;
    END IF;
    PERFORM keep_day_blocks(p_id, p_from);
    -- Days that went from the end are marked where they stood, and new ones may come before those.
    IF p_from <= p_last_ts THEN
        PERFORM mark_changes(p_id, ARRAY[p_mark]);
        RETURN;
    END IF;
    SELECT max(m.version) INTO v_newest FROM marks AS m
    WHERE m.id = p_id AND m.output = '1d' AND m.rows_from >= p_from;
    IF v_newest IS NOT NULL THEN
        SELECT min(r.marks_read) INTO v_read FROM marks_held AS r WHERE r.id = p_id;
    END IF;
    IF v_newest > v_read THEN
        PERFORM mark_changes(p_id, ARRAY[p_mark]);
    END IF;
END;
$$;
