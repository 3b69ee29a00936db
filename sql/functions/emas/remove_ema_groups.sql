-- remove_ema_groups: delete the vectors and states of some groups of an asset that has no validated day left.
--   p_id, p_work   asset, and what there is to do for its EMAs (ema_work)
-- Returns   a row per group as refresh_ema_groups.
-- Errors    none.   Cost  the rows deleted.   Rule  an asset without days has no EMAs and no state.
CREATE OR REPLACE FUNCTION remove_ema_groups(p_id int, p_work ema_work[])
RETURNS TABLE (ema_group text, action text, dirty_from timestamptz, series int, vectors_written int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_work ema_work;
    v_removed int;
    v_tfs text[];
BEGIN
    FOREACH v_work IN ARRAY p_work LOOP
        v_tfs := v_work.tfs
            || ARRAY(SELECT t.tf FROM dim_timeframe AS t WHERE t.bar_group = v_work.bar_group);
        v_removed := remove_emas(p_id, v_work.ema_group, v_tfs);
        DELETE FROM emas_pending AS p WHERE p.id = p_id AND p.ema_group = v_work.ema_group;
        DELETE FROM emas_state AS s WHERE s.id = p_id AND s.ema_group = v_work.ema_group;
        RETURN QUERY SELECT
            v_work.ema_group, CASE WHEN v_work.tfs IS NOT NULL OR v_removed > 0 THEN 'revise' ELSE 'noop' END,
            NULL::timestamptz, 0, 0;
    END LOOP;
    -- Where nobody reads any more, nothing stays marked.
    PERFORM mark_changes(p_id, '{}');
END;
$$;
