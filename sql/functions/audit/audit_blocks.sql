-- audit_blocks: are the blocks that reads go over what the days and bars make them?
--   p_id           asset id
--   p_timeframes   what was built, as timeframes_built knows it; NULL: it is asked for
-- Returns   findings (error): day_block, bar_block (with tf), each with the number of blocks and the first of
--           them; ts is that of the block's first day.
-- Errors    none.   Cost  the days twice, and volumes one addition per day for each first day of a bar.
-- Rule      both are computed again from nothing. Bars that wait for a refresh aren't judged.
CREATE OR REPLACE FUNCTION audit_blocks(p_id int, p_timeframes jsonb DEFAULT NULL)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_of text[];
    v_blocks int[];
    v_kept_of text[];
    v_kept int[];
    v_bar_seqs int[];
    v_first_days date[];
    v_highs float8[];
    v_lows float8[];
    v_times_high timestamptz[];
    v_times_low timestamptz[];
    v_volumes float8[];
    v_built text[];
    v_tfs text[];
    v_newest int;
BEGIN
    SELECT array_agg(t.tf), coalesce(array_agg(t.tf) FILTER (WHERE t.settled AND t.tf <> '1D'), '{}')
    INTO v_built, v_tfs
    FROM timeframes_built(p_id, p_timeframes) AS t;
    -- By itself: a query of tables can't ask a function that reads others. Rows are equal to the bit when
    -- their texts are.
    SELECT
        array_agg(n.block), array_agg(ROW(
            n.closes, n.highs, n.lows, n.times_high, n.times_low, n.volumes, n.days, n.gap_days,
            n.cap_rows, n.caps)::text)
    INTO v_blocks, v_of
    FROM day_blocks_from(p_id, 0) AS n;
    SELECT
        array_agg(k.block), array_agg(ROW(
            k.closes, k.highs, k.lows, k.times_high, k.times_low, k.volumes, k.days, k.gap_days,
            k.cap_rows, k.caps)::text)
    INTO v_kept, v_kept_of
    FROM day_blocks AS k WHERE k.id = p_id;
    RETURN QUERY
    SELECT
        'day_block', 'error', p_id, NULL::text, NULL::int, d."timestamp",
        jsonb_build_object('n', f.n, 'block', f.block)
    FROM (
        SELECT count(*) AS n, min(coalesce(k.block, n.block)) AS block
        FROM unnest(v_kept, v_kept_of) AS k (block, held)
        FULL JOIN unnest(v_blocks, v_of) AS n (block, held) ON n.block = k.block
        WHERE n.held IS DISTINCT FROM k.held
        HAVING count(*) > 0
    ) AS f
    LEFT JOIN stored_days(p_id) AS d ON d.bar_seq = first_row_of_block(f.block);

    SELECT
        array_agg(s.tf), array_agg(s.block), array_agg(s.bar_seq), array_agg(s.first_day), array_agg(s.high),
        array_agg(s.low), array_agg(s.time_high), array_agg(s.time_low), array_agg(s.volume)
    INTO
        v_of, v_blocks, v_bar_seqs, v_first_days, v_highs, v_lows, v_times_high, v_times_low, v_volumes
    FROM bar_states_at_blocks(p_id, v_tfs, array_fill(1, ARRAY[cardinality(v_tfs)])) AS s;
    SELECT block_of_row(max(d.bar_seq)) INTO v_newest FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    RETURN QUERY
    WITH stored AS (
        SELECT
            h.tf, blocks_in_part() * h.part + u.slot::int - 1 AS block, u.bar_seq, u.first_day, u.high, u.low,
            u.time_high, u.time_low, u.volume
        FROM stored_bar_blocks(p_id) AS h
        CROSS JOIN LATERAL unnest(
            h.bar_seqs, h.first_days, h.highs, h.lows, h.times_high, h.times_low, h.volumes
        ) WITH ORDINALITY AS u (bar_seq, first_day, high, low, time_high, time_low, volume, slot)
        WHERE h.tf = ANY(v_tfs) OR (h.tf = ANY(v_built)) IS NOT TRUE
    ),
    differing AS (
        SELECT coalesce(s.tf, n.tf) AS tf, coalesce(s.block, n.block) AS block
        FROM stored AS s
        FULL JOIN (
            SELECT g.tf, k.block, b.bar_seq, b.first_day, b.high, b.low, b.time_high, b.time_low, b.volume
            FROM unnest(v_tfs) AS g (tf)
            CROSS JOIN generate_series(0, v_newest) AS k (block)
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
        'bar_block', 'error', p_id, f.tf, NULL::int, d."timestamp",
        jsonb_build_object('n', f.n, 'block', f.block)
    FROM (
        SELECT x.tf, count(*) AS n, min(x.block) AS block FROM differing AS x GROUP BY x.tf
    ) AS f
    LEFT JOIN stored_days(p_id) AS d ON d.bar_seq = first_row_of_block(f.block);
END;
$$;
