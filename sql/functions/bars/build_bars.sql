-- build_bars: compute the bars of some timeframes from a row on and store what differs.
--   p_id         asset id
--   p_tfs        timeframes (not 1D)
--   p_from_rows  for each of them the row number (1d bar_seq) of the first day that may differ; 1: all
--   p_sessions   the asset's trading calendar (sessions_of_asset); NULL: every day is expected
-- Returns   per timeframe and kind of write: bars_written, bars_deleted; closing_from: "timestamp" of the
--           last day of the earliest stored bar that closed or reopened; changed_from: of the first day of
--           the earliest bar written.
-- Errors    TA010 the days read don't follow each other.
-- Cost      where nothing is stored, that of compute_bars and 1.5 us a bar; within the newest 256 days that
--           of compute_newest_bars and store_bars; else that of compute_bars and store_bars.
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
    v_rows int;
    v_asset_first date;
    v_is_new boolean;
    v_frames record;
    v_far record;
    v_near record;
    v_days record;
    v_bars computed_bar[] := '{}';
BEGIN
    SELECT max(d.bar_seq) INTO v_rows FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    SELECT d.day INTO v_asset_first FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = 1;
    v_is_new := NOT EXISTS (SELECT 1 FROM bars AS b WHERE b.id = p_id AND b.tf = ANY(p_tfs));
    SELECT
        array_agg(f.tf) AS tfs, array_agg(f.kind) AS kinds, array_agg(f.n) AS counts,
        array_agg(f.first_unit) AS units, array_agg(f.bar) AS bars, array_agg(f.first_row) AS starts,
        array_agg(f.tail) AS tails
    INTO v_frames FROM bar_frames(p_id, p_tfs, p_from_rows, (p_sessions).session_before) AS f;
    SELECT
        array_agg(f.tf) AS tfs, array_agg(f.kind) AS kinds, array_agg(f.n) AS counts,
        array_agg(f.first_unit) AS units, array_agg(f.bar) AS bars,
        -- NULL without any: nothing as far back needs a look.
        min(greatest(f.first_row - 1, 1)) AS first_row
    INTO v_far
    FROM unnest(
        v_frames.tfs, v_frames.kinds, v_frames.counts, v_frames.units, v_frames.bars, v_frames.starts,
        v_frames.tails) AS f (tf, kind, n, first_unit, bar, first_row, tail)
    WHERE f.tail <= greatest(v_rows - 256, 1);
    SELECT
        array_agg(f.tf) AS tfs, array_agg(f.kind) AS kinds, array_agg(f.n) AS counts,
        array_agg(f.first_unit) AS units, array_agg(f.bar) AS bars, array_agg(f.first_row) AS starts,
        array_agg(f.tail) AS tails, min(f.tail) - 1 AS first_row
    INTO v_near
    FROM unnest(
        v_frames.tfs, v_frames.kinds, v_frames.counts, v_frames.units, v_frames.bars, v_frames.starts,
        v_frames.tails) AS f (tf, kind, n, first_unit, bar, first_row, tail)
    WHERE f.tail > greatest(v_rows - 256, 1);
    PERFORM check_days_order(p_id, least(v_far.first_row, v_near.first_row));

    IF v_far.tfs IS NOT NULL THEN
        SELECT
            array_agg(d."timestamp") AS stamps, array_agg(d.day) AS days, array_agg(d.open) AS opens,
            array_agg(d.high) AS highs, array_agg(d.low) AS lows, array_agg(d.close) AS closes,
            array_agg(d.volume) AS volumes, array_agg(d.market_cap) AS market_caps,
            array_agg(d.time_high) AS time_highs, array_agg(d.time_low) AS time_lows
        INTO v_days
        FROM (
            SELECT * FROM cmc_price_bars_1d AS i
            WHERE i.id = p_id AND i.bar_seq >= v_far.first_row ORDER BY i.bar_seq
        ) AS d;
        IF v_is_new AND v_near.tfs IS NULL THEN
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
                p_id, v_far.tfs, v_far.kinds, v_far.counts, v_far.units, v_far.bars, v_asset_first,
                v_far.first_row, v_days.stamps, v_days.days, v_days.opens, v_days.highs, v_days.lows,
                v_days.closes, v_days.volumes, v_days.market_caps, v_days.time_highs, v_days.time_lows,
                (p_sessions).clock, (p_sessions).missing_days) AS c;
            RETURN QUERY
            SELECT b.tf, count(*)::int, 0, NULL::timestamptz, v_days.stamps[min(b.first_row)]
            FROM bars AS b WHERE b.id = p_id AND b.tf = ANY(p_tfs) GROUP BY b.tf;
            RETURN;
        END IF;
        v_bars := ARRAY(SELECT c FROM compute_bars(
            p_id, v_far.tfs, v_far.kinds, v_far.counts, v_far.units, v_far.bars, v_asset_first,
            v_far.first_row, v_days.stamps, v_days.days, v_days.opens, v_days.highs, v_days.lows,
            v_days.closes, v_days.volumes, v_days.market_caps, v_days.time_highs, v_days.time_lows,
            (p_sessions).clock, (p_sessions).missing_days) AS c);
    END IF;
    IF v_near.tfs IS NOT NULL THEN
        v_bars := v_bars || ARRAY(SELECT c FROM compute_newest_bars(
            p_id, v_near.tfs, v_near.kinds, v_near.counts, v_near.units, v_near.bars, v_near.starts,
            v_near.tails, (p_sessions).clock, (p_sessions).missing_days) AS c);
    END IF;
    RETURN QUERY SELECT * FROM store_bars(
        p_id, v_far.tfs || v_near.tfs, v_far.bars || v_near.bars, v_bars);
END;
$$;
