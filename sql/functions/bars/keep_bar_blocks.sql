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
BEGIN
    -- The first block that has no day, and so the first part.
    SELECT block_begun_from(coalesce(max(d.bar_seq), 0) + 1) INTO v_beyond
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    -- Most changes lie behind the newest block's first day, and cut nothing off.
    IF v_beyond <= block_begun_from((SELECT min(f) FROM unnest(p_from_rows) AS f)) THEN
        PERFORM FROM bar_blocks AS h
        WHERE
            h.id = p_id AND h.tf = ANY(p_tfs) AND h.part >= (v_beyond - 1) / blocks_in_part()
            AND h.part * blocks_in_part() + cardinality(h.bar_seqs) > v_beyond
        LIMIT 1;
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END IF;
    v_states := ARRAY(
        SELECT ROW(
            p_id, s.tf, s.block / blocks_in_part(), array_agg(s.bar_seq ORDER BY s.block),
            array_agg(s.first_day ORDER BY s.block), array_agg(s.high ORDER BY s.block),
            array_agg(s.low ORDER BY s.block), array_agg(s.time_high ORDER BY s.block),
            array_agg(s.time_low ORDER BY s.block), array_agg(s.volume ORDER BY s.block))::bar_blocks
        FROM bar_states_at_blocks(p_id, p_tfs, p_from_rows) AS s
        GROUP BY s.tf, s.block / blocks_in_part());
    -- Before them what stays; that alone where no day is left, so that what has become too long is cut off.
    IF (SELECT max(f) FROM unnest(p_from_rows) AS f) > 1 THEN
        SELECT array_agg(ROW(
            p_id, p.tf, p.part, o.bar_seqs || p.bar_seqs, o.first_days || p.first_days, o.highs || p.highs,
            o.lows || p.lows, o.times_high || p.times_high, o.times_low || p.times_low,
            o.volumes || p.volumes)::bar_blocks)
        INTO v_states
        FROM (
            SELECT
                n.*,
                least(v_beyond - n.part * blocks_in_part(), blocks_in_part()) - cardinality(n.bar_seqs)
                    AS kept
            FROM (
                SELECT * FROM unnest(v_states)
                UNION ALL
                SELECT p_id, g.tf, (v_beyond - 1) / blocks_in_part(), '{}', '{}', '{}', '{}', '{}', '{}', '{}'
                FROM unnest(p_tfs, p_from_rows) AS g (tf, from_row)
                WHERE block_begun_from(g.from_row) >= greatest(v_beyond, 1)
            ) AS n
        ) AS p
        LEFT JOIN LATERAL (
            -- Made anew: a part of an array that knows of NULLs keeps room for them, and differs in its bits.
            SELECT
                array_agg(u.bar_seq) AS bar_seqs, array_agg(u.first_day) AS first_days,
                array_agg(u.high) AS highs, array_agg(u.low) AS lows, array_agg(u.time_high) AS times_high,
                array_agg(u.time_low) AS times_low, array_agg(u.volume) AS volumes
            FROM bar_blocks AS h
            CROSS JOIN LATERAL unnest(
                h.bar_seqs[:p.kept], h.first_days[:p.kept], h.highs[:p.kept], h.lows[:p.kept],
                h.times_high[:p.kept], h.times_low[:p.kept], h.volumes[:p.kept])
                AS u (bar_seq, first_day, high, low, time_high, time_low, volume)
            WHERE h.id = p_id AND h.tf = p.tf AND h.part = p.part
        ) AS o ON true;
    END IF;
    PERFORM FROM bar_blocks AS h WHERE h.id = p_id AND h.tf = ANY(p_tfs) LIMIT 1;
    IF NOT FOUND THEN
        INSERT INTO bar_blocks (
            id, tf, part, bar_seqs, first_days, highs, lows, times_high, times_low, volumes)
        SELECT
            p_id, n.tf, n.part, n.bar_seqs, n.first_days, n.highs, n.lows, n.times_high, n.times_low,
            n.volumes
        FROM unnest(v_states) AS n
        ORDER BY n.tf, n.part;
        RETURN;
    END IF;
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
