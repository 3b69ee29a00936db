-- ema_timeframes_to_refresh: the series of EMAs of one asset that have something to take up, and from when.
--   p_id, p_groups   asset, names as in emas_state.ema_group
--   p_periods   today's periods, ascending
--   p_full      build from nothing
--   p_tfs       only these timeframes (NULL: all)
-- Returns   a row per (ema_group, timeframe): by_rows (its vectors serve two variants), its group's n_rows,
--           first_ts and last_ts, appends (nothing but newer days, for a timeframe that stands with its
--           group), from_ts ("timestamp" of the first day whose values may differ; -infinity: all).
-- Errors    none.   Cost  as ema_groups_due.
-- Rule      another set of periods than the vectors were built with, or a new timeframe: all. A mark of the
--           group and one of the timeframe: the earlier counts.
CREATE OR REPLACE FUNCTION ema_timeframes_to_refresh(
    p_id int, p_groups text[], p_periods int[], p_full boolean, p_tfs text[]
)
RETURNS TABLE (
    ema_group text, tf text, by_rows boolean, n_rows int, first_ts timestamptz, last_ts timestamptz,
        appends boolean,
    from_ts timestamptz
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_ema_groups text[];
    v_tfs text[];
    v_from timestamptz[];
    v_others boolean[];
BEGIN
    SELECT array_agg(q.ema_group), array_agg(q.tf), array_agg(q.dirty_from), array_agg(q.periods <> p_periods)
    INTO v_ema_groups, v_tfs, v_from, v_others
    FROM emas_pending AS q WHERE q.id = p_id;
    RETURN QUERY
    SELECT
        w.ema_group, w.tf, w.by_rows, w.n_rows, w.first_ts, w.last_ts,
        coalesce(NOT w.waits AND w.from_ts > w.last_ts, false), w.from_ts
    FROM (
        SELECT
            g.ema_group, t.tf, g.bar_group = 'multi_tf' AS by_rows, g.n_rows, g.first_ts, g.last_ts,
            q.tf IS NOT NULL AS waits,
            CASE
                WHEN
                    p_full OR g.tfs IS NULL OR NOT t.tf = ANY(g.tfs)
                    OR coalesce(q.other_periods, g.periods <> p_periods)
                    THEN '-infinity'
                WHEN q.tf IS NOT NULL THEN least(g.dirty_from, q.dirty_from)
                ELSE g.dirty_from
            END AS from_ts
        FROM ema_groups_due(p_id, p_groups) AS g
        CROSS JOIN LATERAL unnest(g.ready) AS t (tf)
        LEFT JOIN unnest(v_ema_groups, v_tfs, v_from, v_others)
            AS q (ema_group, tf, dirty_from, other_periods)
            ON q.ema_group = g.ema_group AND q.tf = t.tf
        WHERE p_tfs IS NULL OR t.tf = ANY(p_tfs)
    ) AS w
    WHERE w.from_ts IS NOT NULL;
END;
$$;
