-- bar_timeframes_to_refresh: the timeframes that the work of one asset's bars is about, and from when.
--   p_id     asset id
--   p_days   how its validated days stand
--   p_work   what there is to do (bar_work); p_full, p_tfs  as asked for there
--   p_moved  timeframes whose bar 1 begins elsewhere than they were built: all their bars
-- Returns   a row per timeframe, in the order of its group: appends (nothing but up to 8 newer days onto
--           bars that stand complete), n_rows (days that they are made of), from_ts ("timestamp" of the first
--           day that may differ; -infinity: all).
-- Errors    none.   Cost  a look at what is pending.
-- Rule      a mark of the group and one of the timeframe: the earlier counts.
CREATE OR REPLACE FUNCTION bar_timeframes_to_refresh(
    p_id int, p_days day_facts, p_work bar_work[], p_full boolean, p_tfs text[], p_moved text[])
RETURNS TABLE (tf text, appends boolean, n_rows int, from_ts timestamptz)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_pending_tfs text[];
    v_pending_from timestamptz[];
BEGIN
    PERFORM FROM bars_pending AS p WHERE p.id = p_id LIMIT 1;
    IF FOUND THEN
        SELECT array_agg(p.tf), array_agg(p.dirty_from) INTO v_pending_tfs, v_pending_from
        FROM bars_left_behind AS p WHERE p.id = p_id;
    END IF;
    RETURN QUERY
    SELECT
        q.tf,
        coalesce(
            q.from_ts > q.last_ts AND NOT q.is_pending AND q.first_ts = p_days.first_ts
            AND q.n_rows = max(q.n_rows) OVER () AND p_days.n_rows - q.n_rows BETWEEN 1 AND 8, false),
        q.n_rows, q.from_ts
    FROM (
        SELECT
            t.tf, w.n_rows, w.first_ts, w.last_ts, p.tf IS NOT NULL AS is_pending,
            CASE
                WHEN p_full OR w.is_recast OR w.tfs IS NULL OR NOT t.tf = ANY(w.tfs) OR t.tf = ANY(p_moved)
                    THEN '-infinity'
                ELSE least(w.state_dirty_from, p.dirty_from)
            END AS from_ts
        FROM unnest(p_work) AS w
        CROSS JOIN LATERAL unnest(w.due) AS t (tf)
        LEFT JOIN unnest(v_pending_tfs, v_pending_from) AS p (tf, dirty_from) ON p.tf = t.tf
        WHERE w.action <> 'noop' AND (
            p_tfs IS NULL OR w.is_recast OR t.tf = ANY(p_tfs) OR t.tf = ANY(p_moved))
    ) AS q
    WHERE q.from_ts IS NOT NULL;
END;
$$;
