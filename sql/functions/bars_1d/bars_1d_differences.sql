-- bars_1d_differences: where the raw rows after a moment, validated, differ from what is stored.
--   p_id            asset id
--   p_after         look at "timestamp" > p_after only
--   p_time_min, p_time_max  and at p_time_min <= "timestamp" < p_time_max (NULL: open)
--   p_keep_rejects  whether bad rows are expected among the rejects
-- Returns   one row per day looked at: n (1 when its raw row exists), differs_at (its "timestamp", NULL:
--           equal).
-- Errors    none.   Cost  index ranges of three tables.
-- Rule      the look-back serves sources that change rows behind the triggers; equal rows write nothing.
CREATE OR REPLACE FUNCTION bars_1d_differences(
    p_id int, p_after timestamptz, p_time_min timestamptz, p_time_max timestamptz, p_keep_rejects boolean)
RETURNS TABLE (n int, differs_at timestamptz)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
-- Few days are looked at: the planner, who doesn't know it, would merge or keep whole histories.
SET enable_mergejoin = off
SET enable_hashjoin = off
SET enable_material = off
-- Planning it costs more than running it.
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT
        x.is_loaded::int,
        CASE WHEN x.differs OR (p_keep_rejects AND x.reject_missing) THEN x."timestamp" END
    FROM bars_1d_differing AS x
    WHERE
        x.id = p_id AND x."timestamp" > p_after
        AND (p_time_min IS NULL OR x."timestamp" >= p_time_min)
        AND (p_time_max IS NULL OR x."timestamp" < p_time_max);
END;
$$;
