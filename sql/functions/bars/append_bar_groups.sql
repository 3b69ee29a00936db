-- append_bar_groups: add one new day to all bars of some groups that stand complete at the day before.
--   p_id     asset id
--   p_days   how its validated days stand; the newest is the new one
--   p_work   what there is to do for its bars (bar_work); p_sessions  as in append_bars
-- Returns   a row per group as refresh_bar_groups.
-- Errors    as append_bars.   Cost  one forming bar per timeframe, two rows of state per group.
-- Rule      the daily case of refresh_bar_groups. A bar that the day closed late is marked: its last day is
--           called something else.
CREATE OR REPLACE FUNCTION append_bar_groups(
    p_id int, p_days day_facts, p_work bar_work[], p_sessions asset_sessions)
RETURNS TABLE (bar_group text, action text, dirty_from timestamptz, bars_written int, bars_deleted int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := now();
    v_work_groups text[];
    v_tfs text[];
    v_kept text[];
    v_groups text[];
    v_written int[];
    v_closing timestamptz[];
    v_changed timestamptz[];
    v_read int := newest_mark(p_id);
    v_marks mark[];
BEGIN
    v_tfs := ARRAY(SELECT t.tf FROM unnest(p_work) AS w CROSS JOIN LATERAL unnest(w.due) AS t (tf));
    v_work_groups := ARRAY(SELECT w.bar_group FROM unnest(p_work) AS w);
    SELECT
        array_agg(a.tf), array_agg(a.bars_written), array_agg(a.closing_from), array_agg(a.changed_from)
    INTO v_tfs, v_written, v_closing, v_changed
    FROM append_bars(p_id, v_tfs, p_days.n_rows, p_sessions) AS a;
    IF block_of_row(p_days.n_rows) > block_of_row(p_days.n_rows - 1) THEN
        -- A timeframe whose bar was closed late, too, is there twice.
        v_kept := ARRAY(SELECT DISTINCT t.tf FROM unnest(v_tfs) AS t (tf));
        PERFORM keep_bar_blocks(p_id, v_kept, array_fill(p_days.n_rows, ARRAY[cardinality(v_kept)]));
    END IF;
    SELECT array_agg(c.bar_group), array_agg(c.written), array_agg(c.closing), array_agg(c.changed)
    INTO v_groups, v_written, v_closing, v_changed
    FROM (
        SELECT
            t.bar_group, sum(a.bars_written)::int AS written, min(a.closing_from) AS closing,
            min(a.changed_from) AS changed
        FROM unnest(v_tfs, v_written, v_closing, v_changed)
            AS a (tf, bars_written, closing_from, changed_from)
        INNER JOIN (
            SELECT w.bar_group, d.tf FROM unnest(p_work) AS w CROSS JOIN LATERAL unnest(w.due) AS d (tf)
        ) AS t ON t.tf = a.tf
        GROUP BY t.bar_group
    ) AS c;
    UPDATE bars_state AS s SET
        last_ts = p_days.last_ts, n_rows = p_days.n_rows, marks_read = v_read, updated_at = v_now,
        missing_days = (p_sessions).missing_days, extra_days = (p_sessions).extra_days,
        calendar_version = (p_sessions).version
    WHERE s.id = p_id AND s.bar_group = ANY(v_work_groups);
    v_marks := ARRAY(
        SELECT ROW(NULL, c.bar_group, c.changed, NULL, NULL, NULL, NULL, NULL, NULL, c.closing)::mark
        FROM unnest(v_groups, v_closing, v_changed) AS c (bar_group, closing, changed)
        WHERE c.closing IS NOT NULL);
    IF v_marks <> '{}' THEN
        PERFORM mark_changes(p_id, v_marks);
    END IF;
    RETURN QUERY
    SELECT w.bar_group, w.action, w.dirty_from, coalesce(c.written, 0), 0
    FROM unnest(p_work) AS w
    LEFT JOIN unnest(v_groups, v_written) AS c (bar_group, written) ON c.bar_group = w.bar_group;
END;
$$;
