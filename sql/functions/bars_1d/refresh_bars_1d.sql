-- refresh_bars_1d: bring the validated days of one asset up to date; refresh_bars calls it first.
--   p_id             asset id
--   p_tz             the asset's zone, which the days stand in already
--   p_full           examine every raw row again
--   p_lookback_days  also compare this many times 24 hours before the newest raw row, for sources that change
--                    rows behind the triggers; 0: don't
--   p_time_min, p_time_max  examine raw rows with p_time_min <= "timestamp" < p_time_max only (NULL: open)
--   p_keep_rejects   write bad rows to cmc_price_bars_1d_rejects
-- Returns   one row: what was done, from which day, and the counters of the run.
-- Errors    none of its own: a bad row becomes a reject.
-- Locks     the asset's row in cmc_price_bars_1d_state, once there is something to write.
-- Cost      index ranges from the earliest change on; nothing new: a look at the notes and the look-back.
-- Rule      days are numbered 1.. over accepted rows; only rows that differ are written; what changed from
--           which day is marked in the same transaction; a noop writes nothing.
CREATE OR REPLACE FUNCTION refresh_bars_1d(
    p_id int, p_tz text, p_full boolean, p_lookback_days int, p_time_min timestamptz, p_time_max timestamptz,
    p_keep_rejects boolean,
    OUT action text, OUT dirty_from timestamptz, OUT bars_written int, OUT bars_deleted int,
    OUT days_read int, OUT rejected int, OUT repaired_timehigh int, OUT repaired_timelow int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
-- One more day costs less than planning for it, here and in the functions called; for whole histories the
-- plans are the same.
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_state cmc_price_bars_1d_state%ROWTYPE;
    v_known boolean;
    v_note timestamptz;
    v_found timestamptz;
    v_back_from timestamptz;
    v_from timestamptz;
    v_old_first timestamptz;
    v_old_last timestamptz;
    v_old_rows int;
    v_newest_src timestamptz;
    v_new_first timestamptz;
    v_days record;
    v_rejects record;
BEGIN
    action := 'noop';
    bars_written := 0; bars_deleted := 0; days_read := 0; rejected := 0;
    repaired_timehigh := 0; repaired_timelow := 0;

    SELECT * INTO v_state FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id;
    IF v_state.last_src_ts IS NOT NULL AND NOT p_full THEN
        SELECT c.noted, c.differs_from, c.back_from, c.days_read INTO v_note, v_found, v_back_from, days_read
        FROM changes_of_days(
            p_id, v_state.last_src_ts, p_lookback_days, p_time_min, p_time_max, p_keep_rejects) AS c;
        IF v_note IS NULL AND v_found IS NULL THEN
            RETURN;
        END IF;
    END IF;

    -- From here on there may be something to write: one refresh of the asset at a time.
    SELECT * INTO v_state FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM lock_asset(p_id, p_tz);
        SELECT * INTO v_state FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id;
    END IF;
    v_known := v_state.last_src_ts IS NOT NULL;
    v_note := take_raw_changes(p_id);
    IF NOT v_known THEN
        v_note := '-infinity';
    END IF;
    PERFORM note_unexamined_days(p_id, v_note, p_time_min, p_time_max);
    v_from := greatest(
        CASE WHEN p_full THEN '-infinity' ELSE least(v_note, v_found) END, p_time_min);
    IF (NOT p_full AND v_note IS NULL AND v_found IS NULL) OR v_from >= p_time_max THEN
        RETURN;
    END IF;

    SELECT min(d."timestamp"), max(d."timestamp"), coalesce(max(d.bar_seq), 0)
    INTO v_old_first, v_old_last, v_old_rows
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    SELECT count(*), max(h."timestamp") INTO days_read, v_newest_src FROM cmc_price_histories7 AS h
    WHERE
        h.id = p_id
        AND (h."timestamp" >= v_from OR h."timestamp" > v_back_from)
        AND (p_time_min IS NULL OR h."timestamp" >= p_time_min)
        AND (p_time_max IS NULL OR h."timestamp" < p_time_max);
    SELECT * INTO v_days FROM write_days(p_id, p_tz, v_from, p_time_max, v_old_last, v_old_rows);
    SELECT * INTO v_rejects
    FROM keep_rejects(p_id, v_from, p_time_max, p_keep_rejects, v_state.rejects_left_out_from);
    bars_written := v_days.bars_written; bars_deleted := v_days.bars_deleted;
    rejected := v_rejects.rejected;
    repaired_timehigh := v_days.repaired_timehigh; repaired_timelow := v_days.repaired_timelow;

    v_new_first := v_old_first;
    IF coalesce(v_from <= v_old_first, true) THEN
        SELECT min(d."timestamp") INTO v_new_first FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    END IF;
    action := CASE
        -- Known by its row of assets only.
        WHEN NOT v_known AND v_old_first IS NULL AND days_read = 0 THEN 'noop'
        WHEN p_full OR NOT v_known THEN 'rebuild'
        WHEN bars_written + bars_deleted + v_rejects.changed = 0 THEN 'noop'
        WHEN v_old_first IS NOT NULL AND v_new_first IS NOT NULL AND v_old_first <> v_new_first
            THEN 'backfill'
        WHEN coalesce(v_days.changed_from, v_from) <= coalesce(v_old_last, '-infinity') THEN 'revise'
        WHEN v_from <= v_state.last_src_ts AND v_days.changed_from IS NULL THEN 'revise'
        ELSE 'append'
    END;
    dirty_from := CASE
        WHEN action = 'noop' OR v_new_first IS NULL THEN NULL
        WHEN action = 'rebuild' THEN least(v_days.changed_from, v_new_first)
        ELSE coalesce(v_days.changed_from, v_from)
    END;

    PERFORM record_days(
        p_id, p_time_max, v_state.last_src_ts, CASE WHEN p_time_max IS NULL THEN v_newest_src END,
        action <> 'noop', bars_written, rejected, repaired_timehigh, repaired_timelow);
    IF v_rejects.left_out_from IS DISTINCT FROM v_state.rejects_left_out_from THEN
        UPDATE cmc_price_bars_1d_state AS s SET rejects_left_out_from = v_rejects.left_out_from
        WHERE s.id = p_id;
    END IF;
    PERFORM mark_days(p_id, v_days.marked_from, v_old_last, v_days.changes);
    IF p_full AND v_known THEN
        -- Blocks may be damaged where no day is.
        PERFORM keep_day_blocks(p_id, coalesce(p_time_min, '-infinity'));
    END IF;
END;
$$;
