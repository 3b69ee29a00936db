-- check_bar_states: refuse to go on from states that their bars or days contradict.
--   p_id, p_days, p_work   asset, how its validated days stand, what there is to do for its bars (bar_work)
--   p_full         they are built from nothing, whatever is there
-- Returns   nothing.
-- Errors    TA030.   Cost  an index probe per group that was never built.
-- Rule      a refresh never guesses; a full rebuild works from raw and always repairs it.
CREATE OR REPLACE FUNCTION check_bar_states(
    p_id int, p_days day_facts, p_work bar_work[], p_full boolean)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_work bar_work;
    -- Timeframes of groups that were never built.
    v_unbuilt text[] := '{}';
    v_stray text;
BEGIN
    FOREACH v_work IN ARRAY p_work LOOP
        CONTINUE WHEN p_full OR v_work.is_recast;
        -- Days that nothing was marked of.
        IF v_work.tfs IS NOT NULL AND v_work.due <> '{}' AND v_work.state_dirty_from IS NULL
            AND (v_work.n_rows, v_work.first_ts, v_work.last_ts)
            <> (p_days.n_rows, p_days.first_ts, p_days.last_ts)
        THEN
            PERFORM raise_bars_differ(p_id, v_work.bar_group);
        END IF;
        IF v_work.tfs IS NULL THEN
            v_unbuilt := v_unbuilt || v_work.due;
        END IF;
    END LOOP;
    IF v_unbuilt = '{}' THEN
        RETURN;
    END IF;
    SELECT b.tf INTO v_stray FROM bars AS b WHERE b.id = p_id AND b.tf = ANY(v_unbuilt) LIMIT 1;
    IF FOUND THEN
        PERFORM raise_bars_differ(p_id, w.bar_group)
        FROM unnest(p_work) AS w WHERE w.tfs IS NULL AND v_stray = ANY(w.due);
    END IF;
END;
$$;
