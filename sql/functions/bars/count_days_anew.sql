-- count_days_anew: count days anew in the bars under which days of the calendar changed.
--   p_id, p_work   asset, and what there is to do for its bars (bar_work)
--   p_sessions     its trading calendar as applied now (sessions_of_asset)
--   p_built        timeframes that were built in the same call, with it
-- Returns   elements of bars_done.
-- Errors    none.   Cost  nothing where no day changed; else as reshape_bars.
-- Rule      a calendar moves days that are missing and to come, never prices.
CREATE OR REPLACE FUNCTION count_days_anew(
    p_id int, p_work bar_work[], p_sessions asset_sessions, p_built text[])
RETURNS bars_done[]
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_days date[] := ARRAY(
        SELECT DISTINCT u.day FROM unnest(p_work) AS w CROSS JOIN LATERAL unnest(w.changed_days) AS u (day));
    v_tfs text[] := ARRAY(
        SELECT t.tf FROM unnest(p_work) AS w CROSS JOIN LATERAL unnest(w.tfs) AS t (tf)
        WHERE w.changed_days IS NOT NULL AND t.tf = ANY(w.due) AND t.tf = ANY(p_built) IS NOT TRUE);
BEGIN
    IF v_days = '{}' OR v_tfs = '{}' THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(
        SELECT ROW(
            b.tf, b.bars_written, 0, b.closing_from, b.changed_from, b.touched_from, b.changed_from
        )::bars_done
        FROM reshape_bars(p_id, v_tfs, v_days, p_sessions) AS b);
END;
$$;
