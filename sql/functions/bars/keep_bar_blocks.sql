-- keep_bar_blocks: bring what is kept of bars at the beginnings of blocks up to date with bars and days.
--   p_id         asset id
--   p_tfs        timeframes (not 1D) whose bars are up to date
--   p_from_rows  for each of them the row number (1d bar_seq) of the first day that may differ; 1: from
--                nothing
-- Returns   nothing.
-- Errors    none.
-- Cost      one more day: nothing, unless it begins a block; else bar_states_at_blocks.
-- Rule      a read of a block begins with the bar as it stood on the block's first day, however long ago the
--           bar began. Some blocks share a row; only rows that differ are written.
CREATE OR REPLACE FUNCTION keep_bar_blocks(p_id int, p_tfs text[], p_from_rows int[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_beyond int;
    v_states bar_blocks[];
    v_tfs text[];
    v_blocks int[];
    v_bar_seqs int[];
    v_first_days date[];
    v_highs float8[]; v_lows float8[];
    v_times_high timestamptz[]; v_times_low timestamptz[];
    v_volumes float8[];
BEGIN
    -- The first block that has no day, and so the first part.
    SELECT block_begun_from(coalesce(max(d.bar_seq), 0) + 1) INTO v_beyond
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    -- Most changes lie behind the newest block's first day, and cut nothing off.
    IF v_beyond <= block_begun_from((SELECT min(f) FROM unnest(p_from_rows) AS f)) AND NOT EXISTS (
        SELECT 1 FROM bar_blocks AS h
        WHERE
            h.id = p_id AND h.tf = ANY(p_tfs) AND h.part >= (v_beyond - 1) / blocks_in_part()
            AND h.part * blocks_in_part() + cardinality(h.bar_seqs) > v_beyond)
    THEN
        RETURN;
    END IF;
    -- By itself: a query of tables can't ask a function that reads others.
    SELECT
        array_agg(s.tf), array_agg(s.block), array_agg(s.bar_seq), array_agg(s.first_day), array_agg(s.high),
        array_agg(s.low), array_agg(s.time_high), array_agg(s.time_low), array_agg(s.volume)
    INTO v_tfs, v_blocks, v_bar_seqs, v_first_days, v_highs, v_lows, v_times_high, v_times_low, v_volumes
    FROM bar_states_at_blocks(p_id, p_tfs, p_from_rows) AS s;
    WITH elements AS MATERIALIZED (
        SELECT s.*, true AS is_there
        FROM unnest(
            v_tfs, v_blocks, v_bar_seqs, v_first_days, v_highs, v_lows, v_times_high, v_times_low, v_volumes)
            AS s (tf, block, bar_seq, first_day, high, low, time_high, time_low, volume)
        UNION ALL
        -- Before the first bar; and at least one block of each, so that what has become too long is cut off.
        SELECT f.tf, x.block, NULL, NULL, NULL, NULL, NULL, NULL, NULL, x.block < v_beyond
        FROM (
            SELECT
                g.tf, block_begun_from(greatest(g.from_row, 1)) AS block,
                m.block AS begun
            FROM unnest(p_tfs, p_from_rows) AS g (tf, from_row)
            LEFT JOIN (
                SELECT s.tf, min(s.block) AS block FROM unnest(v_tfs, v_blocks) AS s (tf, block) GROUP BY s.tf
            ) AS m ON m.tf = g.tf
        ) AS f
        CROSS JOIN LATERAL generate_series(
            f.block, coalesce(f.begun - 1, greatest(v_beyond - 1, f.block))) AS x (block)
    )
    SELECT array_agg(
        ROW(p_id, p.tf, p.part, o.bar_seqs || p.bar_seqs, o.first_days || p.first_days, o.highs || p.highs,
            o.lows || p.lows, o.times_high || p.times_high, o.times_low || p.times_low,
            o.volumes || p.volumes)::bar_blocks)
    INTO v_states
    FROM (
        SELECT
            e.tf, e.block / blocks_in_part() AS part, min(e.block) % blocks_in_part() AS kept,
            array_agg(e.bar_seq ORDER BY e.block) FILTER (WHERE e.is_there) AS bar_seqs,
            array_agg(e.first_day ORDER BY e.block) FILTER (WHERE e.is_there) AS first_days,
            array_agg(e.high ORDER BY e.block) FILTER (WHERE e.is_there) AS highs,
            array_agg(e.low ORDER BY e.block) FILTER (WHERE e.is_there) AS lows,
            array_agg(e.time_high ORDER BY e.block) FILTER (WHERE e.is_there) AS times_high,
            array_agg(e.time_low ORDER BY e.block) FILTER (WHERE e.is_there) AS times_low,
            array_agg(e.volume ORDER BY e.block) FILTER (WHERE e.is_there) AS volumes
        FROM elements AS e
        GROUP BY e.tf, e.block / blocks_in_part()
    ) AS p
    LEFT JOIN LATERAL (
        -- Made anew: a part of an array that knows of NULLs keeps room for them, and differs in its bits.
        SELECT
            ARRAY(SELECT unnest(h.bar_seqs[:p.kept])) AS bar_seqs,
            ARRAY(SELECT unnest(h.first_days[:p.kept])) AS first_days,
            ARRAY(SELECT unnest(h.highs[:p.kept])) AS highs,
            ARRAY(SELECT unnest(h.lows[:p.kept])) AS lows,
            ARRAY(SELECT unnest(h.times_high[:p.kept])) AS times_high,
            ARRAY(SELECT unnest(h.times_low[:p.kept])) AS times_low,
            ARRAY(SELECT unnest(h.volumes[:p.kept])) AS volumes
        FROM bar_blocks AS h
        WHERE h.id = p_id AND h.tf = p.tf AND h.part = p.part AND p.kept > 0
        OFFSET 0
    ) AS o ON true
    WHERE p.part * blocks_in_part() < v_beyond;
    INSERT INTO bar_blocks AS h (
        id, tf, part, bar_seqs, first_days, highs, lows, times_high, times_low, volumes)
    SELECT p_id, n.tf, n.part, n.bar_seqs, n.first_days, n.highs, n.lows, n.times_high, n.times_low, n.volumes
    FROM unnest(v_states) AS n
    ORDER BY n.tf, n.part
    ON CONFLICT (id, tf, part) DO UPDATE SET
        bar_seqs = excluded.bar_seqs, first_days = excluded.first_days, highs = excluded.highs,
        lows = excluded.lows, times_high = excluded.times_high, times_low = excluded.times_low,
        volumes = excluded.volumes
    WHERE record_image_ne(
        ROW(h.bar_seqs, h.first_days, h.highs, h.lows, h.times_high, h.times_low, h.volumes),
        ROW(excluded.bar_seqs, excluded.first_days, excluded.highs, excluded.lows, excluded.times_high,
            excluded.times_low, excluded.volumes));

    v_beyond := (v_beyond + blocks_in_part() - 1) / blocks_in_part();
    DELETE FROM bar_blocks AS h
    WHERE h.id = p_id AND h.tf = ANY(p_tfs) AND h.part >= v_beyond;
END;
$$;
