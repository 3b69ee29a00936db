-- build_bars: compute the bars of some timeframes from a row on and store what differs.
--   p_id         asset id
--   p_tfs        timeframes (not 1D)
--   p_from_rows  for each of them the row number (1d bar_seq) of the first day that may differ; 1: all
--   p_sessions   the asset's trading calendar (sessions_of_asset); NULL: every day is expected
-- Returns   per timeframe and kind of write: bars_written, bars_deleted; closing_from: "timestamp" of the
--           last day of the earliest stored bar that closed or reopened; changed_from: of the first day of
--           the earliest bar written.
-- Errors    TA010 the days read don't follow each other.
-- Cost      the days from the block of 64 in which the first change lies; that of compute_bars; where nothing
--           is stored 1.5 us a bar, else that of store_bars.
-- Rule      a calendar bar closes with the last day of its window or when a later bar begins. Equal bars
--           aren't written; a stored bar that is no longer computed is deleted.
CREATE OR REPLACE FUNCTION build_bars(
    p_id int, p_tfs text[], p_from_rows int[], p_sessions asset_sessions
)
RETURNS TABLE (
    tf text, bars_written int, bars_deleted int, closing_from timestamptz, changed_from timestamptz
)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET jit = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_asset_first date;
    v_is_new boolean;
    v_frames record;
    v_heads record;
    v_block int;
    v_from int;
    v_days record;
BEGIN
    SELECT d.day INTO v_asset_first FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = 1;
    PERFORM FROM bars AS b WHERE b.id = p_id AND b.tf = ANY(p_tfs) LIMIT 1;
    v_is_new := NOT FOUND;
    SELECT
        array_agg(f.tf) AS tfs, array_agg(f.kind) AS kinds, array_agg(f.n) AS counts,
        array_agg(f.first_unit) AS units, array_agg(f.bar) AS bars, array_agg(f.first_row) AS first_rows
    INTO v_frames FROM bar_frames(p_id, p_tfs, p_from_rows, (p_sessions).session_before) AS f;
    -- Bars that began before go on from the newest block before the change, or are computed from all their
    -- days.
    v_block := (SELECT block_of_row(nullif(greatest(min(f), 1), 1) - 1) FROM unnest(p_from_rows) AS f);
    SELECT h.heads, h.first_days INTO v_heads
    FROM bar_heads(p_id, v_frames.tfs, v_frames.bars, v_frames.first_rows, v_block) AS h
    WHERE v_block IS NOT NULL;
    v_from := CASE WHEN v_heads.heads IS NOT NULL THEN first_row_of_block(v_block) ELSE (
        SELECT greatest(min(f) - 1, 1) FROM unnest(v_frames.first_rows) AS f) END;
    PERFORM check_days_order(p_id, v_from);
    SELECT
        array_agg(d."timestamp") AS stamps, array_agg(d.day) AS days, array_agg(d.open) AS opens,
        array_agg(d.high) AS highs, array_agg(d.low) AS lows, array_agg(d.close) AS closes,
        array_agg(d.volume) AS volumes, array_agg(d.market_cap) AS market_caps,
        array_agg(d.time_high) AS time_highs, array_agg(d.time_low) AS time_lows
    INTO v_days
    FROM (
        SELECT * FROM cmc_price_bars_1d AS i WHERE i.id = p_id AND i.bar_seq >= v_from ORDER BY i.bar_seq
    ) AS d;
    IF v_is_new THEN
        INSERT INTO bars (
            id, tf, bar_seq, first_row, last_row, days_remaining, missing_start, missing_interior,
            missing_end, is_closed, first_missing_day, last_missing_day, time_open, time_close, time_high,
            time_low, open, high, low, close, volume, market_cap)
        SELECT
            p_id, c.tf, c.bar_seq, c.first_row, c.last_row, c.days_remaining, c.missing_start,
            c.missing_interior, c.missing_end, c.is_closed, c.first_missing_day, c.last_missing_day,
            c.time_open, c.time_close, c.time_high, c.time_low, c.open, c.high, c.low, c.close, c.volume,
            c.market_cap
        FROM compute_bars(
            p_id, v_frames.tfs, v_frames.kinds, v_frames.counts, v_frames.units, v_frames.bars, v_asset_first,
            v_heads.heads, v_heads.first_days, v_from, v_days.stamps, v_days.days, v_days.opens, v_days.highs,
            v_days.lows, v_days.closes, v_days.volumes, v_days.market_caps, v_days.time_highs,
            v_days.time_lows, (p_sessions).clock, (p_sessions).missing_days) AS c;
        RETURN QUERY
        SELECT b.tf, count(*)::int, 0, NULL::timestamptz, v_days.stamps[min(b.first_row) - v_from + 1]
        FROM bars AS b WHERE b.id = p_id AND b.tf = ANY(p_tfs) GROUP BY b.tf;
        RETURN;
    END IF;
    RETURN QUERY SELECT * FROM store_bars(p_id, v_frames.tfs, v_frames.bars, ARRAY(
        SELECT c FROM compute_bars(
            p_id, v_frames.tfs, v_frames.kinds, v_frames.counts, v_frames.units, v_frames.bars, v_asset_first,
            v_heads.heads, v_heads.first_days, v_from, v_days.stamps, v_days.days, v_days.opens, v_days.highs,
            v_days.lows, v_days.closes, v_days.volumes, v_days.market_caps, v_days.time_highs,
            v_days.time_lows, (p_sessions).clock, (p_sessions).missing_days) AS c));
END;
$$;
