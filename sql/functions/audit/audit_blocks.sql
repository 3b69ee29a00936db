-- audit_blocks: are the blocks that reads go over what the days and bars make them?
--   p_id   asset id
-- Returns   findings (error): day_block, bar_block (with tf), each with the number of blocks and the first of
--           them; ts is that of the block's first day.
-- Errors    none.   Cost  the days twice, and volumes one addition per day for each first day of a bar.
-- Rule      both are computed again from nothing. Bars that wait for a refresh aren't judged.
CREATE OR REPLACE FUNCTION audit_blocks(p_id int)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_of text[];
    v_blocks int[];
    v_bar_seqs int[];
    v_first_days date[];
    v_highs float8[];
    v_lows float8[];
    v_times_high timestamptz[];
    v_times_low timestamptz[];
    v_volumes float8[];
    v_tfs text[] := ARRAY(
        SELECT t.tf FROM built_timeframes AS t WHERE t.id = p_id AND t.settled AND t.tf <> '1D');
BEGIN
    -- By itself: a query of tables can't ask a function that reads others. Rows are equal to the bit when
    -- their texts are.
    SELECT
        array_agg(n.block), array_agg(ROW(
            n.closes, n.highs, n.lows, n.times_high, n.times_low, n.volumes, n.days, n.gap_days,
            n.cap_rows, n.caps)::text)
    INTO v_blocks, v_of
    FROM day_blocks_from(p_id, 0) AS n;
    RETURN QUERY
    WITH differing AS (
        SELECT coalesce(k.block, n.block) AS block
        FROM (SELECT * FROM day_blocks AS x WHERE x.id = p_id) AS k
        FULL JOIN unnest(v_blocks, v_of) AS n (block, held) ON n.block = k.block
        WHERE n.held IS DISTINCT FROM ROW(
            k.closes, k.highs, k.lows, k.times_high, k.times_low, k.volumes, k.days, k.gap_days,
            k.cap_rows, k.caps)::text
    )
    SELECT
        'day_block', 'error', p_id, NULL::text, NULL::int,
        (
            SELECT d."timestamp" FROM cmc_price_bars_1d AS d
            WHERE d.id = p_id AND d.bar_seq = first_row_of_block(min(f.block))
        ),
        jsonb_build_object('n', count(*), 'block', min(f.block))
    FROM differing AS f
    HAVING count(*) > 0;

    SELECT
        array_agg(s.tf), array_agg(s.block), array_agg(s.bar_seq), array_agg(s.first_day), array_agg(s.high),
        array_agg(s.low), array_agg(s.time_high), array_agg(s.time_low), array_agg(s.volume)
    INTO
        v_of, v_blocks, v_bar_seqs, v_first_days, v_highs, v_lows, v_times_high, v_times_low, v_volumes
    FROM bar_states_at_blocks(p_id, v_tfs, array_fill(1, ARRAY[cardinality(v_tfs)])) AS s;
    RETURN QUERY
    WITH stored AS (
        SELECT
            h.tf, blocks_in_part() * h.part + u.slot::int - 1 AS block, u.bar_seq, u.first_day, u.high, u.low,
            u.time_high, u.time_low, u.volume
        FROM bar_blocks AS h
        CROSS JOIN LATERAL unnest(
            h.bar_seqs, h.first_days, h.highs, h.lows, h.times_high, h.times_low, h.volumes
        ) WITH ORDINALITY AS u (bar_seq, first_day, high, low, time_high, time_low, volume, slot)
        WHERE h.id = p_id AND (h.tf = ANY(v_tfs) OR NOT EXISTS (
            SELECT 1 FROM built_timeframes AS t WHERE t.id = p_id AND t.tf = h.tf))
    ),
    differing AS (
        SELECT coalesce(s.tf, n.tf) AS tf, coalesce(s.block, n.block) AS block
        FROM stored AS s
        FULL JOIN (
            SELECT g.tf, k.block, b.bar_seq, b.first_day, b.high, b.low, b.time_high, b.time_low, b.volume
            FROM unnest(v_tfs) AS g (tf)
            CROSS JOIN (
                SELECT x.k AS block FROM generate_series(0, (
                    SELECT block_of_row(max(d.bar_seq)) FROM cmc_price_bars_1d AS d WHERE d.id = p_id
                )) AS x (k)
            ) AS k
            LEFT JOIN unnest(
                v_of, v_blocks, v_bar_seqs, v_first_days, v_highs, v_lows, v_times_high, v_times_low,
                v_volumes)
                AS b (tf, block, bar_seq, first_day, high, low, time_high, time_low, volume)
                ON b.tf = g.tf AND b.block = k.block
        ) AS n ON n.tf = s.tf AND n.block = s.block
        WHERE s.tf IS NULL OR n.tf IS NULL OR record_image_ne(
            ROW(s.bar_seq, s.first_day, s.high, s.low, s.time_high, s.time_low, s.volume),
            ROW(n.bar_seq, n.first_day, n.high, n.low, n.time_high, n.time_low, n.volume))
    )
    SELECT
        'bar_block', 'error', p_id, f.tf, NULL::int,
        (
            SELECT d."timestamp" FROM cmc_price_bars_1d AS d
            WHERE d.id = p_id AND d.bar_seq = first_row_of_block(min(f.block))
        ),
        jsonb_build_object('n', count(*), 'block', min(f.block))
    FROM differing AS f
    GROUP BY f.tf;
END;
$$;
