-- append_ema_groups: carry all vectors of some groups over one new day, if they stand complete at the day
--   before. 
--   p_id, p_groups   asset, names as in emas_state.ema_group
--   p_periods   today's periods, ascending
--   p_row, p_first, p_last   number of validated days, "timestamp" of the first and of the newest
-- Returns   a row per group as refresh_ema_groups; no row: it is another case.
-- Errors    as append_emas.   Cost  one vector per timeframe, two rows of state per group.
-- Rule      the daily case of refresh_ema_groups. Vectors that serve two variants are carried for both
--           together. 
CREATE OR REPLACE FUNCTION append_ema_groups(
    p_id int, p_groups text[], p_periods int[], p_row int, p_first timestamptz, p_last timestamptz
)
RETURNS TABLE (ema_group text, action text, dirty_from timestamptz, series int, vectors_written int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := now();
    v_ema_groups text[];
    v_plain boolean;
    v_tfs text[];
    v_done record;
BEGIN
    SELECT
        array_agg(g.ema_group) FILTER (WHERE e.id IS NOT NULL),
        bool_and(CASE
            WHEN e.id IS NULL THEN s.id IS NULL AND g.bar_group <> 'multi_tf'
            ELSE
                e.tfs = CASE WHEN g.bar_group = 'multi_tf' THEN ARRAY['1D'] || s.tfs ELSE s.tfs END
                AND e.periods = p_periods AND e.dirty_from = p_last AND e.n_rows = p_row - 1
                    AND e.first_ts = p_first
                AND s.n_rows = p_row AND s.dirty_from IS NULL
        END)
    INTO v_ema_groups, v_plain
    FROM (
        SELECT
            u.ema_group,
            CASE u.ema_group WHEN 'multi_tf_v2' THEN 'multi_tf' ELSE u.ema_group END AS bar_group
        FROM unnest(p_groups) AS u (ema_group)
    ) AS g
    LEFT JOIN emas_state AS e ON e.id = p_id AND e.ema_group = g.ema_group
    LEFT JOIN bars_state AS s ON s.id = p_id AND s.bar_group = g.bar_group;
    IF v_plain IS NOT TRUE OR v_ema_groups IS NULL
        OR ('multi_tf' = ANY(v_ema_groups)) <> ('multi_tf_v2' = ANY(v_ema_groups))
        OR EXISTS (SELECT 1 FROM emas_pending AS q WHERE q.id = p_id)
        OR EXISTS (SELECT 1 FROM bars_pending AS q WHERE q.id = p_id)
    THEN
        RETURN;
    END IF;
    v_tfs := ARRAY(
        SELECT t.tf FROM emas_state AS e CROSS JOIN LATERAL unnest(e.tfs) AS t (tf)
        WHERE e.id = p_id AND e.ema_group = ANY(v_ema_groups) AND e.ema_group <> 'multi_tf_v2');
    SELECT * INTO v_done FROM append_emas(p_id, p_periods, v_tfs, p_row, true, true);

    RETURN QUERY
    WITH counted AS MATERIALIZED (
        SELECT
            e.ema_group, e.dirty_from, e.hidden_from, sum(d.n_live)::int AS series, count(*)::int
            + (SELECT count(*)::int FROM unnest(v_done.twice) AS w (tf) WHERE w.tf = ANY(e.tfs)) AS written
        FROM emas_state AS e
        CROSS JOIN LATERAL unnest(e.tfs) AS t (tf)
        INNER JOIN unnest(v_done.tfs, v_done.lengths) AS d (tf, n_live) ON d.tf = t.tf
        WHERE e.id = p_id AND e.ema_group = ANY(v_ema_groups)
        GROUP BY e.ema_group, e.dirty_from, e.hidden_from, e.tfs
    ),
    recorded AS (
        UPDATE emas_state AS e SET
            last_ts = p_last, n_rows = p_row, series = coalesce(c.series, e.series), dirty_from = NULL,
            hidden_from = NULL, updated_at = v_now
        FROM unnest(v_ema_groups) AS v (ema_group)
        LEFT JOIN counted AS c ON c.ema_group = v.ema_group
        WHERE e.id = p_id AND e.ema_group = v.ema_group
        RETURNING e.ema_group, e.series, least(c.dirty_from, c.hidden_from, p_last) AS dirty_from, c.written
    )
    SELECT
        g.ema_group, CASE WHEN r.ema_group IS NULL THEN 'noop' ELSE 'append' END, r.dirty_from,
            coalesce(r.series, 0),
        coalesce(r.written, 0)
    FROM unnest(p_groups) AS g (ema_group)
    LEFT JOIN recorded AS r ON r.ema_group = g.ema_group;
END;
$$;
