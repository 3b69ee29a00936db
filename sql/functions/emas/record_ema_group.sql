-- record_ema_group: write the state of a group of EMAs after a refresh, and what its others wait for.
--   p_id, p_days, p_work, p_periods, p_done   as in record_emas, p_work of this group
--   p_refreshed   timeframes brought up to date;  p_read  the newest mark that they have read
--   p_waits   there are timeframes of the group that wait (emas_pending)
-- Returns   the number of live series.
-- Errors    none.   Cost  a row of state; an index probe per timeframe whose newest vector isn't known.
-- Rule      what is no longer due is deleted; timeframes that the call left out stand where they stood.
CREATE OR REPLACE FUNCTION record_ema_group(
    p_id int, p_days day_facts, p_work ema_work, p_periods int[], p_refreshed text[], p_done emas_done[],
    p_read int, p_waits boolean)
RETURNS int
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_dropped text[] := ARRAY(SELECT t.tf FROM unnest(p_work.tfs) AS t (tf) WHERE NOT t.tf = ANY(p_work.due));
    v_kept text[] := ARRAY(
        SELECT t.tf FROM unnest(p_work.due) AS t (tf)
        WHERE t.tf = ANY(p_refreshed) OR t.tf = ANY(p_work.tfs));
    v_read_before int;
    v_series int;
    v_now timestamptz := now();
    v_tz text;
    v_first_day date;
BEGIN
    IF v_dropped <> '{}' THEN
        PERFORM remove_emas(p_id, p_work.ema_group, v_dropped);
    END IF;
    IF p_waits THEN
        DELETE FROM emas_pending AS p
        WHERE
            p.id = p_id AND p.ema_group = p_work.ema_group
            AND (p.tf = ANY(p_refreshed) OR p.tf = ANY(v_dropped));
    END IF;
    IF p_refreshed <> '{}' AND (
        coalesce(p_work.state_dirty_from, p_work.hidden_from) IS NOT NULL OR p_work.periods <> p_periods)
    THEN
        SELECT s.marks_read INTO v_read_before
        FROM emas_state AS s WHERE s.id = p_id AND s.ema_group = p_work.ema_group;
        INSERT INTO emas_pending AS p (id, ema_group, tf, periods, first_ts, last_ts, n_rows, marks_read)
        SELECT
            p_id, p_work.ema_group, t.tf, p_work.periods, p_work.first_ts, p_work.last_ts, p_work.n_rows,
            v_read_before
        FROM unnest(v_kept) AS t (tf)
        WHERE NOT t.tf = ANY(p_refreshed)
        ON CONFLICT (id, ema_group, tf) DO NOTHING;
    END IF;
    IF v_kept = '{}' THEN
        DELETE FROM emas_state AS s WHERE s.id = p_id AND s.ema_group = p_work.ema_group;
        RETURN 0;
    END IF;
    IF p_refreshed = '{}' AND v_dropped = '{}' THEN
        RETURN coalesce(p_work.series, 0);
    END IF;
    -- The newest lengths are known where all were carried from day to day.
    SELECT sum(d.n_live) INTO v_series
    FROM unnest(p_done) AS d
    WHERE d.ema_group = p_work.ema_group AND d.n_live IS NOT NULL AND d.tf = ANY(v_kept)
    HAVING v_kept <@ array_agg(d.tf);
    v_series := coalesce(v_series, count_series(p_id, p_work.ema_group, v_kept));
    IF p_refreshed = '{}' THEN
        UPDATE emas_state AS s SET tfs = v_kept, series = v_series, updated_at = v_now
        WHERE s.id = p_id AND s.ema_group = p_work.ema_group;
        RETURN v_series;
    END IF;
    -- Those that count rows have no zone.
    IF NOT '1D' = ANY(p_work.due) THEN
        SELECT b.tz, b.first_day INTO v_tz, v_first_day
        FROM bars_state AS b WHERE b.id = p_id AND b.bar_group = p_work.bar_group;
    END IF;
    INSERT INTO emas_state AS s (
        id, ema_group, tz, tfs, periods, first_ts, last_ts, n_rows, series, marks_read, updated_at,
        first_day, bar_group)
    VALUES (
        p_id, p_work.ema_group, v_tz, v_kept, p_periods, p_days.first_ts, p_days.last_ts, p_days.n_rows,
        v_series, p_read, v_now, v_first_day, p_work.bar_group)
    ON CONFLICT (id, ema_group) DO UPDATE SET
        tz = excluded.tz, tfs = excluded.tfs, periods = excluded.periods, first_ts = excluded.first_ts,
        last_ts = excluded.last_ts, n_rows = excluded.n_rows, series = excluded.series,
        marks_read = excluded.marks_read, updated_at = excluded.updated_at, first_day = excluded.first_day;
    RETURN v_series;
END;
$$;
