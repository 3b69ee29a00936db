-- append_days_of_many: take one new raw day of each of some assets up among their validated days.
--   p_days           how they stand (days_of_many_due)
--   p_lookback_days  as in refresh_bars
-- Returns   a row per asset in the order of ids: days_read, repaired_timehigh, repaired_timelow: what
--           refresh_bars counts.
-- Errors    40001 a raw day was changed or deleted in between: nothing is done, another call will see it.
-- Cost      a few index probes and two rows written for each asset.
-- Rule      as store_days, keep_day_blocks and record_days, one step of them.
CREATE OR REPLACE FUNCTION append_days_of_many(p_days day_facts[], p_lookback_days int)
RETURNS TABLE (id int, days_read int, repaired_timehigh int, repaired_timelow int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := now();
    v_ids int[];
    v_left record;
BEGIN
    WITH written AS (
        INSERT INTO cmc_price_bars_1d (
            id, "timestamp", tf, bar_seq, time_open, time_close, time_high, time_low, open, high, low, close,
            volume, market_cap, is_partial_start, is_partial_end, is_missing_days, repaired_timehigh,
            repaired_timelow, src_name, src_file, src_load_ts, ingested_at, local_day, day)
        SELECT
            d.id, c."timestamp", '1D', d.n_rows + 1, c.time_open, c.time_close, c.time_high, c.time_low,
            c.open, c.high, c.low, c.close, c.volume, c.market_cap, false, false, false, c.repaired_timehigh,
            c.repaired_timelow, c.src_name, c.src_file, c.src_load_ts, v_now, c.local_day,
            local_day_of(c.local_day, c."timestamp", d.tz)
        FROM unnest(p_days) AS d
        INNER JOIN bars_1d_candidates AS c ON c.id = d.id AND c."timestamp" = d.dirty_from
        WHERE c.reason IS NULL
        RETURNING id
    )
    SELECT array_agg(w.id) INTO v_ids FROM written AS w;
    IF cardinality(v_ids) IS DISTINCT FROM cardinality(p_days) THEN
        RAISE EXCEPTION USING
            ERRCODE = '40001', MESSAGE = 'raw days changed while they were taken up',
            DETAIL = 'Another session deleted or corrected one of the new days.',
            HINT = 'Refresh again: nothing of this call was kept.';
    END IF;

    WITH written AS (
        UPDATE day_blocks AS k SET
            closes = array_append(k.closes, n.close),
            highs = array_append(k.highs, n.high),
            lows = array_append(k.lows, n.low),
            times_high = array_append(k.times_high, n.time_high),
            times_low = array_append(k.times_low, n.time_low),
            volumes = array_append(k.volumes, n.volume),
            days = array_append(k.days, n.day),
            gap_days = CASE WHEN k.gap_days IS NOT NULL THEN array_append(k.gap_days, CASE
                WHEN n.day > b.day + 1 THEN n.day - 1 ELSE k.gap_days[d.n_rows - k.row_before]
            END) END,
            cap_rows = CASE WHEN k.cap_rows IS NOT NULL THEN array_append(k.cap_rows, CASE
                WHEN n.market_cap IS NOT NULL THEN d.n_rows + 1 ELSE k.cap_rows[d.n_rows - k.row_before]
            END) END,
            caps = CASE WHEN k.caps IS NOT NULL
                THEN array_append(k.caps, coalesce(n.market_cap, k.caps[d.n_rows - k.row_before])) END
        FROM unnest(p_days) AS d
        INNER JOIN cmc_price_bars_1d AS n ON n.id = d.id AND n.bar_seq = d.n_rows + 1
        INNER JOIN cmc_price_bars_1d AS b ON b.id = d.id AND b.bar_seq = d.n_rows
        WHERE
            k.id = d.id AND k.block = block_of_row(d.n_rows + 1) AND k.block = block_of_row(d.n_rows)
            AND cardinality(k.days) = d.n_rows - k.row_before
            AND (k.gap_days IS NOT NULL OR n.day = b.day + 1)
            AND (k.cap_rows IS NOT NULL OR (n.market_cap IS NULL) = (b.market_cap IS NULL))
        RETURNING k.id
    )
    SELECT array_agg(w.id) INTO v_ids FROM written AS w;
    -- Where a block begins, or an array within it.
    FOR v_left IN
        SELECT d.id, d.dirty_from FROM unnest(p_days) AS d WHERE d.id = ANY(v_ids) IS NOT TRUE
    LOOP
        PERFORM keep_day_blocks(v_left.id, v_left.dirty_from);
    END LOOP;

    RETURN QUERY
    SELECT
        d.id,
        (
            SELECT count(*)::int FROM cmc_price_histories7 AS h
            WHERE
                h.id = d.id AND h."timestamp" > least(s.last_src_ts, (
                    SELECT max(o."timestamp") - make_interval(hours => 24 * p_lookback_days)
                    FROM cmc_price_histories7 AS o WHERE o.id = d.id AND o."timestamp" <= s.last_src_ts))
        ),
        n.repaired_timehigh::int, n.repaired_timelow::int
    FROM unnest(p_days) AS d
    INNER JOIN cmc_price_bars_1d AS n ON n.id = d.id AND n.bar_seq = d.n_rows + 1
    INNER JOIN cmc_price_bars_1d_state AS s ON s.id = d.id
    ORDER BY d.id;
    UPDATE cmc_price_bars_1d_state AS s SET
        last_src_ts = d.dirty_from, last_run_ts = v_now, last_upserted = 1, last_rejected = 0,
        last_repaired_timehigh = n.repaired_timehigh::int, last_repaired_timelow = n.repaired_timelow::int
    FROM unnest(p_days) AS d
    INNER JOIN cmc_price_bars_1d AS n ON n.id = d.id AND n.bar_seq = d.n_rows + 1
    WHERE s.id = d.id;
END;
$$;
