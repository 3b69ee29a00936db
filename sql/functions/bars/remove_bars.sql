-- remove_bars: delete the bars and states of some groups of an asset that has no validated day left.
--   p_id, p_groups   asset, groups of bars
-- Returns   a row per group as refresh_bar_groups.
-- Errors    none.   Cost  the rows deleted.   Rule  an asset without days has no bars and no state.
CREATE OR REPLACE FUNCTION remove_bars(p_id int, p_groups text[])
RETURNS TABLE (bar_group text, action text, dirty_from timestamptz, bars_written int, bars_deleted int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_group text;
    v_tfs text[];
BEGIN
    FOREACH v_group IN ARRAY p_groups LOOP
        SELECT s.tfs INTO v_tfs FROM bars_state AS s WHERE s.id = p_id AND s.bar_group = v_group;
        v_tfs := v_tfs || ARRAY(SELECT t.tf FROM dim_timeframe AS t WHERE t.bar_group = v_group);
        WITH gone AS (DELETE FROM bars AS b WHERE b.id = p_id AND b.tf = ANY(v_tfs) RETURNING b.id)
        SELECT count(*) INTO bars_deleted FROM gone;
        DELETE FROM bar_blocks AS h WHERE h.id = p_id AND h.tf = ANY(v_tfs);
        DELETE FROM bars_pending AS p WHERE p.id = p_id AND p.bar_group = v_group;
        DELETE FROM bars_state AS s WHERE s.id = p_id AND s.bar_group = v_group;
        bar_group := v_group;
        action := CASE WHEN FOUND OR bars_deleted > 0 THEN 'revise' ELSE 'noop' END;
        dirty_from := NULL;
        bars_written := 0;
        RETURN NEXT;
    END LOOP;
    PERFORM mark_changes(p_id, ARRAY(
        SELECT ROW(NULL, g.bar_group, '-infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL)::mark
        FROM unnest(p_groups) AS g (bar_group)));
END;
$$;
