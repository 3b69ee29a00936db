-- record_emas: note in the states what a refresh of EMAs did.
--   p_id        asset id
--   p_days      how its validated days stand
--   p_work      what there was to do (ema_work)
--   p_periods   the periods that vectors were built with, ascending
--   p_series    the series brought up to date
--   p_done      what carry_emas and make_emas returned
-- Returns   a row per group as refresh_ema_groups.
-- Errors    none.   Cost  a row per group.
-- Rule      timeframes that the call left out keep waiting, with the periods and the last day that they stand
--           at.
CREATE OR REPLACE FUNCTION record_emas(
    p_id int, p_days day_facts, p_work ema_work[], p_periods int[], p_series ema_series_due[],
    p_done emas_done[])
RETURNS TABLE (ema_group text, action text, dirty_from timestamptz, series int, vectors_written int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_work ema_work;
    v_refreshed text[];
    v_from timestamptz;
    v_read int := newest_mark(p_id);
    v_pending text[];
BEGIN
    SELECT array_agg(q.ema_group) INTO v_pending FROM emas_pending AS q WHERE q.id = p_id;
    FOREACH v_work IN ARRAY p_work LOOP
        v_refreshed := ARRAY(SELECT s.tf FROM unnest(p_series) AS s WHERE s.ema_group = v_work.ema_group);
        ema_group := v_work.ema_group;
        -- Deletions alone are nothing new.
        action := CASE WHEN v_refreshed = '{}' THEN 'noop' ELSE v_work.action END;
        vectors_written := (
            SELECT coalesce(sum(d.vectors_written), 0) FROM unnest(p_done) AS d
            WHERE d.ema_group = v_work.ema_group);
        v_from := NULL;
        IF v_work.ema_group = ANY(v_pending) THEN
            v_from := (
                SELECT min(least(w.dirty_from, w.hidden_from)) FROM emas_left_behind AS w
                WHERE w.id = p_id AND w.ema_group = v_work.ema_group AND w.tf = ANY(v_refreshed));
        END IF;
        dirty_from := CASE
            WHEN action = 'noop' THEN NULL
            WHEN action = 'rebuild' THEN p_days.first_ts
            -- A mark of -infinity means everything; users get a day that exists.
            ELSE greatest(p_days.first_ts, least(v_work.state_dirty_from, v_work.hidden_from, v_from))
        END;
        series := record_ema_group(
            p_id, p_days, v_work, p_periods, v_refreshed, p_done, v_read, v_work.ema_group = ANY(v_pending));
        RETURN NEXT;
    END LOOP;
END;
$$;
