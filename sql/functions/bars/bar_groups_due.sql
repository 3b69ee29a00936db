-- bar_groups_due: the groups of bars of one asset: what is built, and which timeframes are due.
--   p_id, p_groups   asset, groups of bars
--   p_tfs     only these and those built are due (NULL: all canonical ones and those built)
--   p_include_non_canonical  timeframes that aren't canonical are due too
--   p_anew    forget what was built: a non-canonical timeframe isn't kept
-- Returns   a row per group: the columns of its state (NULL: never built), due in catalogue order without 1D,
--           waiting: a partial refresh left timeframes behind.
-- Errors    none.   Cost  the catalogue and the states, once.
-- Rule      what was built stays current until a full rebuild, or until the catalogue drops it.
CREATE OR REPLACE FUNCTION bar_groups_due(
    p_id int, p_groups text[], p_tfs text[], p_include_non_canonical boolean, p_anew boolean)
RETURNS TABLE (
    bar_group text, tfs text[], due text[], n_rows int, first_ts timestamptz, last_ts timestamptz,
    dirty_from timestamptz, waiting boolean)
LANGUAGE plpgsql STABLE ROWS 7
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT
        g.bar_group, s.tfs, c.due, s.n_rows, s.first_ts, s.last_ts, s.dirty_from,
        EXISTS (SELECT 1 FROM bars_pending AS p WHERE p.id = p_id AND p.bar_group = g.bar_group)
    FROM unnest(p_groups) WITH ORDINALITY AS g (bar_group, ordinal)
    LEFT JOIN bars_state AS s ON s.id = p_id AND s.bar_group = g.bar_group
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(t.tf ORDER BY t.display_order, t.tf), '{}') AS due
        FROM dim_timeframe AS t
        WHERE
            t.bar_group = g.bar_group AND t.tf <> '1D'
            AND (
                (p_tfs IS NULL AND (t.is_canonical OR p_include_non_canonical))
                OR t.tf = ANY(p_tfs) OR (t.tf = ANY(s.tfs) AND NOT p_anew))
    ) AS c
    ORDER BY g.ordinal;
END;
$$;
