-- keep_day_blocks: bring the blocks of days of one asset up to date with its validated days.
--   p_id     asset id
--   p_from   "timestamp" of the first day that may differ from what its block holds, or is gone
-- Returns   nothing.
-- Errors    none.
-- Cost      one more day: its block gets an element longer; else the days from that of p_from on.
-- Rule      a block holds facts of its days in their order, nothing of bars or calendars; only blocks that
--           differ are written.
CREATE OR REPLACE FUNCTION keep_day_blocks(p_id int, p_from timestamptz)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_from_row int;
    v_from_block int;
    v_rows int;
    v_beyond int;
    v_new cmc_price_bars_1d%ROWTYPE;
    v_before cmc_price_bars_1d%ROWTYPE;
    v_block record;
BEGIN
    SELECT * INTO v_new FROM cmc_price_bars_1d AS d WHERE d.id = p_id ORDER BY d.bar_seq DESC LIMIT 1;
    v_rows := coalesce(v_new.bar_seq, 0);
    v_from_row := CASE
        WHEN p_from = v_new."timestamp" THEN v_rows ELSE coalesce(row_from(p_id, p_from), v_rows + 1) END;
    v_from_block := block_of_row(v_from_row);
    IF v_rows = v_from_row AND v_from_block = block_of_row(v_rows - 1) THEN
        SELECT * INTO v_before FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = v_rows - 1;
        UPDATE day_blocks AS k SET
            closes = array_append(k.closes, v_new.close),
            highs = array_append(k.highs, v_new.high),
            lows = array_append(k.lows, v_new.low),
            times_high = array_append(k.times_high, v_new.time_high),
            times_low = array_append(k.times_low, v_new.time_low),
            volumes = array_append(k.volumes, v_new.volume),
            days = array_append(k.days, v_new.day),
            gap_days = CASE WHEN k.gap_days IS NOT NULL THEN array_append(k.gap_days, CASE
                WHEN v_new.day > v_before.day + 1 THEN v_new.day - 1
                ELSE k.gap_days[v_rows - 1 - k.row_before]
            END) END,
            cap_rows = CASE WHEN k.cap_rows IS NOT NULL THEN array_append(k.cap_rows, CASE
                WHEN v_new.market_cap IS NOT NULL THEN v_rows
                ELSE k.cap_rows[v_rows - 1 - k.row_before]
            END) END,
            caps = CASE WHEN k.caps IS NOT NULL
                THEN array_append(k.caps, coalesce(v_new.market_cap, k.caps[v_rows - 1 - k.row_before])) END
        WHERE
            k.id = p_id AND k.block = v_from_block AND cardinality(k.days) = v_rows - 1 - k.row_before
            -- Where the first gap or the first change between known and unknown comes, arrays begin.
            AND (k.gap_days IS NOT NULL OR v_new.day = v_before.day + 1)
            AND (k.cap_rows IS NOT NULL OR (v_new.market_cap IS NULL) = (v_before.market_cap IS NULL));
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;

    FOR v_block IN SELECT * FROM day_blocks_from(p_id, v_from_block) LOOP
        INSERT INTO day_blocks AS k (
            id, block, closes, highs, lows, times_high, times_low, volumes, days, gap_days, cap_rows,
            caps)
        VALUES (
            p_id, v_block.block, v_block.closes, v_block.highs, v_block.lows, v_block.times_high,
            v_block.times_low, v_block.volumes, v_block.days, v_block.gap_days, v_block.cap_rows,
            v_block.caps)
        ON CONFLICT (id, block) DO UPDATE SET
            closes = excluded.closes, highs = excluded.highs, lows = excluded.lows,
            times_high = excluded.times_high, times_low = excluded.times_low, volumes = excluded.volumes,
            days = excluded.days, gap_days = excluded.gap_days, cap_rows = excluded.cap_rows,
            caps = excluded.caps
        WHERE record_image_ne(
            ROW(
                k.closes, k.highs, k.lows, k.times_high, k.times_low, k.volumes, k.days, k.gap_days,
                k.cap_rows, k.caps),
            ROW(
                excluded.closes, excluded.highs, excluded.lows, excluded.times_high, excluded.times_low,
                excluded.volumes, excluded.days, excluded.gap_days, excluded.cap_rows,
                excluded.caps));
    END LOOP;
    v_beyond := block_begun_from(v_rows + 1);
    DELETE FROM day_blocks AS k WHERE k.id = p_id AND k.block >= v_beyond;
END;
$$;
