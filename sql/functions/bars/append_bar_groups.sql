-- append_bar_groups: add one new day to all bars of some groups that stand complete at the day before.
--   p_id, p_groups   asset, groups of bars
--   p_tfs   the timeframes of the groups
--   p_row, p_last   number of validated days, "timestamp" of the newest, which is the new one
--   p_sessions   as in append_bars
-- Returns   a row per group as refresh_bar_groups.
-- Errors    as append_bars.   Cost  one forming bar per timeframe, two rows of state per group.
-- Rule      the daily case of refresh_bar_groups. A bar that the day closed late changes the EMAs of its last
--           day. 
CREATE OR REPLACE FUNCTION append_bar_groups(
    p_id int, p_groups text[], p_tfs text[], p_row int, p_last timestamptz, p_sessions asset_sessions
)
RETURNS TABLE (bar_group text, action text, dirty_from timestamptz, bars_written int, bars_deleted int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := now();
    v_tfs text[];
    v_groups text[];
    v_written int[];
    v_closing timestamptz[];
    v_changed timestamptz[];
BEGIN
    SELECT
        array_agg(a.tf), array_agg(a.bars_written), array_agg(a.closing_from), array_agg(a.changed_from)
    INTO v_tfs, v_written, v_closing, v_changed
    FROM append_bars(p_id, p_tfs, p_row, p_sessions) AS a;
    IF block_of_row(p_row) > block_of_row(p_row - 1) THEN
        PERFORM keep_bar_blocks(p_id, p_tfs, array_fill(p_row, ARRAY[cardinality(p_tfs)]));
    END IF;
    SELECT array_agg(c.bar_group), array_agg(c.written), array_agg(c.closing), array_agg(c.changed)
    INTO v_groups, v_written, v_closing, v_changed
    FROM (
        SELECT
            t.bar_group, sum(a.bars_written)::int AS written, min(a.closing_from) AS closing,
            min(a.changed_from) AS changed
        FROM unnest(v_tfs, v_written, v_closing, v_changed)
            AS a (tf, bars_written, closing_from, changed_from)
        INNER JOIN dim_timeframe AS t ON t.tf = a.tf
        GROUP BY t.bar_group
    ) AS c;
    UPDATE bars_state AS s SET
        last_ts = p_last, n_rows = p_row, dirty_from = NULL, updated_at = v_now,
        missing_days = (p_sessions).missing_days, extra_days = (p_sessions).extra_days,
        calendar_version = (p_sessions).version
    WHERE s.id = p_id AND s.bar_group = ANY(p_groups);
    UPDATE emas_state AS s SET
        hidden_from = least(s.hidden_from, c.closing), dirty_from = least(s.dirty_from, c.changed)
    FROM unnest(v_groups, v_closing, v_changed) AS c (bar_group, closing, changed)
    WHERE s.id = p_id AND s.ema_group = c.bar_group AND c.closing IS NOT NULL;
    RETURN QUERY
    SELECT
        g.bar_group, CASE WHEN s.id IS NULL THEN 'noop' ELSE 'append' END,
        CASE WHEN s.id IS NOT NULL THEN p_last END, coalesce(c.written, 0), 0
    FROM unnest(p_groups) AS g (bar_group)
    LEFT JOIN bars_state AS s ON s.id = p_id AND s.bar_group = g.bar_group
    LEFT JOIN unnest(v_groups, v_written) AS c (bar_group, written) ON c.bar_group = g.bar_group;
END;
$$;
