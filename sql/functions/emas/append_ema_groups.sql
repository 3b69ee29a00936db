-- append_ema_groups: carry all vectors of some groups over one new day, if they stand complete at the day
--   before.
--   p_id      asset id
--   p_days    how its validated days stand; the newest is the new one
--   p_work    what there is to do for its EMAs (ema_work); p_periods  today's periods, ascending
-- Returns   a row per group as refresh_ema_groups; no row: it is another case.
-- Errors    as append_emas.   Cost  one vector per timeframe, two rows of state per group.
-- Rule      the daily case of refresh_ema_groups. Vectors that serve two groups are carried for both at once.
CREATE OR REPLACE FUNCTION append_ema_groups(p_id int, p_days day_facts, p_work ema_work[], p_periods int[])
RETURNS TABLE (ema_group text, action text, dirty_from timestamptz, series int, vectors_written int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := now();
    v_read int := newest_mark(p_id);
    v_groups text[];
    v_plain boolean;
    v_tfs text[];
    v_done record;
    v_live record;
    v_from timestamptz[];
    v_series int[];
    v_written int[];
BEGIN
    SELECT
        array_agg(w.ema_group) FILTER (WHERE w.action IS NOT NULL),
        coalesce(bool_and(w.action IS NULL OR (
            w.action = 'append' AND w.tfs = w.due AND w.ready = w.due AND w.periods = p_periods
            AND w.state_dirty_from = p_days.last_ts AND w.n_rows = p_days.n_rows - 1)), false)
    INTO v_groups, v_plain
    FROM unnest(p_work) AS w;
    IF NOT v_plain OR v_groups IS NULL
        OR EXISTS (
            SELECT 1 FROM taxonomy() AS x INNER JOIN taxonomy() AS y ON y.bar_group = x.bar_group
            WHERE x.ema_group = ANY(v_groups) AND NOT y.ema_group = ANY(v_groups))
    THEN
        RETURN;
    END IF;
    PERFORM 1 FROM emas_pending AS q WHERE q.id = p_id LIMIT 1;
    IF FOUND THEN
        RETURN;
    END IF;
    v_tfs := ARRAY(
        SELECT DISTINCT t.tf FROM unnest(p_work) AS w CROSS JOIN LATERAL unnest(w.due) AS t (tf)
        WHERE w.action IS NOT NULL);
    SELECT * INTO v_done FROM append_emas(p_id, p_periods, v_tfs, p_days.n_rows, true, true);

    SELECT
        array_agg(c.ema_group), array_agg(c.dirty_from), array_agg(c.series), array_agg(c.written)
    INTO v_groups, v_from, v_series, v_written
    FROM (
        SELECT
            w.ema_group, least(w.dirty_from, w.hidden_from, p_days.last_ts) AS dirty_from,
            coalesce(sum(d.n_live)::int, w.series) AS series,
            (count(d.tf) + count(*) FILTER (WHERE d.tf = ANY(v_done.twice)))::int AS written
        FROM unnest(p_work) AS w
        LEFT JOIN LATERAL unnest(w.due) AS t (tf) ON true
        LEFT JOIN unnest(v_done.tfs, v_done.lengths) AS d (tf, n_live) ON d.tf = t.tf
        WHERE w.action IS NOT NULL
        GROUP BY w.ema_group, w.dirty_from, w.hidden_from, w.series
    ) AS c;
    UPDATE emas_state AS e SET
        last_ts = p_days.last_ts, n_rows = p_days.n_rows, marks_read = v_read, updated_at = v_now
    WHERE e.id = p_id AND e.ema_group = ANY(v_groups);
    -- Where a period went live.
    FOR v_live IN
        SELECT c.ema_group, c.series FROM unnest(v_groups, v_series) AS c (ema_group, series)
        INNER JOIN unnest(p_work) AS w ON w.ema_group = c.ema_group AND w.series IS DISTINCT FROM c.series
    LOOP
        UPDATE emas_state AS e SET series = v_live.series
        WHERE e.id = p_id AND e.ema_group = v_live.ema_group;
    END LOOP;
    RETURN QUERY
    SELECT
        w.ema_group, coalesce(w.action, 'noop'), r.dirty_from, coalesce(r.series, w.series, 0),
        coalesce(r.written, 0)
    FROM unnest(p_work) AS w
    LEFT JOIN unnest(v_groups, v_from, v_series, v_written) AS r (ema_group, dirty_from, series, written)
        ON r.ema_group = w.ema_group;
END;
$$;
