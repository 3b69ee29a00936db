-- bar_states_at_blocks: the bars of some timeframes as they stood on the first day of each block of 64 days.
--   p_id         asset id
--   p_tfs        timeframes (not 1D)
--   p_from_rows  for each of them the row number (1d bar_seq) of the first day that may differ; 1: from
--                nothing
-- Returns   per timeframe and block that begins on that day or later: bar_seq, first_day (of the bar), high,
--           low, time_high, time_low, volume; all NULL before the first bar.
-- Errors    none.
-- Cost      the days from the changes on and the bars there; some us for each first day of a bar and block,
--           and volumes one addition per day for each first day.
-- Rule      goes on from what is stored for the block before, where the bar does. How a bar stands on a day
--           depends on its first day alone, whatever its timeframe. Of equal prices the earlier time counts,
--           and the earlier day's price; volumes are added in time order.
--           Long, since places, sums and what is stored are of the same first days and blocks, found once.
CREATE OR REPLACE FUNCTION bar_states_at_blocks(p_id int, p_tfs text[], p_from_rows int[])
RETURNS TABLE (
    tf text, block int, bar_seq int, first_day date, high float8, low float8, time_high timestamptz,
    time_low timestamptz, volume float8
)
LANGUAGE plpgsql STABLE ROWS 10000
SET search_path FROM CURRENT
SET jit = off
-- Rows are joined in bulk; what is looked up one by one stands in laterals.
SET enable_nestloop = off
SET enable_mergejoin = off
SET work_mem = '64MB'
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    -- The bars there: timeframe (its place in p_tfs), block, bar; its first row; the block before from whose
    -- state it goes on, -1: from its first row.
    v_bars record;
    v_first int;
    v_days record;
    v_newest int;
    -- The first and the last part of what is kept that holds a block from which something goes on; those.
    v_from_part int;
    v_to_part int;
    v_kept bar_blocks[];
BEGIN
    SELECT (min(b.block) - 1) / blocks_in_part(), (max(b.block) - 1) / blocks_in_part()
    INTO v_from_part, v_to_part
    FROM (SELECT block_begun_from(greatest(f, 1)) AS block FROM unnest(p_from_rows) AS f) AS b
    WHERE b.block > 0;
    IF v_to_part IS NOT NULL THEN
        SELECT array_agg(ROW(
            p_id, k.tf, k.part, k.bar_seqs, k.first_days, k.highs, k.lows, k.times_high, k.times_low,
            k.volumes)::bar_blocks)
        INTO v_kept
        FROM bar_blocks AS k
        WHERE k.id = p_id AND k.tf = ANY(p_tfs) AND k.part BETWEEN v_from_part AND v_to_part;
    END IF;
    WITH froms AS MATERIALIZED (
        SELECT f.place, f.tf, f.block, h.bar_seqs[(f.block - 1) % blocks_in_part() + 1] AS from_bar
        FROM (
            SELECT g.place, g.tf, block_begun_from(greatest(g.from_row, 1)) AS block
            FROM unnest(p_tfs, p_from_rows) WITH ORDINALITY AS g (tf, from_row, place)
        ) AS f
        LEFT JOIN unnest(v_kept) AS h
            ON h.tf = f.tf AND h.part = (f.block - 1) / blocks_in_part() AND f.block > 0
    )
    SELECT
        array_agg(f.place::int) AS places, array_agg(x.block) AS blocks, array_agg(b.bar_seq) AS bar_seqs,
        array_agg(b.first_row) AS first_rows,
        array_agg(CASE WHEN b.first_row <= first_row_of_block(f.block - 1) THEN f.block - 1 ELSE -1 END)
            AS resumed
    INTO v_bars
    FROM froms AS f
    CROSS JOIN LATERAL (
        SELECT o.bar_seq, o.first_row, o.last_row FROM bars AS o
        WHERE
            o.id = p_id AND o.tf = f.tf AND o.bar_seq >= coalesce(f.from_bar, 0)
            AND block_of_row(o.last_row) >= greatest(f.block, block_begun_from(o.first_row))
        OFFSET 0
    ) AS b
    CROSS JOIN LATERAL generate_series(
        greatest(f.block, block_begun_from(b.first_row)), block_of_row(b.last_row)) AS x (block);

    SELECT min(CASE WHEN b.resumed < 0 THEN b.first_row ELSE first_row_of_block(b.resumed) + 1 END)
    INTO v_first
    FROM unnest(v_bars.first_rows, v_bars.resumed) AS b (first_row, resumed);
    -- A step is what lies between the first days of two blocks: after the one, up to the other. high_rests
    -- and low_rests: places of the highest and the lowest day from a day to the end of its step.
    SELECT
        array_agg(r.day ORDER BY r.i) AS days, array_agg(r.high ORDER BY r.i) AS highs,
        array_agg(r.low ORDER BY r.i) AS lows, array_agg(r.time_high ORDER BY r.i) AS times_high,
        array_agg(r.time_low ORDER BY r.i) AS times_low, array_agg(r.volume ORDER BY r.i) AS volumes,
        array_agg(r.known ORDER BY r.i) AS known, array_agg(r.high_rest ORDER BY r.i) AS high_rests,
        array_agg(r.low_rest ORDER BY r.i) AS low_rests, array_agg(r.i ORDER BY r.high_place) AS by_high,
        array_agg(r.i ORDER BY r.low_place) AS by_low
    INTO v_days
    FROM (
        SELECT
            k.*, max(k.high_place) OVER w AS high_rest, max(k.low_place) OVER w AS low_rest
        FROM (
            SELECT
                d.bar_seq - v_first + 1 AS i, block_begun_from(d.bar_seq) AS step, d.day, d.high, d.low,
                d.time_high, d.time_low, d.volume,
                max(CASE WHEN d.volume IS NOT NULL THEN d.bar_seq ELSE 0 END)
                    OVER (ORDER BY d.bar_seq ROWS UNBOUNDED PRECEDING) AS known,
                row_number() OVER (ORDER BY d.high, d.time_high DESC, d.bar_seq DESC) AS high_place,
                row_number() OVER (ORDER BY d.low DESC, d.time_low DESC, d.bar_seq DESC) AS low_place
            FROM cmc_price_bars_1d AS d
            WHERE d.id = p_id AND d.bar_seq >= v_first
        ) AS k
        WINDOW w AS (PARTITION BY k.step ORDER BY k.i DESC ROWS UNBOUNDED PRECEDING)
    ) AS r;

    RETURN QUERY
    -- Each first row once, whatever number of timeframes has a bar from there.
    WITH places AS MATERIALIZED (
        SELECT
            p.resumed, p.first_row, p.block, p.place,
            max(v_days.high_rests[p.at]) OVER w AS high_place, max(v_days.low_rests[p.at]) OVER w AS low_place
        FROM (
            SELECT
                b.resumed, b.first_row, b.block, min(b.place) AS place,
                greatest(b.first_row, first_row_of_block(b.block - 1) + 1) - v_first + 1 AS at
            FROM unnest(v_bars.places, v_bars.blocks, v_bars.first_rows, v_bars.resumed)
                AS b (place, block, first_row, resumed)
            GROUP BY b.resumed, b.first_row, b.block
        ) AS p
        WINDOW w AS (PARTITION BY p.resumed, p.first_row ORDER BY p.block ROWS UNBOUNDED PRECEDING)
    ),
    known AS MATERIALIZED (
        SELECT
            r.resumed, r.first_row, r.blocks, h.first_days[r.slot] AS first_day, h.highs[r.slot] AS high,
            h.lows[r.slot] AS low, h.times_high[r.slot] AS time_high, h.times_low[r.slot] AS time_low,
            h.volumes[r.slot] AS volume
        FROM (
            SELECT
                p.resumed, p.first_row, min(p.place) AS place, array_agg(p.block ORDER BY p.block) AS blocks,
                p.resumed % blocks_in_part() + 1 AS slot
            FROM places AS p WHERE p.resumed >= 0
            GROUP BY p.resumed, p.first_row
        ) AS r
        INNER JOIN unnest(v_kept) AS h ON h.tf = p_tfs[r.place] AND h.part = r.resumed / blocks_in_part()
    ),
    fresh AS MATERIALIZED (
        SELECT
            array_agg(p.first_row - v_first + 1 ORDER BY p.first_row, p.block) AS firsts,
            array_agg(first_row_of_block(p.block) - v_first + 1 ORDER BY p.first_row, p.block) AS lasts
        FROM places AS p WHERE p.resumed < 0
    ),
    sums AS MATERIALIZED (
        SELECT
            -1 AS resumed, u.first_at + v_first - 1 AS first_row,
            block_of_row(u.last_at + v_first - 1) AS block,
            CASE WHEN v_days.known[u.last_at] >= u.first_at + v_first - 1 THEN u.volume END AS volume
        FROM fresh AS f
        CROSS JOIN LATERAL unnest(
            f.firsts, f.lasts, volume_sums(array_replace(v_days.volumes, NULL, '-0.0'), f.firsts, f.lasts))
            AS u (first_at, last_at, volume)
        UNION ALL
        SELECT k.resumed, k.first_row, u.block, u.volume
        FROM known AS k
        CROSS JOIN LATERAL unnest(
            k.blocks,
            volumes_at(
                v_days.volumes, first_row_of_block(k.resumed) - v_first + 1,
                ARRAY(SELECT first_row_of_block(b.block) - v_first + 1
                    FROM unnest(k.blocks) AS b (block) ORDER BY b.block),
                k.volume)
        ) AS u (block, volume)
    ),
    states AS MATERIALIZED (
        SELECT
            p.resumed, p.first_row, p.block,
            CASE WHEN p.resumed < 0 THEN v_days.days[p.first_row - v_first + 1] ELSE k.first_day END
                AS first_day,
            -- Zeros may have different signs; that of the earlier day is kept.
            CASE
                WHEN k.high >= p.high THEN k.high
                WHEN p.high <> 0 THEN p.high
                ELSE (
                    SELECT v_days.highs[y.i]
                    FROM generate_series(p.first_at, first_row_of_block(p.block) - v_first + 1) AS y (i)
                    WHERE v_days.highs[y.i] = 0 ORDER BY y.i LIMIT 1)
            END AS high,
            CASE
                WHEN k.low <= p.low THEN k.low
                WHEN p.low <> 0 THEN p.low
                ELSE (
                    SELECT v_days.lows[y.i]
                    FROM generate_series(p.first_at, first_row_of_block(p.block) - v_first + 1) AS y (i)
                    WHERE v_days.lows[y.i] = 0 ORDER BY y.i LIMIT 1)
            END AS low,
            CASE
                WHEN k.high > p.high THEN k.time_high
                WHEN k.high = p.high THEN least(k.time_high, p.time_high)
                ELSE p.time_high
            END AS time_high,
            CASE
                WHEN k.low < p.low THEN k.time_low
                WHEN k.low = p.low THEN least(k.time_low, p.time_low)
                ELSE p.time_low
            END AS time_low,
            s.volume
        FROM (
            SELECT
                q.*, v_days.highs[q.high_at] AS high, v_days.lows[q.low_at] AS low,
                v_days.times_high[q.high_at] AS time_high, v_days.times_low[q.low_at] AS time_low
            FROM (
                SELECT
                    o.*, v_days.by_high[o.high_place] AS high_at, v_days.by_low[o.low_place] AS low_at,
                    CASE WHEN o.resumed < 0 THEN o.first_row ELSE first_row_of_block(o.resumed) + 1 END
                        - v_first + 1 AS first_at
                FROM places AS o
                OFFSET 0
            ) AS q
            OFFSET 0
        ) AS p
        LEFT JOIN sums AS s
            ON s.resumed = p.resumed AND s.first_row = p.first_row AND s.block = p.block
        LEFT JOIN known AS k ON k.resumed = p.resumed AND k.first_row = p.first_row
    )
    SELECT
        p_tfs[b.place], b.block, b.bar_seq, s.first_day, s.high, s.low, s.time_high, s.time_low, s.volume
    FROM unnest(v_bars.places, v_bars.blocks, v_bars.bar_seqs, v_bars.first_rows, v_bars.resumed)
        AS b (place, block, bar_seq, first_row, resumed)
    INNER JOIN states AS s ON s.resumed = b.resumed AND s.first_row = b.first_row AND s.block = b.block;

    SELECT block_of_row(max(d.bar_seq)) INTO v_newest FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    RETURN QUERY
    SELECT
        g.tf, x.block, NULL::int, NULL::date, NULL::float8, NULL::float8, NULL::timestamptz,
        NULL::timestamptz, NULL::float8
    FROM unnest(p_tfs, p_from_rows) AS g (tf, from_row)
    LEFT JOIN LATERAL (
        SELECT o.first_row FROM bars AS o
        WHERE o.id = p_id AND o.tf = g.tf
        ORDER BY o.bar_seq
        LIMIT 1
    ) AS b ON true
    CROSS JOIN LATERAL generate_series(
        block_begun_from(greatest(g.from_row, 1)),
        least(block_begun_from(b.first_row) - 1, v_newest)) AS x (block);
END;
$$;
