-- take_raw_changes: take away the notes of what changed in the raw days of one asset.
--   p_id   asset id
-- Returns   the earliest moment noted; NULL: nothing is.
-- Errors    none.   Cost  two index probes.
-- Rule      those seen are taken, and none that comes meanwhile. Each statement is about one table alone: a
--           cluster keeps the plans of such.
CREATE OR REPLACE FUNCTION take_raw_changes(p_id int)
RETURNS timestamptz
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_noted timestamptz;
    v_by xid8[];
BEGIN
    SELECT min(c.dirty_from), array_agg(c.changed_by) INTO v_noted, v_by
    FROM raw_changes AS c WHERE c.id = p_id;
    DELETE FROM raw_changes AS c WHERE c.id = p_id AND c.changed_by = ANY(v_by);
    RETURN v_noted;
END;
$$;
