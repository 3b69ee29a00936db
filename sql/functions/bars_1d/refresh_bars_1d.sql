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
--           which day is handed to bars and EMAs in the same transaction; a noop writes nothing.
CREATE OR REPLACE FUNCTION refresh_bars_1d(
    p_id int, p_tz text, p_full boolean, p_lookback_days int, p_time_min timestamptz, p_time_max timestamptz,
    p_keep_rejects boolean,
    OUT action text, OUT dirty_from timestamptz, OUT bars_written int, OUT bars_deleted int,
    OUT days_read int, OUT rejected int, OUT repaired_timehigh int, OUT repaired_timelow int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
-- One more day costs less than planning for it; for whole histories the plans are the same.
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_state cmc_price_bars_1d_state%ROWTYPE;
    v_known boolean;
    v_last_finite timestamptz;
    v_back_from timestamptz;
    v_note timestamptz;
    v_found timestamptz;
    v_from timestamptz;
    v_owed timestamptz;
    v_base int;
    v_old_first timestamptz;
    v_old_last timestamptz;
    v_new_first timestamptz;
    v_deleted_from timestamptz;
    v_written_from timestamptz;
    v_marked_from timestamptz;
    v_closes_from timestamptz;
    v_shift int;
    v_shifted int := 0;
    v_shifted_from timestamptz;
    v_rejects_changed int;
    v_changed_from timestamptz;
    v_last_src timestamptz;
    v_left_out_from timestamptz;
    v_now timestamptz := now();
BEGIN
    action := 'noop';
    bars_written := 0; bars_deleted := 0; days_read := 0; rejected := 0;
    repaired_timehigh := 0; repaired_timelow := 0;

    SELECT * INTO v_state FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id;
    v_known := v_state.last_src_ts IS NOT NULL;
    IF v_known AND NOT p_full THEN
        SELECT min(c.dirty_from) INTO v_note FROM raw_changes AS c WHERE c.id = p_id;
        IF p_lookback_days > 0 THEN
            SELECT max(h."timestamp") INTO v_last_finite FROM cmc_price_histories7 AS h
            WHERE h.id = p_id AND h."timestamp" <= v_state.last_src_ts AND h."timestamp" < 'infinity';
            v_back_from := v_last_finite - make_interval(hours => 24 * p_lookback_days);
            SELECT min(d.differs_at), sum(d.n)::int INTO v_found, days_read
            FROM bars_1d_differences(p_id, v_back_from, p_time_min, p_time_max, p_keep_rejects) AS d;
            days_read := coalesce(days_read, 0);
        END IF;
        IF v_note IS NULL AND v_found IS NULL THEN
            RETURN;
        END IF;
    END IF;

    -- From here on there may be something to write: one refresh of the asset at a time.
    INSERT INTO cmc_price_bars_1d_state AS s (id, last_run_ts, tz) VALUES (p_id, v_now, p_tz)
    ON CONFLICT (id) DO NOTHING;
    SELECT * INTO v_state FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id FOR UPDATE;
    v_known := v_state.last_src_ts IS NOT NULL;
    WITH taken AS (DELETE FROM raw_changes AS c WHERE c.id = p_id RETURNING c.dirty_from)
    SELECT min(t.dirty_from) INTO v_note FROM taken AS t;
    IF NOT v_known THEN
        v_note := '-infinity';
    END IF;
    v_from := CASE WHEN p_full THEN '-infinity' ELSE least(v_note, v_found) END;

    -- A bounded run leaves what it doesn't examine recorded.
    IF v_note < p_time_min AND (
        EXISTS (SELECT 1 FROM cmc_price_histories7 AS h
            WHERE h.id = p_id AND h."timestamp" >= v_note AND h."timestamp" < p_time_min)
        OR EXISTS (SELECT 1 FROM cmc_price_bars_1d AS d
            WHERE d.id = p_id AND d."timestamp" >= v_note AND d."timestamp" < p_time_min)
    ) THEN
        v_owed := v_note;
    ELSIF p_time_max IS NOT NULL AND v_note IS NOT NULL AND (
        EXISTS (SELECT 1 FROM cmc_price_histories7 AS h
            WHERE h.id = p_id AND h."timestamp" >= greatest(v_note, p_time_max))
        OR EXISTS (SELECT 1 FROM cmc_price_bars_1d AS d
            WHERE d.id = p_id AND d."timestamp" >= greatest(v_note, p_time_max))
    ) THEN
        v_owed := greatest(v_note, p_time_max);
    END IF;
    IF v_owed IS NOT NULL THEN
        INSERT INTO raw_changes (id, changed_by, dirty_from) VALUES (p_id, pg_current_xact_id(), v_owed);
    END IF;
    IF v_from IS NULL THEN
        RETURN;
    END IF;
    v_from := greatest(v_from, p_time_min);
    IF v_from >= p_time_max THEN
        RETURN;
    END IF;

    SELECT min(d."timestamp"), max(d."timestamp") INTO v_old_first, v_old_last
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    SELECT count(*) INTO days_read FROM cmc_price_histories7 AS h
    WHERE
        h.id = p_id
        AND (h."timestamp" >= v_from OR h."timestamp" > v_back_from)
        AND (p_time_min IS NULL OR h."timestamp" >= p_time_min)
        AND (p_time_max IS NULL OR h."timestamp" < p_time_max);

    WITH gone AS (
        DELETE FROM cmc_price_bars_1d AS d
        WHERE
            d.id = p_id AND d."timestamp" >= v_from AND (p_time_max IS NULL OR d."timestamp" < p_time_max)
            -- A probe for each day, where a join would read all candidates.
            AND (
                SELECT c.reason IS NULL FROM bars_1d_candidates AS c
                WHERE c.id = p_id AND c."timestamp" = d."timestamp") IS NOT TRUE
        RETURNING d."timestamp"
    )
    SELECT count(*), min(g."timestamp") INTO bars_deleted, v_deleted_from FROM gone AS g;

    SELECT coalesce(max(d.bar_seq), 0) INTO v_base
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d."timestamp" < v_from;

    -- Days after a bounded range make room before it grows, and move up after it has shrunk.
    IF p_time_max IS NOT NULL THEN
        SELECT v_base + (
            SELECT count(*) FROM bars_1d_candidates AS c
            WHERE c.id = p_id AND c."timestamp" >= v_from AND c."timestamp" < p_time_max AND c.reason IS NULL
        ) + 1 - min(d.bar_seq) INTO v_shift
        FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d."timestamp" >= p_time_max;
        IF v_shift > 0 THEN
            SELECT m.shifted, m.first_shifted INTO v_shifted, v_shifted_from
            FROM shift_bars_1d(p_id, p_time_max, v_shift) AS m;
        END IF;
    END IF;

    WITH candidates AS MATERIALIZED (
        SELECT
            c.*, (v_base + row_number() OVER (ORDER BY c."timestamp"))::int AS bar_seq,
            local_day_of(c.local_day, c."timestamp", p_tz) AS day
        FROM bars_1d_candidates AS c
        WHERE
            c.id = p_id AND c."timestamp" >= v_from AND (p_time_max IS NULL OR c."timestamp" < p_time_max)
            AND c.reason IS NULL
    ),
    differing AS MATERIALIZED (
        SELECT
            c.*,
            d.id IS NULL OR record_image_ne(ROW(
                c.bar_seq, c.time_high, c.time_low, c.open, c.high, c.low, c.close, c.volume, c.market_cap,
                c.day
            ), ROW(
                d.bar_seq, d.time_high, d.time_low, d.open, d.high, d.low, d.close, d.volume, d.market_cap,
                d.day
            )) AS marks_bars,
            d.id IS NULL OR record_image_ne(
                ROW(c.bar_seq, c.close, c.day), ROW(d.bar_seq, d.close, d.day)) AS marks_emas
        FROM candidates AS c
        LEFT JOIN cmc_price_bars_1d AS d ON d.id = p_id AND d."timestamp" = c."timestamp"
        WHERE
            d.id IS NULL OR record_image_ne(ROW(
                c.bar_seq, c.time_open, c.time_close, c.time_high, c.time_low, c.open, c.high, c.low, c.close,
                c.volume, c.market_cap, c.repaired_timehigh, c.repaired_timelow, c.src_name, c.src_file,
                c.src_load_ts, c.local_day, c.day
            ), ROW(
                d.bar_seq, d.time_open, d.time_close, d.time_high, d.time_low, d.open, d.high, d.low, d.close,
                d.volume, d.market_cap, d.repaired_timehigh, d.repaired_timelow, d.src_name, d.src_file,
                d.src_load_ts, d.local_day, d.day
            ))
            OR d.tf <> '1D' OR d.is_partial_start OR d.is_partial_end OR d.is_missing_days
    ),
    written AS (
        INSERT INTO cmc_price_bars_1d AS d (
            id, "timestamp", tf, bar_seq, time_open, time_close, time_high, time_low, open, high, low, close,
            volume, market_cap, is_partial_start, is_partial_end, is_missing_days, repaired_timehigh,
            repaired_timelow, src_name, src_file, src_load_ts, ingested_at, local_day, day)
        SELECT
            p_id, f."timestamp", '1D', f.bar_seq, f.time_open, f.time_close, f.time_high, f.time_low, f.open,
            f.high, f.low, f.close, f.volume, f.market_cap, false, false, false, f.repaired_timehigh,
            f.repaired_timelow, f.src_name, f.src_file, f.src_load_ts, v_now, f.local_day, f.day
        FROM differing AS f
        ORDER BY f."timestamp"
        ON CONFLICT (id, "timestamp") DO UPDATE SET
            tf = excluded.tf, bar_seq = excluded.bar_seq, time_open = excluded.time_open,
            time_close = excluded.time_close, time_high = excluded.time_high, time_low = excluded.time_low,
            open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
            volume = excluded.volume, market_cap = excluded.market_cap,
            is_partial_start = excluded.is_partial_start, is_partial_end = excluded.is_partial_end,
            is_missing_days = excluded.is_missing_days, repaired_timehigh = excluded.repaired_timehigh,
            repaired_timelow = excluded.repaired_timelow, src_name = excluded.src_name,
            src_file = excluded.src_file, src_load_ts = excluded.src_load_ts,
            ingested_at = excluded.ingested_at, local_day = excluded.local_day, day = excluded.day
        RETURNING d."timestamp"
    )
    SELECT
        (SELECT count(*) FROM written),
        min(f."timestamp"),
        min(f."timestamp") FILTER (WHERE f.marks_bars),
        min(f."timestamp") FILTER (WHERE f.marks_emas),
        count(*) FILTER (WHERE f.repaired_timehigh),
        count(*) FILTER (WHERE f.repaired_timelow)
    INTO bars_written, v_written_from, v_marked_from, v_closes_from, repaired_timehigh, repaired_timelow
    FROM differing AS f;

    IF v_shift < 0 THEN
        SELECT m.shifted, m.first_shifted INTO v_shifted, v_shifted_from
        FROM shift_bars_1d(p_id, p_time_max, v_shift) AS m;
    END IF;
    bars_written := bars_written + v_shifted;
    v_written_from := least(v_written_from, v_shifted_from);
    v_marked_from := least(v_marked_from, v_shifted_from);
    v_closes_from := least(v_closes_from, v_shifted_from);

    WITH gone AS (
        DELETE FROM cmc_price_bars_1d_rejects AS r
        WHERE
            r.id = p_id AND r."timestamp" >= v_from AND (p_time_max IS NULL OR r."timestamp" < p_time_max)
            AND (
                SELECT c.reason FROM bars_1d_candidates AS c
                WHERE c.id = p_id AND c."timestamp" = r."timestamp") IS DISTINCT FROM r.reason
        RETURNING r.id
    )
    SELECT count(*) INTO v_rejects_changed FROM gone;
    SELECT count(*) INTO rejected FROM bars_1d_candidates AS c
    WHERE
        c.id = p_id AND c."timestamp" >= v_from AND (p_time_max IS NULL OR c."timestamp" < p_time_max)
        AND c.reason IS NOT NULL;
    IF p_keep_rejects AND rejected > 0 THEN
        WITH written AS (
            INSERT INTO cmc_price_bars_1d_rejects AS r (
                id, "timestamp", tf, reason, time_open, time_close, time_high, time_low, open, high, low,
                close, volume, market_cap, src_name, src_file, src_load_ts, rejected_at, local_day)
            SELECT
                p_id, c."timestamp", '1D', c.reason, c.time_open, c.time_close, c.raw_time_high,
                c.raw_time_low, c.raw_open, c.raw_high, c.raw_low, c.raw_close, c.raw_volume,
                c.raw_market_cap, c.src_name, c.src_file, c.src_load_ts, v_now, c.local_day
            FROM bars_1d_candidates AS c
            WHERE
                c.id = p_id AND c."timestamp" >= v_from AND (p_time_max IS NULL OR c."timestamp" < p_time_max)
                AND c.reason IS NOT NULL
            ORDER BY c."timestamp"
            ON CONFLICT (id, "timestamp", reason) DO UPDATE SET
                time_open = excluded.time_open, time_close = excluded.time_close,
                time_high = excluded.time_high, time_low = excluded.time_low, open = excluded.open,
                high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume,
                market_cap = excluded.market_cap, src_name = excluded.src_name, src_file = excluded.src_file,
                src_load_ts = excluded.src_load_ts, rejected_at = excluded.rejected_at,
                local_day = excluded.local_day
            WHERE record_image_ne(ROW(
                r.time_open, r.time_close, r.time_high, r.time_low, r.open, r.high, r.low, r.close, r.volume,
                r.market_cap, r.src_name, r.src_file, r.src_load_ts, r.local_day
            ), ROW(
                excluded.time_open, excluded.time_close, excluded.time_high, excluded.time_low, excluded.open,
                excluded.high, excluded.low, excluded.close, excluded.volume, excluded.market_cap,
                excluded.src_name, excluded.src_file, excluded.src_load_ts, excluded.local_day
            ))
            RETURNING r.id
        )
        SELECT v_rejects_changed + count(*) INTO v_rejects_changed FROM written;
    END IF;
    -- From where on bad days may be missing among the rejects, because a run was told so.
    v_left_out_from := v_state.rejects_left_out_from;
    IF p_keep_rejects AND v_from <= v_left_out_from THEN
        v_left_out_from := CASE WHEN p_time_max IS NOT NULL THEN greatest(v_left_out_from, p_time_max) END;
    ELSIF NOT p_keep_rejects AND rejected > 0 THEN
        SELECT least(v_left_out_from, min(c."timestamp")) INTO v_left_out_from FROM bars_1d_candidates AS c
        WHERE
            c.id = p_id AND c."timestamp" >= v_from AND (p_time_max IS NULL OR c."timestamp" < p_time_max)
            AND c.reason IS NOT NULL
            AND NOT EXISTS (
                SELECT 1 FROM cmc_price_bars_1d_rejects AS r
                WHERE r.id = p_id AND r."timestamp" = c."timestamp");
    END IF;

    v_changed_from := least(v_deleted_from, v_written_from);
    v_marked_from := least(v_deleted_from, v_marked_from);
    v_closes_from := least(v_deleted_from, v_closes_from);
    SELECT min(d."timestamp") INTO v_new_first FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    action := CASE
        -- Known by its row of assets only.
        WHEN NOT v_known AND v_old_first IS NULL AND days_read = 0 THEN 'noop'
        WHEN p_full OR NOT v_known THEN 'rebuild'
        WHEN bars_written + bars_deleted + v_rejects_changed = 0 THEN 'noop'
        WHEN v_old_first IS NOT NULL AND v_new_first IS NOT NULL AND v_old_first <> v_new_first
            THEN 'backfill'
        WHEN coalesce(v_changed_from, v_from) <= coalesce(v_old_last, '-infinity') THEN 'revise'
        WHEN coalesce(v_changed_from, v_from) <= v_state.last_src_ts AND v_changed_from IS NULL THEN 'revise'
        ELSE 'append'
    END;
    dirty_from := CASE
        WHEN action = 'noop' OR v_new_first IS NULL THEN NULL
        WHEN action = 'rebuild' THEN least(v_changed_from, v_new_first)
        ELSE coalesce(v_changed_from, v_from)
    END;

    SELECT max(h."timestamp") INTO v_last_src FROM cmc_price_histories7 AS h
    WHERE
        h.id = p_id
        AND (p_time_max IS NULL OR h."timestamp" < p_time_max OR h."timestamp" <= v_state.last_src_ts);
    IF v_last_src IS NULL AND NOT EXISTS (SELECT 1 FROM cmc_price_histories7 AS h WHERE h.id = p_id) THEN
        DELETE FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id;
    ELSIF action <> 'noop' OR v_last_src IS DISTINCT FROM v_state.last_src_ts THEN
        UPDATE cmc_price_bars_1d_state AS s SET
            last_src_ts = v_last_src,
            last_run_ts = v_now,
            last_upserted = bars_written,
            last_repaired_timehigh = repaired_timehigh,
            last_repaired_timelow = repaired_timelow,
            last_rejected = rejected
        WHERE s.id = p_id;
    END IF;
    IF v_left_out_from IS DISTINCT FROM v_state.rejects_left_out_from THEN
        UPDATE cmc_price_bars_1d_state AS s SET rejects_left_out_from = v_left_out_from WHERE s.id = p_id;
    END IF;

    IF v_marked_from IS NOT NULL THEN
        PERFORM keep_day_blocks(p_id, v_marked_from);
        UPDATE bars_state AS s SET dirty_from = v_marked_from
        WHERE s.id = p_id AND (s.dirty_from IS NULL OR s.dirty_from > v_marked_from);
    END IF;
    IF v_closes_from IS NOT NULL THEN
        UPDATE emas_state AS s SET
            dirty_from = least(s.dirty_from, v_closes_from),
            hidden_from = least(s.hidden_from, v_closes_from)
        WHERE
            s.id = p_id
            AND (s.dirty_from IS NULL OR s.hidden_from IS NULL
                OR s.dirty_from > v_closes_from OR s.hidden_from > v_closes_from);
    END IF;
END;
$$;
