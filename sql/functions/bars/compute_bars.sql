-- compute_bars: the bars of some timeframes from a row on, computed from all their days.
--   p_id      asset id
--   p_tfs     timeframes (not 1D); p_kinds, p_counts, p_units: their unit, count and first unit
--   p_bars    for each of them the first bar wanted; p_starts: the row number (1d bar_seq) of its first day
-- Returns   a row per bar: its first and last row, their local days and "timestamp", its values, and the
--           first and the last day without a row between them.
-- Errors    none.
-- Cost      the days once, then per timeframe its units (weeks, 7 rows ..) and volumes; 0.3 us a day and
--           timeframe.
-- Rule      a day's bar is (unit - first unit) / n + 1, where the unit is the row for N-day bars and the
--           calendar week, month or year else. Highs and lows are found by rank, ties go to the earliest
--           time. 0.0 and -0.0 are one price: the earlier day's spelling is kept.
CREATE OR REPLACE FUNCTION compute_bars(
    p_id int, p_tfs text[], p_kinds text[], p_counts int[], p_units int[], p_bars int[],
    p_starts int[])
RETURNS TABLE (
    tf text, bar_seq int, first_row int, last_row int, first_day date, last_day date, first_ts timestamptz,
    time_open timestamptz, time_close timestamptz, time_high timestamptz, time_low timestamptz, open float8,
    high float8, low float8, close float8, volume float8, market_cap float8, first_missing date,
    last_missing date)
LANGUAGE plpgsql STABLE ROWS 10000
SET search_path FROM CURRENT
SET jit = off
SET enable_nestloop = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
DECLARE
    v_first_row int;
    v_volumes float8[];
BEGIN
    v_first_row := (SELECT min(s.first_row) FROM unnest(p_starts) AS s (first_row));
    SELECT array_agg(d.volume ORDER BY d.bar_seq) INTO v_volumes
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq >= v_first_row;

    RETURN QUERY
    WITH timeframes AS MATERIALIZED (
        SELECT u.*, CASE WHEN u.base > 0 THEN u.n / u.base ELSE u.n END AS blocks_a_bar
        FROM (
            SELECT
                t.*,
                -- The unit that a timeframe's bars are made of: 7, 5, 3, 2 or 1 rows; below 0 the calendar's.
                CASE t.kind
                    WHEN 'U' THEN -1 WHEN 'I' THEN -2 WHEN 'M' THEN -3 WHEN 'Y' THEN -4
                    ELSE CASE
                        WHEN t.n % 7 = 0 THEN 7 WHEN t.n % 5 = 0 THEN 5 WHEN t.n % 3 = 0 THEN 3
                        WHEN t.n % 2 = 0 THEN 2 ELSE 1
                    END
                END AS base
            FROM unnest(p_tfs, p_kinds, p_counts, p_units, p_bars, p_starts)
                AS t (tf, kind, n, first_unit, bar, first_row)
        ) AS u
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
        WHERE d.id = p_id AND d.bar_seq >= v_first_row - 1
        WINDOW w AS (ORDER BY d.bar_seq)
    ),
    gap_days AS MATERIALIZED (
        SELECT d.row_no, d.day, d.day_before FROM days AS d WHERE d.day > d.day_before + 1
    ),
    -- Many timeframes are made of the same few units, so days are put together once for each unit.
    blocks AS MATERIALIZED (
        SELECT
            u.base, u.unit, min(u.row_no) AS first_row, max(u.row_no) AS last_row,
            max(u.high_rank) AS high_rank, max(u.low_rank) AS low_rank,
            max(u.market_cap_row) AS market_cap_row
        FROM (
            SELECT
                w.base, d.row_no, d.high_rank, d.low_rank, d.market_cap_row,
                CASE
                    WHEN w.base > 0 THEN (d.row_no - 1) / w.base + 1
                    WHEN w.base = -1 THEN d.week_us WHEN w.base = -2 THEN d.week_iso
                    WHEN w.base = -3 THEN d.month ELSE d.year
                END AS unit
            FROM (SELECT DISTINCT t.base FROM timeframes AS t) AS w
            CROSS JOIN days AS d
        ) AS u
        GROUP BY u.base, u.unit
    ),
    runs AS MATERIALIZED (
        SELECT
            k.tf, k.bar_seq, min(k.first_row) AS first_row, max(k.last_row) AS last_row,
            max(k.high_rank) AS high_rank, max(k.low_rank) AS low_rank,
            max(k.market_cap_row) AS market_cap_row
        FROM (
            SELECT
                t.tf, b.first_row, b.last_row, b.high_rank, b.low_rank, b.market_cap_row, t.bar,
                bar_of_unit(t.blocks_a_bar, t.first_unit, b.unit) AS bar_seq
            FROM timeframes AS t
            INNER JOIN blocks AS b ON b.base = t.base AND b.first_row >= t.first_row
        ) AS k
        WHERE k.bar_seq >= 1 AND k.bar_seq >= k.bar
        GROUP BY k.tf, k.bar_seq
    ),
    gaps AS MATERIALIZED (
        SELECT g.tf, g.bar_seq, min(g.first_missing) AS first_missing, max(g.last_missing) AS last_missing
        FROM (
            SELECT
                t.tf,
                bar_of_unit(t.n, t.first_unit, u.unit) AS bar_seq,
                bar_of_unit(t.n, t.first_unit, u.unit_before) AS bar_before,
                d.day_before + 1 AS first_missing,
                d.day - 1 AS last_missing
            FROM timeframes AS t
            INNER JOIN gap_days AS d ON d.row_no > t.first_row
            CROSS JOIN LATERAL (
                SELECT
                    unit_of_day(t.kind, d.row_no, d.day) AS unit,
                    unit_of_day(t.kind, d.row_no - 1, d.day_before) AS unit_before
            ) AS u
            WHERE u.unit_before >= t.first_unit
        ) AS g
        WHERE g.bar_seq = g.bar_before
        GROUP BY g.tf, g.bar_seq
    ),
    volumes AS MATERIALIZED (
        SELECT g.tf, z.bar_seq, z.volume
        FROM (
            SELECT
                r.tf, array_agg(r.bar_seq ORDER BY r.bar_seq) AS bar_seqs,
                array_agg(r.first_row ORDER BY r.bar_seq) AS first_rows,
                array_agg(r.last_row ORDER BY r.bar_seq) AS last_rows
            FROM runs AS r GROUP BY r.tf
        ) AS g
        CROSS JOIN LATERAL ROWS FROM (
            unnest(g.bar_seqs),
            volume_sums(
                v_volumes[g.first_rows[1] - v_first_row + 1:], g.first_rows[1] - 1,
                g.first_rows, g.last_rows)
        ) AS z (bar_seq, volume)
    )
    SELECT
        r.tf, r.bar_seq, r.first_row, r.last_row, a.day, l.day, a."timestamp",
        bar_time_open(a.ts_before, a."timestamp"),
        l."timestamp", h.time_high, w.time_low, a.open,
        CASE WHEN h.high <> 0 THEN h.high ELSE (
            SELECT d.high FROM days AS d
            WHERE d.row_no BETWEEN r.first_row AND r.last_row AND d.high = 0
            ORDER BY d.row_no LIMIT 1) END,
        CASE WHEN w.low <> 0 THEN w.low ELSE (
            SELECT d.low FROM days AS d
            WHERE d.row_no BETWEEN r.first_row AND r.last_row AND d.low = 0
            ORDER BY d.row_no LIMIT 1) END,
        l.close, v.volume, m.market_cap, g.first_missing, g.last_missing
    FROM runs AS r
    INNER JOIN days AS a ON a.row_no = r.first_row
    INNER JOIN days AS l ON l.row_no = r.last_row
    INNER JOIN days AS h ON h.high_rank = r.high_rank
    INNER JOIN days AS w ON w.low_rank = r.low_rank
    LEFT JOIN days AS m ON m.row_no = r.market_cap_row
    INNER JOIN volumes AS v ON v.tf = r.tf AND v.bar_seq = r.bar_seq
    LEFT JOIN gaps AS g ON g.tf = r.tf AND g.bar_seq = r.bar_seq;
END;
$$;
