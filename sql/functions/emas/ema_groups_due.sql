-- ema_groups_due: the groups of EMAs of one asset: what is built, and which timeframes are due.
--   p_id, p_groups   asset, names as in emas_state.ema_group
-- Returns   a row per group: the columns of its state (NULL: never built); due: timeframes whose bars are
--           built, in catalogue order; ready: those of them whose bars stand where the days stand.
-- Errors    none.   Cost  the catalogue and the states, once.
-- Rule      no EMAs without bars, no bars without EMAs; 1D has the days themselves.
CREATE OR REPLACE FUNCTION ema_groups_due(p_id int, p_groups text[])
RETURNS TABLE (
    ema_group text, bar_group text, tz text, first_day date, tfs text[],
    due text[], ready text[], periods int[], n_rows int,
    first_ts timestamptz, last_ts timestamptz, dirty_from timestamptz, hidden_from timestamptz
)
LANGUAGE plpgsql STABLE ROWS 8
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT
        g.ema_group, b.bar_group, s.tz, s.first_day, e.tfs, c.due,
        CASE WHEN s.dirty_from IS NULL THEN c.ready ELSE '{}' END,
        e.periods, e.n_rows, e.first_ts, e.last_ts, e.dirty_from, e.hidden_from
    FROM unnest(p_groups) WITH ORDINALITY AS g (ema_group, ordinal)
    CROSS JOIN LATERAL (
        SELECT CASE g.ema_group WHEN 'multi_tf_v2' THEN 'multi_tf' ELSE g.ema_group END AS bar_group
    ) AS b
    LEFT JOIN emas_state AS e ON e.id = p_id AND e.ema_group = g.ema_group
    LEFT JOIN bars_state AS s ON s.id = p_id AND s.bar_group = b.bar_group
    CROSS JOIN LATERAL (
        SELECT
            coalesce(array_agg(t.tf ORDER BY t.display_order, t.tf), '{}') AS due,
            coalesce(array_agg(t.tf ORDER BY t.display_order, t.tf) FILTER (WHERE NOT EXISTS (
                SELECT 1 FROM bars_pending AS p WHERE p.id = p_id AND p.tf = t.tf)), '{}') AS ready
        FROM dim_timeframe AS t
        WHERE t.bar_group = b.bar_group AND (t.tf = '1D' OR t.tf = ANY(s.tfs))
    ) AS c
    ORDER BY g.ordinal;
END;
$$;
