-- bar_runs: the bars of some timeframes as runs of days: their first and last day and those of the extremes.
--   p_kinds, p_counts, p_units   unit, count and first unit of each timeframe (not 1D)
--   p_bars    for each of them the first bar wanted; p_starts: the row number (1d bar_seq) of its first day
--   p_row     row number of the first day given
--   p_days .. p_time_lows   the days from there on, in order
-- Returns   parallel arrays in order of first and last day: tfs, positions in p_kinds; bars, their numbers;
--           firsts, lasts, highs, lows: positions in p_days.
-- Errors    none.   Cost  0.02 us a day and timeframe.
-- Rule      a day's bar is (unit - first unit) / n + 1, where the unit is the row for N-day bars and the
--           calendar week, month or year else. Highs and lows are found by rank, ties go to the earliest
--           time.
CREATE OR REPLACE FUNCTION bar_runs(
    p_kinds text[], p_counts int[], p_units int[], p_bars int[], p_starts int[], p_row int, p_days date[],
    p_highs float8[], p_lows float8[], p_time_highs timestamptz[], p_time_lows timestamptz[],
    OUT tfs int[], OUT bars int[], OUT firsts int[], OUT lasts int[], OUT highs int[], OUT lows int[]
)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
SET jit = off
SET enable_nestloop = off
SET enable_mergejoin = off
SET work_mem = '64MB'
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    -- Positions of the days in order of their high and of their low, worst first.
    v_by_high int[];
    v_by_low int[];
BEGIN
    v_by_high := ARRAY(
        SELECT d.i FROM unnest(p_highs, p_time_highs) WITH ORDINALITY AS d (high, time_high, i)
        ORDER BY d.high, d.time_high DESC, d.i DESC);
    v_by_low := ARRAY(
        SELECT d.i FROM unnest(p_lows, p_time_lows) WITH ORDINALITY AS d (low, time_low, i)
        ORDER BY d.low DESC, d.time_low DESC, d.i DESC);

    WITH timeframes AS MATERIALIZED (
        SELECT u.*, CASE WHEN u.base > 0 THEN u.n / u.base ELSE u.n END AS blocks_a_bar
        FROM (
            SELECT
                t.i::int, t.n, t.first_unit, t.bar, t.first_row - p_row + 1 AS first_at,
                -- The unit that a timeframe's bars are made of: 7, 5, 3, 2 or 1 rows; below 0 the calendar's.
                CASE t.kind
                    WHEN 'U' THEN -1 WHEN 'I' THEN -2 WHEN 'M' THEN -3 WHEN 'Y' THEN -4
                    ELSE CASE
                        WHEN t.n % 7 = 0 THEN 7 WHEN t.n % 5 = 0 THEN 5 WHEN t.n % 3 = 0 THEN 3
                        WHEN t.n % 2 = 0 THEN 2 ELSE 1
                    END
                END AS base
            FROM unnest(p_kinds, p_counts, p_units, p_bars, p_starts) WITH ORDINALITY
                AS t (kind, n, first_unit, bar, first_row, i)
        ) AS u
    ),
    days AS MATERIALIZED (
        SELECT
            d.i::int, h.rank::int AS high_rank, l.rank::int AS low_rank,
            calendar_unit('U', d.day) AS week_us, calendar_unit('I', d.day) AS week_iso,
            calendar_unit('M', d.day) AS month, calendar_unit('Y', d.day) AS year
        FROM unnest(p_days) WITH ORDINALITY AS d (day, i)
        INNER JOIN unnest(v_by_high) WITH ORDINALITY AS h (i, rank) ON h.i = d.i
        INNER JOIN unnest(v_by_low) WITH ORDINALITY AS l (i, rank) ON l.i = d.i
    ),
    -- Many timeframes are made of the same few units, so days are put together once for each unit.
    blocks AS MATERIALIZED (
        SELECT
            u.base, u.unit, min(u.i) AS first_at, max(u.i) AS last_at,
            max(u.high_rank) AS high_rank, max(u.low_rank) AS low_rank
        FROM (
            SELECT
                w.base, d.i, d.high_rank, d.low_rank,
                CASE
                    WHEN w.base > 0 THEN (d.i + p_row - 2) / w.base + 1
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
            k.tf, k.bar_seq, min(k.first_at) AS first_at, max(k.last_at) AS last_at,
            v_by_high[max(k.high_rank)] AS high_at, v_by_low[max(k.low_rank)] AS low_at
        FROM (
            SELECT
                t.i AS tf, t.bar, b.first_at, b.last_at, b.high_rank, b.low_rank,
                bar_of_unit(t.blocks_a_bar, t.first_unit, b.unit) AS bar_seq
            FROM timeframes AS t
            INNER JOIN blocks AS b ON b.base = t.base AND b.first_at >= t.first_at
        ) AS k
        WHERE k.bar_seq >= 1 AND k.bar_seq >= k.bar
        GROUP BY k.tf, k.bar_seq
    )
    SELECT
        array_agg(r.tf), array_agg(r.bar_seq), array_agg(r.first_at), array_agg(r.last_at),
        array_agg(r.high_at), array_agg(r.low_at)
    INTO tfs, bars, firsts, lasts, highs, lows
    FROM (SELECT * FROM runs AS r ORDER BY r.first_at, r.last_at) AS r;
END;
$$;
