-- days_of_many_due: which of some assets take one more day and nothing else, as their notes and states stand.
--   p_ids            assets, locked
--   p_lookback_days, p_keep_rejects   as in refresh_bars
--   p_stage          bars, or all: with the EMAs
--   p_calendars, p_clocks   calendars by name, and the applied form of each
-- Returns   an element for each of them, in the order of ids: how its validated days stand; dirty_from is the
--           "timestamp" of the new day.
-- Errors    none.   Cost  that of refresh_plan.
-- Rule      decides nothing by itself: plan_days says that there is one new day and nothing else, and
--           standing_assets that all bars and EMAs wait for it alone. All else is left to a call for that
--           asset: a bad day or one that doesn't follow the one before, a row on no session, which may close
--           a bar anew, a calendar that was edited since, timeframes or periods that came or went, what a
--           partial refresh left.
CREATE OR REPLACE FUNCTION days_of_many_due(
    p_ids int[], p_lookback_days int, p_keep_rejects boolean, p_stage text, p_calendars text[],
    p_clocks session_clock[])
RETURNS day_facts[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_days day_facts[];
    v_plain int[];
    v_of text[];
    v_new date[];
BEGIN
    v_days := ARRAY(
        SELECT d FROM plan_days(p_ids, NULL, false, p_lookback_days, NULL, NULL, p_keep_rejects) AS d
        WHERE d.action = 'append' AND d.reason = 'new days' AND d.new_days = 1);
    SELECT array_agg(n.id), array_agg(n.calendar), array_agg(n.day) INTO v_plain, v_of, v_new
    FROM (
        SELECT d.id, d.calendar, local_day_of(c.local_day, c."timestamp", d.tz) AS day, l.day AS day_before
        FROM unnest(v_days) AS d
        INNER JOIN cmc_price_bars_1d_state AS s ON s.id = d.id
        INNER JOIN assets AS a ON a.id = d.id
        INNER JOIN cmc_price_bars_1d AS l ON l.id = d.id AND l.bar_seq = d.n_rows
        INNER JOIN bars_1d_candidates AS c ON c.id = d.id AND c."timestamp" = d.dirty_from
        WHERE
            s.tz = d.tz AND s.last_src_ts < d.dirty_from AND s.rejects_left_out_from IS NULL
            AND c.reason IS NULL
        OFFSET 0
    ) AS n
    WHERE n.day > n.day_before;
    -- On a session; bars and EMAs stand where the days do.
    v_plain := ARRAY(
        SELECT n.id
        FROM unnest(v_plain, v_of, v_new) AS n (id, calendar, day)
        LEFT JOIN sessions_at(p_calendars, p_clocks, v_of, v_new) AS s
            ON s.calendar = n.calendar AND s.day = n.day
        WHERE n.calendar IS NULL OR s.session_upto = n.day);
    IF v_plain <> '{}' THEN
        v_plain := ARRAY(
            SELECT standing_assets(v_plain, NULL, CASE WHEN p_stage = 'bars' THEN '{}'::text[] END, NULL));
    END IF;
    RETURN ARRAY(SELECT d FROM unnest(v_days) AS d WHERE d.id = ANY(v_plain) ORDER BY d.id);
END;
$$;
