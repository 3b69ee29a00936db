-- check_ema_states: refuse to go on from states that their vectors or days contradict.
--   p_id, p_days, p_work   asset, how its validated days stand, what there is to do for its EMAs (ema_work)
-- Returns   nothing.
-- Errors    TA030.   Cost  an index probe per group that was never built.
-- Rule      a refresh never guesses; a full rebuild works from the days and always repairs it.
CREATE OR REPLACE FUNCTION check_ema_states(p_id int, p_days day_facts, p_work ema_work[])
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_work ema_work;
    v_bar boolean;
BEGIN
    FOREACH v_work IN ARRAY p_work LOOP
        IF v_work.tfs IS NOT NULL THEN
            -- Days that nothing was marked of.
            IF v_work.state_dirty_from IS NULL
                AND (v_work.n_rows, v_work.first_ts, v_work.last_ts)
                <> (p_days.n_rows, p_days.first_ts, p_days.last_ts)
            THEN
                PERFORM raise_emas_differ(p_id, v_work.ema_group);
            END IF;
            CONTINUE;
        END IF;
        v_bar := (SELECT bool_or(x.in_bar_space) FROM taxonomy() AS x WHERE x.ema_group = v_work.ema_group);
        IF EXISTS (
            SELECT 1 FROM emas AS e
            WHERE e.id = p_id AND e.tf = ANY(v_work.due)
                AND CASE WHEN v_bar THEN e.bar_space ELSE e.day_space END IS NOT NULL)
        THEN
            PERFORM raise_emas_differ(p_id, v_work.ema_group);
        END IF;
    END LOOP;
END;
$$;
