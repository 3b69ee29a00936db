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
    -- Timeframes of groups that were never built, by the space that the group has; all of them.
    v_in_bar_space text[] := '{}';
    v_in_day_space text[] := '{}';
    v_unbuilt text[];
    v_stray text;
    v_is_bar boolean;
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
        IF (SELECT bool_or(x.in_bar_space) FROM taxonomy() AS x WHERE x.ema_group = v_work.ema_group) THEN
            v_in_bar_space := v_in_bar_space || v_work.due;
        ELSE
            v_in_day_space := v_in_day_space || v_work.due;
        END IF;
    END LOOP;
    v_unbuilt := v_in_bar_space || v_in_day_space;
    IF v_unbuilt = '{}' THEN
        RETURN;
    END IF;
    SELECT e.tf, e.bar_space IS NOT NULL AND e.tf = ANY(v_in_bar_space) INTO v_stray, v_is_bar
    FROM emas AS e
    WHERE
        e.id = p_id AND e.tf = ANY(v_unbuilt)
        AND (e.bar_space IS NOT NULL AND e.tf = ANY(v_in_bar_space)
            OR e.day_space IS NOT NULL AND e.tf = ANY(v_in_day_space))
    LIMIT 1;
    IF FOUND THEN
        PERFORM raise_emas_differ(p_id, w.ema_group)
        FROM unnest(p_work) AS w
        INNER JOIN (
            SELECT y.ema_group, bool_or(y.in_bar_space) AS is_bar FROM taxonomy() AS y GROUP BY y.ema_group
        ) AS x ON x.ema_group = w.ema_group AND x.is_bar = v_is_bar
        WHERE w.tfs IS NULL AND v_stray = ANY(w.due);
    END IF;
END;
$$;
