-- append_bars_of_many: add the new day of each of some assets to its bars, which stand complete up to the day
--   before.
--   p_of, p_rows_of, p_skipped, p_gaps_from, p_gaps_to   ids, rows .. as new_days_of_many returns them
--   p_ids .. p_missing_from   as bars_of_new_days does
-- Returns   nothing.
-- Errors    TA030 a bar that goes on is missing.
-- Cost      one bar per asset and timeframe, found by arithmetic and changed where it stands.
-- Rule      as append_bars, for assets whose new day is a session. Long, since the new day is one update of
--           every column of the forming bars, and one insert of the bars that begin.
CREATE OR REPLACE FUNCTION append_bars_of_many(
    p_of int[], p_rows_of int[], p_skipped int[], p_gaps_from date[], p_gaps_to date[], p_ids int[],
    p_places int[], p_tfs text[], p_rows int[], p_bar_seqs int[], p_begins boolean[], p_to_come int[],
    p_missing int[], p_missing_from date[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_days record;
    v_written int;
BEGIN
    SELECT
        array_agg(d."timestamp") AS stamps, array_agg(d.high) AS highs, array_agg(d.low) AS lows,
        array_agg(d.time_high) AS times_high, array_agg(d.time_low) AS times_low,
        array_agg(d.close) AS closes, array_agg(d.volume) AS volumes, array_agg(d.market_cap) AS caps
    INTO v_days
    FROM (
        SELECT n.* FROM unnest(p_of, p_rows_of) WITH ORDINALITY AS a (id, row_no, i)
        INNER JOIN cmc_price_bars_1d AS n ON n.id = a.id AND n.bar_seq = a.row_no
        ORDER BY a.i
    ) AS d;
    WITH written AS (
        UPDATE bars AS b SET
            last_row = n.row_no,
            days_remaining = n.to_come,
            missing_interior = b.missing_interior + n.skipped,
            is_closed = n.to_come = 0,
            first_missing_day = coalesce(
                b.first_missing_day, CASE WHEN n.skipped > 0 THEN p_gaps_from[n.place] END),
            last_missing_day = CASE WHEN n.skipped > 0 THEN p_gaps_to[n.place] ELSE b.last_missing_day END,
            time_close = n.stamp,
            time_high = CASE
                WHEN n.high > b.high THEN v_days.times_high[n.place]
                WHEN n.high = b.high THEN least(b.time_high, v_days.times_high[n.place])
                ELSE b.time_high
            END,
            time_low = CASE
                WHEN n.low < b.low THEN v_days.times_low[n.place]
                WHEN n.low = b.low THEN least(b.time_low, v_days.times_low[n.place])
                ELSE b.time_low
            END,
            high = CASE WHEN n.high > b.high THEN n.high ELSE b.high END,
            low = CASE WHEN n.low < b.low THEN n.low ELSE b.low END,
            close = n.close,
            volume = coalesce(b.volume + n.volume, b.volume, n.volume),
            market_cap = coalesce(v_days.caps[n.place], b.market_cap)
        FROM (
            SELECT
                u.*, p_skipped[u.place] AS skipped, v_days.stamps[u.place] AS stamp,
                v_days.highs[u.place] AS high, v_days.lows[u.place] AS low, v_days.closes[u.place] AS close,
                v_days.volumes[u.place] AS volume
            FROM unnest(p_ids, p_places, p_tfs, p_rows, p_bar_seqs, p_begins, p_to_come)
                AS u (id, place, tf, row_no, bar_seq, begins, to_come)
        ) AS n
        WHERE
            b.id = n.id AND b.tf = n.tf AND b.bar_seq = n.bar_seq AND NOT n.begins
            AND b.last_row = n.row_no - 1 AND NOT b.is_closed
        RETURNING b.id
    )
    SELECT count(*) INTO v_written FROM written;
    IF v_written <> (SELECT count(*) FROM unnest(p_begins) AS n (begins) WHERE NOT n.begins) THEN
        PERFORM raise_bars_differ(p_ids[1], 'of this or of other assets in the list');
    END IF;
    INSERT INTO bars (
        id, tf, bar_seq, first_row, last_row, days_remaining, missing_start, missing_interior, missing_end,
        is_closed, first_missing_day, last_missing_day, time_open, time_close, time_high, time_low, open,
        high, low, close, volume, market_cap)
    SELECT
        n.id, n.tf, n.bar_seq, n.row_no, n.row_no, n.to_come, coalesce(n.missing, 0), 0, 0, n.to_come = 0,
        CASE WHEN n.missing > 0 THEN n.missing_from END,
        CASE WHEN n.missing > 0 THEN p_gaps_to[n.place] END,
        bar_time_open(b."timestamp", d."timestamp"), d."timestamp", d.time_high, d.time_low, d.open, d.high,
        d.low, d.close, d.volume, d.market_cap
    FROM unnest(
        p_ids, p_places, p_tfs, p_rows, p_bar_seqs, p_begins, p_to_come, p_missing, p_missing_from)
        AS n (id, place, tf, row_no, bar_seq, begins, to_come, missing, missing_from)
    INNER JOIN cmc_price_bars_1d AS d ON d.id = n.id AND d.bar_seq = n.row_no
    INNER JOIN cmc_price_bars_1d AS b ON b.id = n.id AND b.bar_seq = n.row_no - 1
    WHERE n.begins;
END;
$$;
