-- days_of_many_due: which of some assets take one more day and nothing else, as their notes and states stand.
--   p_ids            assets, locked
--   p_lookback_days, p_keep_rejects   as in refresh_bars
-- Returns   an element for each of them, in the order of ids: how its validated days stand; dirty_from is the
--           "timestamp" of the new day.
-- Errors    none.   Cost  that of refresh_plan.
-- Rule      decides nothing by itself: plan_days, bar_work and ema_work say what there is to do. What they
--           call anything but one more day in its turn is left to a call for that asset: a day after a gap,
--           one on a trading calendar, a bad one, timeframes or periods that came or went, what a partial
--           refresh left.
CREATE OR REPLACE FUNCTION days_of_many_due(p_ids int[], p_lookback_days int, p_keep_rejects boolean)
RETURNS day_facts[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_periods int[] := ARRAY(SELECT p.period FROM dim_period AS p ORDER BY p.period);
    v_days day_facts[];
    v_bars bar_work[];
    v_plain int[];
    v_waiting int[];
BEGIN
    v_days := ARRAY(
        SELECT d FROM plan_days(p_ids, NULL, false, p_lookback_days, NULL, NULL, p_keep_rejects) AS d
        WHERE d.action = 'append' AND d.reason = 'new days' AND d.new_days = 1 AND d.calendar IS NULL);
    v_plain := ARRAY(
        SELECT d.id
        FROM unnest(v_days) AS d
        INNER JOIN cmc_price_bars_1d_state AS s ON s.id = d.id
        INNER JOIN assets AS a ON a.id = d.id
        INNER JOIN cmc_price_bars_1d AS l ON l.id = d.id AND l.bar_seq = d.n_rows
        INNER JOIN bars_1d_candidates AS c ON c.id = d.id AND c."timestamp" = d.dirty_from
        WHERE
            s.tz = d.tz AND s.last_src_ts < d.dirty_from AND s.rejects_left_out_from IS NULL
            AND c.reason IS NULL AND local_day_of(c.local_day, c."timestamp", d.tz) = l.day + 1);
    SELECT array_agg(q.id) INTO v_waiting FROM emas_pending AS q WHERE q.id = ANY(v_plain);
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
            AND b.state_dirty_from IS NULL AND b.pending_from IS NULL AND b.changed_days IS NULL, false))
        INTERSECT
        SELECT e.id
        FROM ema_work(
            v_days, v_bars, ARRAY(SELECT x.ema_group FROM taxonomy() AS x), v_periods, false, NULL) AS e
        GROUP BY e.id
        HAVING bool_and(coalesce(
            e.action = 'append' AND e.tfs = e.due AND e.ready = e.due AND e.periods = v_periods
            AND e.n_rows = e.all_days - 1 AND e.state_dirty_from IS NULL AND e.hidden_from IS NULL, false)));
    RETURN ARRAY(SELECT d FROM unnest(v_days) AS d WHERE d.id = ANY(v_plain) ORDER BY d.id);
END;
$$;
