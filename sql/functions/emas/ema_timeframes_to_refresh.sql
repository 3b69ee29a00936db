-- ema_timeframes_to_refresh: the series that the work of one asset's EMAs is about, and from when.
--   p_id      asset id
--   p_days    how its validated days stand
--   p_work    what there is to do (ema_work); p_full, p_tfs  as asked for there
--   p_periods   today's periods, ascending
-- Returns   a row per group and timeframe: in_bar_space, in_day_space: the vectors that the group needs;
--           appends (nothing but up to 8 newer days onto vectors that stand complete), n_rows (days that they
--           are made of), from_ts ("timestamp" of the first day whose values may differ; -infinity: all).
-- Errors    none.   Cost  a look at what is pending.
-- Rule      another set of periods than the vectors were built with, or a new timeframe: all. A mark of the
--           group and one of the timeframe: the earlier counts. Vectors that serve two groups take new days
--           one by one only if both do.
CREATE OR REPLACE FUNCTION ema_timeframes_to_refresh(
    p_id int, p_days day_facts, p_work ema_work[], p_full boolean, p_tfs text[], p_periods int[])
RETURNS TABLE (
    ema_group text, tf text, in_bar_space boolean, in_day_space boolean, appends boolean, n_rows int,
    from_ts timestamptz)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_groups text[];
    v_tfs text[];
    v_from timestamptz[];
    v_others boolean[];
    -- Groups that were built.
    v_stored text[];
BEGIN
    PERFORM FROM emas_pending AS q WHERE q.id = p_id LIMIT 1;
    IF FOUND THEN
        SELECT
            array_agg(q.ema_group), array_agg(q.tf), array_agg(q.dirty_from),
            array_agg(q.periods <> p_periods)
        INTO v_groups, v_tfs, v_from, v_others
        FROM emas_left_behind AS q WHERE q.id = p_id;
    END IF;
    SELECT array_agg(o.ema_group) INTO v_stored FROM emas_state AS o WHERE o.id = p_id;
    RETURN QUERY
    WITH series AS (
        SELECT
            w.ema_group, w.bar_group, t.tf, w.n_rows, w.last_ts, w.first_ts, q.tf IS NOT NULL AS waits,
            CASE
                WHEN p_full OR w.tfs IS NULL OR NOT t.tf = ANY(w.tfs)
                    OR coalesce(q.other_periods, w.periods <> p_periods)
                    THEN '-infinity'
                ELSE least(coalesce(w.state_dirty_from, w.hidden_from), q.dirty_from)
            END AS from_ts
        FROM unnest(p_work) AS w
        CROSS JOIN LATERAL unnest(w.ready) AS t (tf)
        LEFT JOIN unnest(v_groups, v_tfs, v_from, v_others) AS q (ema_group, tf, dirty_from, other_periods)
            ON q.ema_group = w.ema_group AND q.tf = t.tf
        WHERE w.action <> 'noop' AND (p_tfs IS NULL OR t.tf = ANY(p_tfs))
    ),
    told AS (
        SELECT
            s.*, x.in_bar_space, x.in_day_space, x.n_groups,
            coalesce(
                NOT s.waits AND s.from_ts > s.last_ts AND s.first_ts = p_days.first_ts
                AND p_days.n_rows - s.n_rows BETWEEN 1 AND 8, false) AS is_newer
        FROM series AS s
        INNER JOIN (
            SELECT
                y.ema_group, bool_or(y.in_bar_space) AS in_bar_space, bool_or(y.in_day_space) AS in_day_space,
                (SELECT count(DISTINCT z.ema_group) FROM taxonomy() AS z WHERE z.bar_group = min(y.bar_group))
                AS n_groups
            FROM taxonomy() AS y GROUP BY y.ema_group
        ) AS x ON x.ema_group = s.ema_group
        WHERE s.from_ts IS NOT NULL
    )
    SELECT
        t.ema_group, t.tf, t.in_bar_space, t.in_day_space,
        -- All from the same day on, and every group that keeps vectors in the row.
        t.is_newer AND t.n_rows = min(t.n_rows) FILTER (WHERE t.is_newer) OVER ()
        AND (t.n_groups = 1 OR (
            count(*) FILTER (WHERE t.is_newer) OVER w = count(*) OVER w
            AND min(t.n_rows) OVER w = max(t.n_rows) OVER w
            AND count(*) OVER w >= (
                SELECT count(DISTINCT z.ema_group) FROM taxonomy() AS z
                WHERE z.bar_group = t.bar_group AND z.ema_group = ANY(v_stored)))),
        t.n_rows, t.from_ts
    FROM told AS t
    WINDOW w AS (PARTITION BY t.tf);
END;
$$;
