-- newest_mark: the version of the newest mark of an asset: up to which one has read who reads now.
--   p_id   asset id
-- Returns   a version; 0: nothing is marked.
-- Errors    none.   Cost  an index probe.
-- Rule      read under the asset's lock, with what it tells of.
CREATE OR REPLACE FUNCTION newest_mark(p_id int)
RETURNS int
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_newest int;
BEGIN
    -- By itself, here and elsewhere: of a statement about one table a cluster keeps the plan.
    SELECT max(m.version) INTO v_newest FROM marks AS m WHERE m.id = p_id;
    RETURN coalesce(v_newest, 0);
END;
$$;
