-- bar_heads: how the first bars of some timeframes stood on the first day of a block, from which they go on.
--   p_id          asset id
--   p_tfs         timeframes (not 1D); p_bars: for each of them the first bar wanted; p_first_rows: the row
--                 number (1d bar_seq) of that bar's first day (bar_frames)
--   p_block       number of the block, from 0; nothing has changed up to its first day
-- Returns   heads: in the order of p_tfs, the bar of those that began up to then: its columns as of that day,
--           first_missing_day and last_missing_day those between its days; else NULL. first_days: its first
--           day. Both NULL where one isn't stored.
-- Errors    none.   Cost  two index probes per timeframe.
-- Rule      opened and began as stored; the extremes and the sum of volumes as kept for the block.
CREATE OR REPLACE FUNCTION bar_heads(
    p_id int, p_tfs text[], p_bars int[], p_first_rows int[], p_block int,
    OUT heads computed_bar[], OUT first_days date[]
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_nestloop = on
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_row CONSTANT int := first_row_of_block(p_block);
    v_slot CONSTANT int := p_block % blocks_in_part() + 1;
    v_day record;
    -- The newest missing day before, the newest row with a known market cap; and that.
    v_gap date;
    v_cap_row int;
    v_cap float8;
    v_known boolean;
BEGIN
    SELECT d.day, d.market_cap INTO v_day FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = v_row;
    SELECT
        k.gap_days[1], coalesce(k.cap_rows[1], CASE WHEN v_day.market_cap IS NOT NULL THEN v_row ELSE 0 END)
    INTO v_gap, v_cap_row
    FROM day_blocks AS k WHERE k.id = p_id AND k.block = p_block;
    SELECT d.market_cap INTO v_cap FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = v_cap_row;

    SELECT
        array_agg(
            CASE WHEN f.is_asked THEN ROW(
                p_id, f.tf, f.bar, f.first_row, v_row, NULL, NULL, NULL, NULL, NULL,
                CASE WHEN o.missing_interior > 0 AND o.first_missing_day < v_day.day
                    THEN o.first_missing_day END,
                CASE WHEN v_gap > h.first_day THEN v_gap END,
                o.time_open, NULL, h.time_high, h.time_low, o.open, h.high, h.low, NULL, h.volume,
                CASE WHEN v_cap_row >= f.first_row THEN v_cap END)::computed_bar END
            ORDER BY f.place),
        array_agg(CASE WHEN f.is_asked THEN h.first_day END ORDER BY f.place),
        bool_and(NOT f.is_asked OR (o.first_row = f.first_row AND h.bar_seq = f.bar) IS TRUE)
    INTO heads, first_days, v_known
    FROM (
        SELECT g.*, g.bar > 0 AND g.first_row <= v_row AS is_asked
        FROM unnest(p_tfs, p_bars, p_first_rows) WITH ORDINALITY AS g (tf, bar, first_row, place)
    ) AS f
    LEFT JOIN LATERAL (
        SELECT b.first_row, b.time_open, b.open, b.missing_interior, b.first_missing_day FROM bars AS b
        WHERE b.id = p_id AND b.tf = f.tf AND b.bar_seq = f.bar
        OFFSET 0
    ) AS o ON true
    LEFT JOIN LATERAL (
        SELECT
            k.bar_seqs[v_slot] AS bar_seq, k.first_days[v_slot] AS first_day, k.highs[v_slot] AS high,
            k.lows[v_slot] AS low, k.times_high[v_slot] AS time_high, k.times_low[v_slot] AS time_low,
            k.volumes[v_slot] AS volume
        FROM bar_blocks AS k
        WHERE k.id = p_id AND k.tf = f.tf AND k.part = p_block / blocks_in_part()
        OFFSET 0
    ) AS h ON true;
    IF NOT v_known THEN
        heads := NULL; first_days := NULL;
    END IF;
END;
$$;
