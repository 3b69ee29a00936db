-- close_bars_late: close the calendar bars that the day before left forming and that a new day lies beyond.
--   p_id, p_tfs   asset, timeframes whose bars stand complete up to the day before
--   p_first_day   the asset's first day
--   p_day_before, p_day   the newest day that bars hold, and the new one
--   p_sessions   as in append_bars
-- Returns   a row per bar as append_bars.
-- Errors    none.   Cost  a probe per calendar timeframe.
-- Rule      a bar whose last day is missing closes when a later row comes; it misses the days up to its end.
CREATE OR REPLACE FUNCTION close_bars_late(
    p_id int, p_tfs text[], p_first_day date, p_day_before date, p_day date, p_sessions asset_sessions
)
RETURNS TABLE (tf text, bars_written int, closing_from timestamptz, changed_from timestamptz)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_ending record;
    v_missing date[] := (p_sessions).missing_days;
BEGIN
    SELECT array_agg(w.tf) AS tfs, array_agg(w.bar_seq) AS bars, array_agg(w.window_end) AS window_ends
    INTO v_ending
    FROM (
        SELECT u.tf, u.bar_seq, window_end(u.kind, u.n, u.first_unit, u.bar_seq) AS window_end
        FROM (
            SELECT f.*, bar_of_day(f.kind, f.n, f.first_unit, 0, p_day_before) AS bar_seq
            FROM (
                SELECT
                    c.tf, c.unit_kind AS kind, c.tf_qty AS n,
                    first_unit(
                        c.unit_kind, c.tf_qty, c.allow_partial_start, p_first_day,
                        (p_sessions).session_before) AS first_unit
                FROM dim_timeframe AS c WHERE c.tf = ANY(p_tfs) AND c.unit_kind <> 'D' OFFSET 0
            ) AS f
            OFFSET 0
        ) AS u
        WHERE u.bar_seq > 0
    ) AS w
    WHERE w.window_end < p_day;
    RETURN QUERY
    WITH closed AS (
        UPDATE bars AS b SET
            is_closed = true,
            days_remaining = 0,
            missing_end = missing_between(v_missing, p_day_before + 1, n.window_end, 0),
            first_missing_day = coalesce(
                b.first_missing_day, first_missing_from(v_missing, p_day_before + 1)),
            last_missing_day = last_missing_to(v_missing, n.window_end)
        FROM unnest(v_ending.tfs, v_ending.bars, v_ending.window_ends) AS n (tf, bar_seq, window_end)
        WHERE b.id = p_id AND b.tf = n.tf AND b.bar_seq = n.bar_seq AND NOT b.is_closed
        RETURNING b.tf, b.time_close
    )
    SELECT c.tf, 1, c.time_close, NULL::timestamptz FROM closed AS c;
END;
$$;
