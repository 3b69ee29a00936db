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
        IF v_work.tfs IS NULL AND EXISTS (
            SELECT 1 FROM bars AS b WHERE b.id = p_id AND b.tf = ANY(v_work.due))
        THEN
            PERFORM raise_bars_differ(p_id, v_work.bar_group);
        END IF;
    END LOOP;
END;
$$;
