-- bar_timeframes_to_refresh: the timeframes of one asset whose bars have something to take up, and from when.
--   p_id, p_groups, p_rezone, p_full, p_tfs, p_include_non_canonical   as in refresh_bar_groups
--   p_moved   timeframes whose bar 1 begins elsewhere than they were built: all their bars
-- Returns   a row per timeframe: its group's state, is_new, pending_from (left behind by a partial refresh),
--           from_ts ("timestamp" of the first day that may differ; -infinity: all), ordinal in catalogue
--           order.
-- Errors    none.   Cost  as bar_groups_due.
-- Rule      a mark of the group and one of the timeframe: the earlier counts.
CREATE OR REPLACE FUNCTION bar_timeframes_to_refresh(
    p_id int, p_groups text[], p_rezone boolean, p_full boolean, p_tfs text[],
    p_include_non_canonical boolean, p_moved text[])
RETURNS TABLE (
    bar_group text, tf text, ordinal bigint, n_rows int, first_ts timestamptz, last_ts timestamptz,
    is_new boolean, pending_from timestamptz, from_ts timestamptz)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_tfs text[];
    v_from timestamptz[];
BEGIN
    SELECT array_agg(p.tf), array_agg(p.dirty_from) INTO v_tfs, v_from
    FROM bars_pending AS p WHERE p.id = p_id;
    RETURN QUERY
    SELECT * FROM (
        SELECT
            g.bar_group, t.tf, row_number() OVER (), g.n_rows, g.first_ts, g.last_ts,
            NOT t.tf = ANY(coalesce(g.tfs, '{}')), p.dirty_from,
            CASE
                WHEN p_full OR p_rezone OR NOT t.tf = ANY(coalesce(g.tfs, '{}')) OR t.tf = ANY(p_moved)
                    THEN '-infinity'
                ELSE least(g.dirty_from, p.dirty_from)
            END AS from_ts
        FROM bar_groups_due(p_id, p_groups, p_tfs, p_include_non_canonical, p_full AND p_tfs IS NULL) AS g
        CROSS JOIN LATERAL unnest(g.due) AS t (tf)
        LEFT JOIN unnest(v_tfs, v_from) AS p (tf, dirty_from) ON p.tf = t.tf
        WHERE p_tfs IS NULL OR p_rezone OR t.tf = ANY(p_tfs) OR t.tf = ANY(p_moved)
    ) AS w
    WHERE w.from_ts IS NOT NULL;
END;
$$;
