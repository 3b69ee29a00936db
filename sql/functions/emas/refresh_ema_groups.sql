-- refresh_ema_groups: bring some groups of EMA vectors of one asset up to date with its bars and days.
--   p_id        asset id
--   p_wanted    names as in emas_state.ema_group
--   p_is_locked the call holds the asset's lock already, so that nothing can change any more
--   p_full      build from nothing
--   p_tfs       only these timeframes (NULL: all due)
-- Returns   a row per group: action, dirty_from, series (live ones afterwards), vectors_written.
-- Errors    TA020, TA030.   Locks  the asset's row in cmc_price_bars_1d_state.
-- Cost      nothing to do: one look at the states; a few new days: append_emas; else build_emas.
-- Rule      does what ema_work decides, under the asset's lock. Vectors, state and what is shown change
--           together. Timeframes whose bars lag behind the days keep waiting.
CREATE OR REPLACE FUNCTION refresh_ema_groups(
    p_id int, p_wanted text[], p_is_locked boolean, p_full boolean, p_tfs text[])
RETURNS TABLE (ema_group text, action text, dirty_from timestamptz, series int, vectors_written int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_periods int[];
    v_days day_facts := days_standing(p_id, NULL);
    v_work ema_work[];
    v_series ema_series_due[];
    v_done emas_done[] := '{}';
BEGIN
    SELECT array_agg(p.period ORDER BY p.period) INTO v_periods FROM dim_period AS p;
    IF v_periods IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA020', MESSAGE = 'dim_period is empty', DETAIL = 'EMAs need at least one period.',
            HINT = 'INSERT INTO dim_period (period) VALUES (21);';
    END IF;
    IF NOT p_full AND NOT p_is_locked AND emas_stand(p_id, v_days, p_wanted, v_periods) THEN
        RETURN QUERY
        SELECT g.ema_group, 'noop', NULL::timestamptz, coalesce(s.series, 0), 0
        FROM unnest(p_wanted) AS g (ema_group)
        LEFT JOIN emas_state AS s ON s.id = p_id AND s.ema_group = g.ema_group;
        RETURN;
    END IF;
    IF NOT p_is_locked THEN
        PERFORM lock_asset(p_id, NULL);
        v_days := days_standing(p_id, NULL);
    END IF;
    v_work := ARRAY(
        SELECT w FROM ema_work(ARRAY[v_days], '{}', p_wanted, v_periods, p_full, p_tfs) AS w);
    IF v_days.is_empty THEN
        RETURN QUERY SELECT * FROM remove_ema_groups(p_id, v_work);
        RETURN;
    END IF;
    IF NOT p_full AND p_tfs IS NULL THEN
        RETURN QUERY SELECT * FROM append_ema_groups(p_id, v_days, v_work, v_periods);
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    IF NOT p_full THEN
        PERFORM check_ema_states(p_id, v_days, v_work);
    END IF;
    v_series := ARRAY(
        SELECT ROW(s.ema_group, s.tf, s.in_bar_space, s.in_day_space, s.appends, s.n_rows, s.from_ts)
            ::ema_series_due
        FROM ema_timeframes_to_refresh(p_id, v_days, v_work, p_full, p_tfs, v_periods) AS s);
    IF EXISTS (SELECT 1 FROM unnest(v_series) AS s WHERE s.appends) THEN
        v_done := carry_emas(
            p_id, v_periods, ARRAY(SELECT s FROM unnest(v_series) AS s WHERE s.appends), v_days.n_rows);
    END IF;
    IF EXISTS (SELECT 1 FROM unnest(v_series) AS s WHERE NOT s.appends) THEN
        v_done := v_done || make_emas(
            p_id, v_periods, ARRAY(SELECT s FROM unnest(v_series) AS s WHERE NOT s.appends), v_days.n_rows);
    END IF;
    RETURN QUERY SELECT * FROM record_emas(p_id, v_days, v_work, v_periods, v_series, v_done);
END;
$$;
