-- asset_reach: how far the raw and the validated days of some assets reach.
--   p_ids   assets; NULL: all
-- Returns   a row per asset: raw_until, days_until (NULL: there are none).
-- Errors    none.   Cost  two index probes per asset.
-- Rule      as asset_ids: whatever is left of an asset counts.
CREATE OR REPLACE FUNCTION asset_reach(p_ids int[] DEFAULT NULL)
RETURNS TABLE (id int, raw_until timestamptz, days_until timestamptz)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT a.id, last_raw_day(a.id), last_valid_day(a.id) FROM asset_ids() AS a (id)
    WHERE p_ids IS NULL OR a.id = ANY(p_ids);
END;
$$;
