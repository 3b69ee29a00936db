-- days_of_many_due: which of some assets take one more day and nothing else, as their notes and states stand.
--   p_ids            assets, locked
--   p_lookback_days, p_keep_rejects   as in refresh_bars
--   p_stage          bars, or all: with the EMAs
--   p_calendars, p_versions, p_clocks   calendars by name, the version and the applied form of each
-- Returns   an element for each of them, in the order of ids: how its validated days stand; dirty_from is the
--           "timestamp" of the new day.
-- Errors    none.   Cost  that of refresh_plan.
-- Rule      decides nothing by itself: plan_days, bar_work and ema_work say what there is to do. What they
--           call anything but one more day is left to a call for that asset: a bad day or one that doesn't
--           follow the one before, a row on no session, which may close a bar anew, a calendar that was
--           edited since, timeframes or periods that came or went, what a partial refresh left.
CREATE OR REPLACE FUNCTION days_of_many_due(
    p_ids int[], p_lookback_days int, p_keep_rejects boolean, p_stage text, p_calendars text[],
    p_versions int[], p_clocks session_clock[])
RETURNS day_facts[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_periods int[] := ARRAY(SELECT p.period FROM dim_period AS p ORDER BY p.period);
    v_days day_facts[];
    v_bars bar_work[];
    v_plain int[];
    v_of text[];
    v_new date[];
    v_waiting int[];
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
    -- On a calendar that stands as when its bars were built, and on a session.
    v_plain := ARRAY(
        SELECT n.id
        FROM unnest(v_plain, v_of, v_new) AS n (id, calendar, day)
        LEFT JOIN sessions_at(p_calendars, p_clocks, v_of, v_new) AS s
            ON s.calendar = n.calendar AND s.day = n.day
        WHERE
            (n.calendar IS NULL OR s.session_upto = n.day)
            AND NOT EXISTS (
                SELECT 1 FROM bars_state AS b
                WHERE b.id = n.id AND b.calendar_version IS DISTINCT FROM (
                    p_versions[array_position(p_calendars, n.calendar)])));
    IF p_stage <> 'bars' THEN
        SELECT array_agg(q.id) INTO v_waiting FROM emas_pending AS q WHERE q.id = ANY(v_plain);
    END IF;
    v_days := ARRAY(
        SELECT d FROM unnest(v_days) AS d
        WHERE d.id = ANY(v_plain) AND d.id = ANY(v_waiting) IS NOT TRUE);
    IF v_days = '{}' THEN
        RETURN v_days;
    END IF;

    v_bars := ARRAY(
        SELECT w FROM bar_work(
            v_days, ARRAY(SELECT x.bar_group FROM taxonomy() AS x), false, NULL, false) AS w);
    v_plain := ARRAY(
        SELECT b.id FROM unnest(v_bars) AS b
        GROUP BY b.id
        HAVING bool_and(coalesce(
            b.action = 'append' AND b.tfs = b.due AND b.n_rows = b.all_days - 1 AND NOT b.is_recast
            AND b.state_dirty_from IS NULL AND b.pending_from IS NULL AND b.changed_days IS NULL, false)));
    IF p_stage <> 'bars' THEN
        v_plain := ARRAY(
            SELECT e.id
            FROM ema_work(
                v_days, v_bars, ARRAY(SELECT x.ema_group FROM taxonomy() AS x), v_periods, false, NULL) AS e
            WHERE e.id = ANY(v_plain)
            GROUP BY e.id
            HAVING bool_and(coalesce(
                e.action = 'append' AND e.tfs = e.due AND e.ready = e.due AND e.periods = v_periods
                AND e.n_rows = e.all_days - 1 AND e.state_dirty_from IS NULL AND e.hidden_from IS NULL,
                false)));
    END IF;
    RETURN ARRAY(SELECT d FROM unnest(v_days) AS d WHERE d.id = ANY(v_plain) ORDER BY d.id);
END;
$$;
