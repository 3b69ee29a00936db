-- day_blocks_from: the blocks of days of one asset from a block on, computed from its validated days.
--   p_id      asset id
--   p_block   number of the first block; 0: from nothing, else on from what is stored of the block before
-- Returns   a row per block, the columns of day_blocks that aren't generated but id.
-- Errors    none.   Cost  the days from there on.
-- Rule      a block holds facts of its days in their order, nothing of bars or calendars.
CREATE OR REPLACE FUNCTION day_blocks_from(p_id int, p_block int)
RETURNS TABLE (
    block int, closes float8[], highs float8[], lows float8[], times_high timestamptz[],
    times_low timestamptz[], volumes float8[], days date[], gap_days date[], cap_rows int[],
    caps float8[]
)
LANGUAGE plpgsql STABLE ROWS 90
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_first int := first_row_of_block(p_block);
    v_gap date := '-infinity';
    v_cap int := 0;
BEGIN
    -- What the days before the first block leave behind: the newest day without a row, the newest known cap.
    IF p_block > 0 THEN
        SELECT
            coalesce(k.gap_days[block_size()], v_gap),
            coalesce(k.cap_rows[block_size()], CASE WHEN d.market_cap IS NOT NULL THEN d.bar_seq ELSE 0 END)
        INTO v_gap, v_cap
        FROM day_blocks AS k
        INNER JOIN cmc_price_bars_1d AS d ON d.id = p_id AND d.bar_seq = v_first - 1
        WHERE k.id = p_id AND k.block = p_block - 1;
    END IF;
    RETURN QUERY
    SELECT
        b.*,
        -- Rarely asked for, so looked up only where cap_rows is.
        CASE WHEN b.cap_rows IS NOT NULL THEN (
            SELECT array_agg(d.market_cap ORDER BY c.place)
            FROM unnest(b.cap_rows) WITH ORDINALITY AS c (cap_row, place)
            LEFT JOIN cmc_price_bars_1d AS d ON d.id = p_id AND d.bar_seq = c.cap_row
        ) END AS caps
    FROM (
        SELECT
            n.block,
            -- The two days before the block too: differences of the first days need them.
            (
                SELECT array_agg(y.close ORDER BY y.bar_seq) FROM cmc_price_bars_1d AS y
                WHERE y.id = p_id AND y.bar_seq
                    BETWEEN first_row_of_block(n.block) - 2 AND first_row_of_block(n.block + 1) - 1
            ) AS closes,
            array_agg(n.high ORDER BY n.bar_seq) AS highs,
            array_agg(n.low ORDER BY n.bar_seq) AS lows,
            array_agg(n.time_high ORDER BY n.bar_seq) AS times_high,
            array_agg(n.time_low ORDER BY n.bar_seq) AS times_low,
            array_agg(n.volume ORDER BY n.bar_seq) AS volumes,
            array_agg(n.day ORDER BY n.bar_seq) AS days,
            CASE WHEN max(n.gap) > '-infinity' THEN array_agg(n.gap ORDER BY n.bar_seq) END AS gap_days,
            CASE WHEN max(n.cap) > 0 AND bool_or(n.cap < n.bar_seq)
                THEN array_agg(n.cap ORDER BY n.bar_seq) END AS cap_rows
        FROM (
            SELECT
                g.*, greatest(v_gap, max(g.gap_here) OVER w) AS gap,
                greatest(v_cap, max(g.cap_here) OVER w) AS cap
            FROM (
                SELECT
                    d.*,
                    CASE WHEN d.day > lag(d.day) OVER (ORDER BY d.bar_seq) + 1 THEN d.day - 1 END AS gap_here,
                    CASE WHEN d.market_cap IS NOT NULL THEN d.bar_seq END AS cap_here
                FROM cmc_price_bars_1d AS d
                WHERE d.id = p_id AND d.bar_seq >= v_first - 1
            ) AS g
            WHERE g.bar_seq >= v_first
            WINDOW w AS (ORDER BY g.bar_seq ROWS UNBOUNDED PRECEDING)
        ) AS n
        GROUP BY n.block
    ) AS b;
END;
$$;
