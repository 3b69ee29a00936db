-- emas_waiting_of: what waits of the EMAs of one asset, and since when.
--   p_id   asset id
-- Returns   a row per group that waits (tf NULL; emas_waiting) and per timeframe left behind
--           (emas_left_behind), with its periods.
-- Errors    none.   Cost  two index probes per state.   Rule  as bars_waiting_of.
CREATE OR REPLACE FUNCTION emas_waiting_of(p_id int)
RETURNS TABLE (
    id int, ema_group text, tf text, periods int[], dirty_from timestamptz, hidden_from timestamptz)
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
    SELECT g.id, g.ema_group, NULL::text, NULL::int[], g.dirty_from, g.hidden_from
    FROM emas_waiting AS g WHERE g.id = p_id
    UNION ALL
    SELECT l.id, l.ema_group, l.tf, l.periods, l.dirty_from, l.hidden_from
    FROM emas_left_behind AS l WHERE l.id = p_id;
END;
$$;
