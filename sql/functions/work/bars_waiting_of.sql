-- bars_waiting_of: what waits of the bars of one asset, and since when.
--   p_id   asset id
-- Returns   a row per group that waits (tf NULL; bars_waiting) and per timeframe left behind
--           (bars_left_behind).
-- Errors    none.   Cost  two index probes per state.
-- Rule      a day is found by its number, not by a walk through all days of an asset, of which the planner
--           expects few among young ones.
CREATE OR REPLACE FUNCTION bars_waiting_of(p_id int)
RETURNS TABLE (id int, bar_group text, tf text, dirty_from timestamptz)
LANGUAGE plpgsql STABLE ROWS 10
SET search_path FROM CURRENT
SET enable_nestloop = on
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_material = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT g.id, g.bar_group, NULL::text, g.dirty_from FROM bars_waiting AS g WHERE g.id = p_id
    UNION ALL
    SELECT l.id, l.bar_group, l.tf, l.dirty_from FROM bars_left_behind AS l WHERE l.id = p_id;
END;
$$;
