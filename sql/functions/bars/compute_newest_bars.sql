-- compute_newest_bars: the bars of some timeframes from one of the newest days on, with what the stored bars
--   tell of the days before.
--   p_id .. p_starts   as in compute_bars
--   p_tails   for each timeframe the row number of the first day to read; behind p_starts where the stored
--             bar tells of the days in between, its head
--   p_clock, p_missing   as in bar_shape
-- Returns   as compute_bars.
-- Errors    none.
-- Cost      per timeframe the days from p_tails on and a few probes; the volumes of the bars that begin
--           before.
-- Rule      as compute_bars. The stored high is the head's if one of its days has it; else, and where 0.0 and
--           -0.0 meet, its days are asked; low alike. A sum has an order, so volumes are added up anew.
--           Long, since it is one query: each step reads what the ones before computed, and none of them is
--           of use by itself.
CREATE OR REPLACE FUNCTION compute_newest_bars(
    p_id int, p_tfs text[], p_kinds text[], p_counts int[], p_units int[], p_bars int[],
    p_starts int[], p_tails int[], p_clock session_clock, p_missing date[])
RETURNS SETOF computed_bar
LANGUAGE plpgsql STABLE ROWS 300
SET search_path FROM CURRENT
SET jit = off
SET enable_nestloop = off
SET enable_mergejoin = off
-- By its number a day is found in the index of numbers, not by a walk through all entries of another that
-- needn't read the table: of an asset with a long history among young ones the planner expects few.
SET enable_indexonlyscan = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_first_row int;
    v_first_read int;
    v_volumes float8[];
    -- Of each day the position of the newest one with a known volume; NULL: all are known.
    v_known int[];
    v_asset_first date;
    v_rows int;
BEGIN
    SELECT min(s.first_row), min(s.tail) INTO v_first_row, v_first_read
    FROM unnest(p_starts, p_tails) AS s (first_row, tail);
    SELECT d.day INTO v_asset_first FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = 1;
    SELECT max(d.bar_seq) INTO v_rows FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    SELECT array_agg(d.volume ORDER BY d.bar_seq) INTO v_volumes
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq >= v_first_row;

    IF array_position(v_volumes, NULL) IS NOT NULL THEN
        v_known := ARRAY(
            SELECT max(CASE WHEN d.volume IS NOT NULL THEN d.i::int END) OVER (ORDER BY d.i)
            FROM unnest(v_volumes) WITH ORDINALITY AS d (volume, i) ORDER BY d.i);
    END IF;

    RETURN QUERY
    WITH timeframes AS MATERIALIZED (
        SELECT * FROM unnest(p_tfs, p_kinds, p_counts, p_units, p_bars, p_starts, p_tails)
            WITH ORDINALITY AS t (tf, kind, n, first_unit, bar, first_row, tail, place)
    ),
    told AS MATERIALIZED (
        SELECT
            t.place, b.*, t.tail, f."timestamp" AS first_ts, f.day AS first_day,
            (SELECT d.day FROM cmc_price_bars_1d AS d
                WHERE d.id = p_id AND d.bar_seq = t.tail - 1) AS head_day,
            coalesce((
                SELECT
                    d.bar_seq BETWEEN t.first_row AND t.tail - 1 AND d.high = b.high AND d.high <> 0
                    AND d.time_high = b.time_high
                FROM cmc_price_bars_1d AS d
                WHERE d.id = p_id AND d."timestamp" >= b.time_high ORDER BY d."timestamp" LIMIT 1
            ), false) AS has_high,
            coalesce((
                SELECT
                    d.bar_seq BETWEEN t.first_row AND t.tail - 1 AND d.low = b.low AND d.low <> 0
                    AND d.time_low = b.time_low
                FROM cmc_price_bars_1d AS d
                WHERE d.id = p_id AND d."timestamp" >= b.time_low ORDER BY d."timestamp" LIMIT 1
            ), false) AS has_low,
            CASE WHEN b.market_cap IS NOT NULL THEN (
                SELECT d.market_cap FROM cmc_price_bars_1d AS d
                WHERE
                    d.id = p_id AND d.bar_seq BETWEEN t.first_row AND t.tail - 1
                    AND d.market_cap IS NOT NULL
                ORDER BY d.bar_seq DESC LIMIT 1
            ) END AS head_market_cap
        FROM timeframes AS t
        CROSS JOIN LATERAL (
            SELECT
                o.bar_seq, o.first_row, o.time_open, o.open, o.time_high, o.high, o.time_low, o.low,
                o.market_cap, o.missing_interior, o.first_missing_day, o.last_missing_day
            FROM bars AS o WHERE o.id = p_id AND o.tf = t.tf AND o.bar_seq = t.bar OFFSET 0
        ) AS b
        CROSS JOIN LATERAL (
            SELECT d."timestamp", d.day FROM cmc_price_bars_1d AS d
            WHERE d.id = p_id AND d.bar_seq = t.first_row OFFSET 0
        ) AS f
        WHERE t.first_row < t.tail
    ),
    -- Bars that begin together have one head up to the change.
    extremes AS MATERIALIZED (
        SELECT
            g.first_row, g.tail, coalesce(g.time_high, h.time_high) AS time_high,
            coalesce(g.high, h.high) AS high, coalesce(g.time_low, l.time_low) AS time_low,
            coalesce(g.low, l.low) AS low
        FROM (
            SELECT
                k.first_row, k.tail,
                min(k.high) FILTER (WHERE k.has_high) AS high,
                min(k.time_high) FILTER (WHERE k.has_high) AS time_high,
                min(k.low) FILTER (WHERE k.has_low) AS low,
                min(k.time_low) FILTER (WHERE k.has_low) AS time_low
            FROM told AS k GROUP BY k.first_row, k.tail
        ) AS g
        LEFT JOIN LATERAL (
            SELECT
                d.time_high,
                CASE WHEN d.high <> 0 THEN d.high ELSE (
                    SELECT z.high FROM cmc_price_bars_1d AS z
                    WHERE z.id = p_id AND z.bar_seq BETWEEN g.first_row AND g.tail - 1 AND z.high = 0
                    ORDER BY z.bar_seq LIMIT 1) END AS high
            FROM cmc_price_bars_1d AS d
            WHERE d.id = p_id AND d.bar_seq BETWEEN g.first_row AND g.tail - 1 AND g.high IS NULL
            ORDER BY d.high DESC, d.time_high, d.bar_seq LIMIT 1
        ) AS h ON true
        LEFT JOIN LATERAL (
            SELECT
                d.time_low,
                CASE WHEN d.low <> 0 THEN d.low ELSE (
                    SELECT z.low FROM cmc_price_bars_1d AS z
                    WHERE z.id = p_id AND z.bar_seq BETWEEN g.first_row AND g.tail - 1 AND z.low = 0
                    ORDER BY z.bar_seq LIMIT 1) END AS low
            FROM cmc_price_bars_1d AS d
            WHERE d.id = p_id AND d.bar_seq BETWEEN g.first_row AND g.tail - 1 AND g.low IS NULL
            ORDER BY d.low, d.time_low, d.bar_seq LIMIT 1
        ) AS l ON true
    ),
    heads AS MATERIALIZED (
        SELECT
            k.place, k.bar_seq, k.first_row, k.tail, k.first_day, k.first_ts, k.time_open, k.open,
            k.head_market_cap, e.time_high, e.high, e.time_low, e.low,
            CASE WHEN k.missing_interior > 0 AND k.first_missing_day < k.head_day THEN k.first_missing_day END
                AS first_missing,
            CASE
                WHEN k.missing_interior = 0 THEN NULL
                WHEN k.last_missing_day < k.head_day THEN k.last_missing_day
                ELSE (
                    SELECT d.day - 1 FROM cmc_price_bars_1d AS d
                    WHERE
                        d.id = p_id AND d.bar_seq > k.first_row AND d.bar_seq < k.tail
                        AND d.day - 1 > (
                            SELECT o.day FROM cmc_price_bars_1d AS o
                            WHERE o.id = p_id AND o.bar_seq = d.bar_seq - 1)
                    ORDER BY d.bar_seq DESC LIMIT 1)
            END AS last_missing
        FROM told AS k
        INNER JOIN extremes AS e ON e.first_row = k.first_row AND e.tail = k.tail
    ),
    days AS MATERIALIZED (
        SELECT
            d.bar_seq AS row_no, d."timestamp", d.day, d.open, d.high, d.low, d.close, d.market_cap,
            d.time_high, d.time_low,
            lag(d."timestamp") OVER w AS ts_before,
            lag(d.day) OVER w AS day_before,
            row_number() OVER (ORDER BY d.high, d.time_high DESC, d.bar_seq DESC) AS high_rank,
            row_number() OVER (ORDER BY d.low DESC, d.time_low DESC, d.bar_seq DESC) AS low_rank,
            CASE WHEN d.market_cap IS NOT NULL THEN d.bar_seq END AS market_cap_row,
            calendar_unit('U', d.day) AS week_us,
            calendar_unit('I', d.day) AS week_iso,
            calendar_unit('M', d.day) AS month,
            calendar_unit('Y', d.day) AS year
        FROM cmc_price_bars_1d AS d
        WHERE d.id = p_id AND d.bar_seq >= v_first_read - 1
        WINDOW w AS (ORDER BY d.bar_seq)
    ),
    runs AS MATERIALIZED (
        SELECT
            k.place, k.bar_seq, min(k.first_row) AS first_row, max(k.last_row) AS last_row,
            max(k.high_rank) AS high_rank, max(k.low_rank) AS low_rank,
            max(k.market_cap_row) AS market_cap_row
        FROM (
            SELECT
                t.place, d.row_no AS first_row, d.row_no AS last_row, d.high_rank, d.low_rank,
                d.market_cap_row, t.bar,
                bar_of_unit(t.n, t.first_unit, CASE t.kind
                    WHEN 'D' THEN d.row_no WHEN 'U' THEN d.week_us WHEN 'I' THEN d.week_iso
                    WHEN 'M' THEN d.month ELSE d.year
                END) AS bar_seq
            FROM timeframes AS t
            INNER JOIN days AS d ON d.row_no >= t.tail
            UNION ALL
            SELECT h.place, h.first_row, h.tail - 1, NULL, NULL, NULL, h.bar_seq, h.bar_seq FROM heads AS h
        ) AS k
        WHERE k.bar_seq >= 1 AND k.bar_seq >= k.bar
        GROUP BY k.place, k.bar_seq
    ),
    -- Bars that begin together share a running sum.
    pairs AS MATERIALIZED (
        SELECT
            array_agg(g.first_at ORDER BY g.first_at, g.last_at) AS firsts,
            array_agg(g.last_at ORDER BY g.first_at, g.last_at) AS lasts
        FROM (
            SELECT DISTINCT r.first_row - v_first_row + 1 AS first_at, r.last_row - v_first_row + 1 AS last_at
            FROM runs AS r
        ) AS g
    ),
    volumes AS MATERIALIZED (
        SELECT
            u.first_at + v_first_row - 1 AS first_row, u.last_at + v_first_row - 1 AS last_row,
            CASE WHEN v_known IS NULL OR v_known[u.last_at] >= u.first_at THEN u.volume END AS volume
        FROM pairs AS p
        CROSS JOIN LATERAL unnest(
            p.firsts, p.lasts, volume_sums(array_replace(v_volumes, NULL, '-0.0'), p.firsts, p.lasts))
            AS u (first_at, last_at, volume)
    )
    SELECT
        p_id, t.tf, c.bar_seq, c.first_row, c.last_row, s.days_remaining, s.missing_start, s.missing_interior,
        s.missing_end, s.is_closed, s.first_missing_day, s.last_missing_day, c.time_open, c.time_close,
        c.time_high, c.time_low, c.open, c.high, c.low, c.close, c.volume, c.market_cap
    FROM (
        SELECT
            r.place, r.bar_seq, r.first_row, r.last_row, coalesce(k.first_day, a.day) AS first_day,
            l.day AS last_day,
            coalesce(k.time_open, bar_time_open(a.ts_before, a."timestamp")) AS time_open,
            l."timestamp" AS time_close,
            CASE
                WHEN h.high IS NULL OR k.high > h.high THEN k.time_high
                WHEN k.high = h.high THEN least(k.time_high, h.time_high)
                ELSE h.time_high
            END AS time_high,
            CASE
                WHEN w.low IS NULL OR k.low < w.low THEN k.time_low
                WHEN k.low = w.low THEN least(k.time_low, w.time_low)
                ELSE w.time_low
            END AS time_low,
            coalesce(k.open, a.open) AS open,
            CASE
                WHEN h.high IS NULL OR k.high >= h.high THEN k.high
                WHEN h.high <> 0 THEN h.high
                ELSE (
                    SELECT d.high FROM days AS d
                    WHERE d.row_no BETWEEN r.first_row AND r.last_row AND d.high = 0
                    ORDER BY d.row_no LIMIT 1)
            END AS high,
            CASE
                WHEN w.low IS NULL OR k.low <= w.low THEN k.low
                WHEN w.low <> 0 THEN w.low
                ELSE (
                    SELECT d.low FROM days AS d
                    WHERE d.row_no BETWEEN r.first_row AND r.last_row AND d.low = 0
                    ORDER BY d.row_no LIMIT 1)
            END AS low,
            l.close, v.volume, coalesce(m.market_cap, k.head_market_cap) AS market_cap,
            coalesce(k.first_missing, (
                SELECT min(d.day_before) + 1 FROM days AS d
                WHERE d.row_no > r.first_row AND d.row_no <= r.last_row AND d.day > d.day_before + 1)
            ) AS gap_first,
            coalesce((
                SELECT max(d.day) - 1 FROM days AS d
                WHERE d.row_no > r.first_row AND d.row_no <= r.last_row AND d.day > d.day_before + 1),
                k.last_missing) AS gap_last
        FROM runs AS r
        INNER JOIN volumes AS v ON v.first_row = r.first_row AND v.last_row = r.last_row
        INNER JOIN days AS l ON l.row_no = r.last_row
        LEFT JOIN heads AS k ON k.place = r.place AND k.bar_seq = r.bar_seq
        LEFT JOIN days AS a ON a.row_no = r.first_row AND k.place IS NULL
        LEFT JOIN days AS h ON h.high_rank = r.high_rank
        LEFT JOIN days AS w ON w.low_rank = r.low_rank
        LEFT JOIN days AS m ON m.row_no = r.market_cap_row
        OFFSET 0
    ) AS c
    INNER JOIN timeframes AS t ON t.place = c.place
    CROSS JOIN LATERAL bar_shape(
        t.kind, t.n, t.first_unit, c.bar_seq, v_asset_first, c.first_row, c.last_row, c.first_day, c.last_day,
        c.gap_first, c.gap_last, c.last_row = v_rows, p_clock, p_missing) AS s;
END;
$$;
