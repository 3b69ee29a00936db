-- bar_states_at_blocks: the bars of some timeframes as they stood on the first day of each block of 64 days.
--   p_id         asset id
--   p_tfs        timeframes (not 1D)
--   p_from_rows  for each of them the row number (1d bar_seq) of the first day that may differ; 1: from
--                nothing
-- Returns   per timeframe and block that begins on that day or later, and has a bar on its first day:
--           bar_seq, first_day (of the bar), high, low, time_high, time_low, volume.
-- Errors    none.
-- Cost      the days from the changes on and the bars there; volumes one addition per day for each first day
--           of a bar.
-- Rule      goes on from what is stored for the block before, where the bar does. Of equal prices the earlier
--           time counts, and the earlier day's price; volumes are added in time order. Long, since it is one
--           query: ranks, sums and places are of the same days, which are read once.
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
-- How many rows there are is a guess: tables of millions of buckets would be made for some hundred.
SET enable_hashjoin = off
SET work_mem = '64MB'
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH froms AS MATERIALIZED (
        SELECT f.tf, f.block, h.bar_seqs[(f.block - 1) % blocks_in_part() + 1] AS from_bar
        FROM (
            SELECT g.tf, block_begun_from(greatest(g.from_row, 1)) AS block
            FROM unnest(p_tfs, p_from_rows) AS g (tf, from_row)
        ) AS f
        LEFT JOIN bar_blocks AS h
            ON f.block > 0 AND h.id = p_id AND h.tf = f.tf AND h.part = (f.block - 1) / blocks_in_part()
    ),
    -- The bars on the first days of these blocks, and where their state of the block before is known.
    on_first_days AS MATERIALIZED (
        SELECT
            f.tf, b.bar_seq, b.first_row, b.last_row, x.block,
            CASE WHEN b.first_row <= first_row_of_block(f.block - 1) THEN f.block - 1 END AS resumed
        FROM froms AS f
        CROSS JOIN LATERAL (
            SELECT o.bar_seq, o.first_row, o.last_row FROM bars AS o
            WHERE o.id = p_id AND o.tf = f.tf AND o.bar_seq >= coalesce(f.from_bar, 0)
                AND o.last_row >= first_row_of_block(f.block)
            OFFSET 0
        ) AS b
        CROSS JOIN LATERAL generate_series(
            greatest(f.block, block_begun_from(b.first_row)), block_of_row(b.last_row)) AS x (block)
    ),
    -- A bar whose newest day this is stands as it is stored; the others have gone on.
    targets AS MATERIALIZED (
        SELECT t.tf, t.bar_seq, t.first_row, t.block, t.resumed FROM on_first_days AS t
        WHERE t.last_row > first_row_of_block(t.block)
    ),
    known AS MATERIALIZED (
        SELECT
            r.tf, r.bar_seq, r.resumed, h.first_days[r.slot] AS first_day, h.highs[r.slot] AS high,
            h.lows[r.slot] AS low, h.times_high[r.slot] AS time_high, h.times_low[r.slot] AS time_low,
            h.volumes[r.slot] AS volume
        FROM (
            SELECT DISTINCT t.tf, t.bar_seq, t.resumed, t.resumed % blocks_in_part() + 1 AS slot
            FROM targets AS t WHERE t.resumed IS NOT NULL
        ) AS r
        INNER JOIN bar_blocks AS h ON h.id = p_id AND h.tf = r.tf AND h.part = r.resumed / blocks_in_part()
    ),
    -- A step is what lies between the first days of two blocks: after the one, up to the other.
    days AS MATERIALIZED (
        SELECT
            d.bar_seq AS row_no, block_begun_from(d.bar_seq) AS step, d.day, d.high, d.low, d.time_high,
            d.time_low, d.volume
        FROM cmc_price_bars_1d AS d
        WHERE
            d.id = p_id
            AND d.bar_seq >= (
                SELECT min(CASE WHEN t.resumed IS NULL THEN t.first_row
                    ELSE first_row_of_block(t.resumed) + 1 END)
                FROM targets AS t)
    ),
    high_ranks AS MATERIALIZED (
        SELECT p.*, row_number() OVER (ORDER BY p.high, p.time_high DESC) AS place
        FROM (
            SELECT d.row_no, NULL::text AS tf, NULL::int AS bar_seq, d.step, d.high, d.time_high
            FROM days AS d
            UNION ALL
            SELECT NULL, r.tf, r.bar_seq, r.resumed, r.high, r.time_high FROM known AS r
        ) AS p
    ),
    low_ranks AS MATERIALIZED (
        SELECT p.*, row_number() OVER (ORDER BY p.low DESC, p.time_low DESC) AS place
        FROM (
            SELECT d.row_no, NULL::text AS tf, NULL::int AS bar_seq, d.step, d.low, d.time_low
            FROM days AS d
            UNION ALL
            SELECT NULL, r.tf, r.bar_seq, r.resumed, r.low, r.time_low FROM known AS r
        ) AS p
    ),
    -- From a day to the end of its step.
    rests AS MATERIALIZED (
        SELECT
            h.row_no, h.step, max(h.place) OVER w AS high_place, max(l.place) OVER w AS low_place
        FROM high_ranks AS h
        INNER JOIN low_ranks AS l ON l.row_no = h.row_no
        WINDOW w AS (PARTITION BY h.step ORDER BY h.row_no DESC ROWS UNBOUNDED PRECEDING)
    ),
    sums AS MATERIALIZED (
        SELECT s.first_row, s.tf, s.bar_seq, u.block, u.volume
        FROM (
            -- Bars that begin on the same day share one sum; those that go on have their own.
            SELECT
                t.first_row, NULL::text AS tf, NULL::int AS bar_seq, t.first_row - 1 AS before,
                NULL::float8 AS volume,
                array_agg(DISTINCT t.block ORDER BY t.block) AS blocks
            FROM targets AS t WHERE t.resumed IS NULL
            GROUP BY t.first_row
            UNION ALL
            SELECT
                NULL, t.tf, t.bar_seq, first_row_of_block(t.resumed), r.volume,
                array_agg(t.block ORDER BY t.block)
            FROM targets AS t INNER JOIN known AS r ON r.tf = t.tf AND r.bar_seq = t.bar_seq
            GROUP BY t.tf, t.bar_seq, t.resumed, r.volume
        ) AS s
        CROSS JOIN LATERAL unnest(
            s.blocks,
            volumes_at(
                (SELECT array_agg(d.volume ORDER BY d.row_no) FROM days AS d),
                s.before - (SELECT min(d.row_no) FROM days AS d) + 1,
                ARRAY(SELECT first_row_of_block(b.block) + 1 - (SELECT min(d.row_no) FROM days AS d)
                    FROM unnest(s.blocks) AS b (block) ORDER BY b.block),
                s.volume)
        ) AS u (block, volume)
    ),
    places AS MATERIALIZED (
        SELECT
            t.tf, t.block, t.bar_seq, t.first_row, t.resumed,
            max(greatest(
                e.high_place,
                CASE WHEN t.block = t.resumed + 1 THEN (
                    SELECT h.place FROM high_ranks AS h WHERE h.tf = t.tf AND h.bar_seq = t.bar_seq) END
            )) OVER w AS high_place,
            max(greatest(
                e.low_place,
                CASE WHEN t.block = t.resumed + 1 THEN (
                    SELECT l.place FROM low_ranks AS l WHERE l.tf = t.tf AND l.bar_seq = t.bar_seq) END
            )) OVER w AS low_place
        FROM targets AS t
        INNER JOIN rests AS e ON e.row_no = greatest(t.first_row, first_row_of_block(t.block - 1) + 1)
        WINDOW w AS (PARTITION BY t.tf, t.bar_seq ORDER BY t.block ROWS UNBOUNDED PRECEDING)
    )
    SELECT
        p.tf, p.block, p.bar_seq, coalesce(r.first_day, d.day),
        -- Zeros may have different signs; that of the earlier day is kept.
        CASE
            WHEN h.high <> 0 THEN h.high
            WHEN r.high = 0 THEN r.high
            ELSE (
                SELECT y.high FROM days AS y
                WHERE y.row_no >= coalesce(64 * p.resumed + 2, p.first_row) AND y.high = 0
                ORDER BY y.row_no LIMIT 1)
        END,
        CASE
            WHEN l.low <> 0 THEN l.low
            WHEN r.low = 0 THEN r.low
            ELSE (
                SELECT y.low FROM days AS y
                WHERE y.row_no >= coalesce(64 * p.resumed + 2, p.first_row) AND y.low = 0
                ORDER BY y.row_no LIMIT 1)
        END,
        h.time_high, l.time_low,
        CASE WHEN p.resumed IS NULL THEN s.volume ELSE z.volume END
    FROM places AS p
    INNER JOIN high_ranks AS h ON h.place = p.high_place
    INNER JOIN low_ranks AS l ON l.place = p.low_place
    LEFT JOIN days AS d ON d.row_no = p.first_row
    LEFT JOIN known AS r ON r.tf = p.tf AND r.bar_seq = p.bar_seq
    LEFT JOIN sums AS s ON s.first_row = p.first_row AND s.block = p.block
    LEFT JOIN sums AS z ON z.tf = p.tf AND z.bar_seq = p.bar_seq AND z.block = p.block
    UNION ALL
    SELECT t.tf, t.block, t.bar_seq, d.day, b.high, b.low, b.time_high, b.time_low, b.volume
    FROM on_first_days AS t
    CROSS JOIN LATERAL (
        SELECT o.high, o.low, o.time_high, o.time_low, o.volume FROM bars AS o
        WHERE o.id = p_id AND o.tf = t.tf AND o.bar_seq = t.bar_seq
        OFFSET 0
    ) AS b
    CROSS JOIN LATERAL (
        SELECT f.day FROM cmc_price_bars_1d AS f WHERE f.id = p_id AND f.bar_seq = t.first_row OFFSET 0
    ) AS d
    WHERE t.last_row = first_row_of_block(t.block);
END;
$$;
