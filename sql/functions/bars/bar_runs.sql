-- bar_runs: the bars of some timeframes as runs of days: their first and last day and those of the extremes.
--   p_kinds, p_counts, p_units   unit, count and first unit of each timeframe (not 1D)
--   p_bars    for each of them the first bar wanted
--   p_row     row number (1d bar_seq) of the first day given, of the first bar wanted or before
--   p_days .. p_time_lows   the days from there on, in order
-- Returns   parallel arrays in order of first and last day: tfs, positions in p_kinds; bars, their numbers;
--           firsts, lasts, highs, lows: positions in p_days.
-- Errors    none.   Cost  3 us a day, some us a bar.
-- Rule      a day's bar is (unit - first unit) / n + 1, where the unit is the row for N-day bars and the
--           calendar week, month or year else. Highs and lows are found by rank, ties go to the earliest
--           time.
CREATE OR REPLACE FUNCTION bar_runs(
    p_kinds text[], p_counts int[], p_units int[], p_bars int[], p_row int, p_days date[],
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
    v_days CONSTANT int := cardinality(p_days);
    -- Positions of the days in order of their high and of their low, worst first.
    v_by_high int[];
    v_by_low int[];
    -- Of all ranges of 1, 4, 16, .. days: the highest place in these orders.
    v_highest int[];
    v_lowest int[];
BEGIN
    v_by_high := ARRAY(
        SELECT d.i FROM unnest(p_highs, p_time_highs) WITH ORDINALITY AS d (high, time_high, i)
        ORDER BY d.high, d.time_high DESC, d.i DESC);
    v_by_low := ARRAY(
        SELECT d.i FROM unnest(p_lows, p_time_lows) WITH ORDINALITY AS d (low, time_low, i)
        ORDER BY d.low DESC, d.time_low DESC, d.i DESC);
    v_highest := range_maxima(ARRAY(
        SELECT h.place::int FROM unnest(v_by_high) WITH ORDINALITY AS h (i, place) ORDER BY h.i));
    v_lowest := range_maxima(ARRAY(
        SELECT l.place::int FROM unnest(v_by_low) WITH ORDINALITY AS l (i, place) ORDER BY l.i));

    WITH timeframes AS MATERIALIZED (
        SELECT t.i::int, t.kind, t.n, t.first_unit, t.bar
        FROM unnest(p_kinds, p_counts, p_units, p_bars) WITH ORDINALITY AS t (kind, n, first_unit, bar, i)
    ),
    -- From the first unit with a day to the last: where its days begin, or would; and an end.
    units AS MATERIALIZED (
        SELECT
            c.kind, min(c.unit) AS first_unit, max(c.unit) AS last_unit,
            array_agg(c.i::int ORDER BY c.i) || (v_days + 1) AS firsts
        FROM (
            SELECT
                k.kind, d.i, calendar_unit(k.kind, d.day) AS unit,
                calendar_unit(k.kind, d.before) AS before
            FROM (SELECT DISTINCT t.kind FROM timeframes AS t WHERE t.kind <> 'D') AS k
            CROSS JOIN unnest(p_days, NULL::date || p_days[:v_days - 1]) WITH ORDINALITY AS d (day, before, i)
            OFFSET 0
        ) AS c
        CROSS JOIN LATERAL generate_series(1, coalesce(c.unit - c.before, 1))
        WHERE c.unit > c.before OR c.before IS NULL
        GROUP BY c.kind
        UNION ALL
        SELECT 'D', p_row, p_row + v_days - 1, ARRAY(SELECT generate_series(1, v_days + 1))
    ),
    runs AS (
        SELECT
            x.tf, x.bar_seq, x.firsts[greatest(x.unit, 1)] AS first_at,
            x.firsts[least(x.unit + x.n, cardinality(x.firsts))] - 1 AS last_at
        FROM (
            SELECT
                t.i AS tf, t.n, b.bar_seq, u.firsts,
                (b.bar_seq - 1) * t.n + t.first_unit - u.first_unit + 1 AS unit
            FROM timeframes AS t
            INNER JOIN units AS u ON u.kind = t.kind
            CROSS JOIN LATERAL generate_series(
                greatest(t.bar, bar_of_unit(t.n, t.first_unit, u.first_unit), 1),
                bar_of_unit(t.n, t.first_unit, u.last_unit)) AS b (bar_seq)
            OFFSET 0
        ) AS x
    )
    SELECT
        array_agg(o.tf), array_agg(o.bar_seq), array_agg(o.first_at), array_agg(o.last_at),
        array_agg(v_by_high[greatest(v_highest[o.a], v_highest[o.b], v_highest[o.c], v_highest[o.d])]),
        array_agg(v_by_low[greatest(v_lowest[o.a], v_lowest[o.b], v_lowest[o.c], v_lowest[o.d])])
    INTO tfs, bars, firsts, lasts, highs, lows
    FROM (
        -- Four of these ranges cover a run; the last one ends with it.
        SELECT
            r.tf, r.bar_seq, r.first_at, r.last_at, r.base + r.first_at AS a,
            r.base + least(r.first_at + r.length, r.last_at - r.length + 1) AS b,
            r.base + least(r.first_at + 2 * r.length, r.last_at - r.length + 1) AS c,
            r.base + r.last_at - r.length + 1 AS d
        FROM (
            SELECT l.*, l.level * v_days AS base, 1 << (2 * l.level) AS length
            FROM (
                SELECT q.*, width_bucket(
                    q.last_at - q.first_at + 1, '{4, 16, 64, 256, 1024, 4096, 16384, 65536}'::int[]) AS level
                FROM runs AS q WHERE q.first_at <= q.last_at
                OFFSET 0
            ) AS l
            OFFSET 0
        ) AS r
        ORDER BY r.first_at, r.last_at
    ) AS o;
END;
$$;
