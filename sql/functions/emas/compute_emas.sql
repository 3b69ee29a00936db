-- compute_emas: the EMA vectors of some timeframes of one asset from a row on, computed from its bars and
--   days.
--   p_id         asset id
--   p_periods    all periods, ascending
--   p_tfs        timeframes; 1D: a vector for every day
--   p_from_rows  for each of them the row number (1d bar_seq) of the first day that may differ; 1: from
--                nothing
--   p_bar, p_day   N-day timeframes: bar space, day space; calendar timeframes need both
-- Returns   a row per bar from the one before the change on: n_closed, bar_space, day_space, anchor (forming
--           bars); and with block and without bar_seq a row per block of 64 days: the vectors two days before
--           the block begins.
-- Errors    TA020 an alpha is missing, TA030 the vectors to resume from are missing or of another length.
-- Cost      0.06 us per day, timeframe and live period.
-- Rule      bar space steps from canonical close to canonical close. Day space steps every day: N-day series
--           from the mean of their first p * n days on, calendar series from the bar-space seed on. Inside a
--           calendar bar, bar space goes on from the last closed bar day by day and snaps back when the bar
--           closes.
CREATE OR REPLACE FUNCTION compute_emas(
    p_id int, p_periods int[], p_tfs text[], p_from_rows int[], p_bar boolean, p_day boolean
)
RETURNS TABLE (
    tf text, bar_seq int, block int, n_closed int, bar_space float8[], day_space float8[], anchor float8[]
)
LANGUAGE plpgsql STABLE ROWS 10000
SET search_path FROM CURRENT
SET jit = off
SET enable_nestloop = off
SET work_mem = '64MB'
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_days int;
    v_starts emas[];
    v_row_inits int[];
BEGIN
    SELECT max(d.bar_seq) INTO v_days FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    -- A vector, a bar and a count to start from: they travel as rows of emas. A query of tables can't ask a
    -- function that reads others.
    SELECT
        array_agg(
            ROW(p_id, f.tf, f.from_bar, f.closed_before, f.bar_init, f.day_init, f.inside_init)::emas),
        array_agg(f.row_init)
    INTO v_starts, v_row_inits
    FROM ema_frames(p_id, p_periods, p_tfs, p_from_rows, p_bar, p_day) AS f;
    RETURN QUERY
    WITH frames AS MATERIALIZED (
        SELECT
            u.tf, c.tf_qty AS n, c.unit_kind = 'D' AS by_rows, a.alpha_bar, a.alpha_inside, u.from_bar,
            u.closed_before, u.bar_init, u.row_init, u.day_init, u.inside_init
        FROM unnest(v_starts, v_row_inits)
            AS u (id, tf, from_bar, closed_before, bar_init, day_init, inside_init, row_init)
        INNER JOIN dim_timeframe AS c ON c.tf = u.tf
        CROSS JOIN LATERAL (
            SELECT
                array_agg(x.alpha_bar ORDER BY x.period) AS alpha_bar,
                array_agg(alpha_inside(c.allow_partial_start, x.alpha_day, x.alpha_equiv)
                    ORDER BY x.period) AS alpha_inside
            FROM ema_alpha AS x WHERE x.tf = u.tf AND x.period = ANY(p_periods)
        ) AS a
    ),
    -- OFFSET 0: index ranges per timeframe, whatever the planner thinks of nested loops.
    bar_rows AS MATERIALIZED (
        SELECT
            f.tf, b.bar_seq, b.first_row, b.last_row, b.is_closed, b.close,
            (f.closed_before + row_number() OVER (PARTITION BY f.tf ORDER BY b.bar_seq))::int AS ordinal
        FROM frames AS f
        CROSS JOIN LATERAL (
            SELECT i.bar_seq, i.first_row, i.last_row, i.is_closed, i.close FROM bars AS i
            WHERE i.id = p_id AND i.tf = f.tf AND i.bar_seq >= f.from_bar
            OFFSET 0
        ) AS b
        UNION ALL
        SELECT f.tf, d.bar_seq, d.bar_seq, d.bar_seq, true, d.close, d.bar_seq
        FROM frames AS f
        CROSS JOIN LATERAL (
            SELECT i.bar_seq, i.close FROM cmc_price_bars_1d AS i
            WHERE i.id = p_id AND i.bar_seq >= f.from_bar AND f.tf = '1D'
            OFFSET 0
        ) AS d
    ),
    series AS MATERIALIZED (
        SELECT
            r.tf, f.closed_before + count(*) FILTER (WHERE r.is_closed) AS closed,
            array_agg(r.close ORDER BY r.ordinal) FILTER (WHERE r.is_closed OR f.by_rows) AS closes
        FROM bar_rows AS r INNER JOIN frames AS f ON f.tf = r.tf
        GROUP BY r.tf, f.closed_before
    ),
    -- The closes of all days that a walk needs, and the means of the first days, which seed day space and 1D
    -- where a period goes live from here on. Read by subselects, so that no row carries the arrays.
    days AS MATERIALIZED (
        SELECT
            w.first_row,
            (SELECT array_agg(d.close ORDER BY d.bar_seq) FROM cmc_price_bars_1d AS d
                WHERE d.id = p_id AND d.bar_seq >= w.first_row AND p_day) AS closes,
            (SELECT array_agg((0.0::float8 + s.total) / s.bar_seq ORDER BY s.bar_seq)
                FROM (
                    SELECT d.bar_seq, sum(d.close) OVER (ORDER BY d.bar_seq ROWS UNBOUNDED PRECEDING) AS total
                    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq <= w.mean_rows
                ) AS s) AS means
        FROM (
            SELECT
                min(f.row_init) + 1 AS first_row,
                max((
                    SELECT max(p.period) FROM unnest(p_periods) AS p (period)
                    WHERE f.by_rows AND (p_day OR f.tf = '1D') AND p.period > f.closed_before
                        AND p.period <= v_days / f.n
                ) * f.n) AS mean_rows
            FROM frames AS f
        ) AS w
    ),
    -- Few timeframes have a period that goes live in the range of a revision.
    seeding AS MATERIALIZED (
        SELECT f.tf, f.n, f.by_rows, f.row_init, f.closed_before, s.closed
        FROM frames AS f
        INNER JOIN series AS s ON s.tf = f.tf
        WHERE width_bucket(f.closed_before, p_periods) < width_bucket(s.closed, p_periods)
    ),
    -- Means of the first canonical closes, where a period goes live from here on.
    bar_means AS MATERIALIZED (
        SELECT f.tf, c.n, (0.0::float8 + c.total) / c.n AS mean
        FROM seeding AS f
        CROSS JOIN LATERAL (
            SELECT max(p.period) AS longest FROM unnest(p_periods) AS p (period)
            WHERE p.period > f.closed_before AND p.period <= f.closed AND f.tf <> '1D'
        ) AS p
        CROSS JOIN LATERAL (
            SELECT
                row_number() OVER (ORDER BY b.bar_seq) AS n,
                sum(b.close) OVER (ORDER BY b.bar_seq ROWS UNBOUNDED PRECEDING) AS total
            FROM (
                SELECT i.bar_seq, i.close FROM bars AS i
                WHERE i.id = p_id AND i.tf = f.tf AND i.is_closed AND p.longest IS NOT NULL
                ORDER BY i.bar_seq LIMIT p.longest
            ) AS b
        ) AS c
        WHERE c.n = ANY(p_periods) AND c.n > f.closed_before
    ),
    bar_seeds AS MATERIALIZED (
        SELECT
            f.tf,
            array_agg(CASE WHEN p.period > f.closed_before AND p.period <= f.closed
                THEN p.period - f.closed_before END ORDER BY p.period) AS seed_at,
            array_agg(CASE WHEN f.tf = '1D' THEN (SELECT d.means FROM days AS d)[p.period] ELSE m.mean END
                ORDER BY p.period) AS seeds
        FROM seeding AS f
        CROSS JOIN unnest(p_periods) AS p (period)
        LEFT JOIN bar_means AS m ON m.tf = f.tf AND m.n = p.period
        GROUP BY f.tf
    ),
    bar_lanes AS MATERIALIZED (
        SELECT f.tf, f.closed_before + l.n AS ordinal, l.v
        FROM frames AS f
        INNER JOIN series AS s ON s.tf = f.tf
        LEFT JOIN bar_seeds AS z ON z.tf = f.tf
        CROSS JOIN LATERAL ema_lanes(
            s.closes, ARRAY(SELECT generate_series(1, cardinality(s.closes))), f.alpha_bar, f.bar_init,
                z.seed_at,
            z.seeds) AS l
        WHERE p_bar OR f.tf = '1D'
    ),
    day_seeds AS MATERIALIZED (
        SELECT
            f.tf,
            array_agg(r.last_row - f.row_init ORDER BY p.period) AS seed_at,
            array_agg(CASE WHEN f.by_rows THEN (SELECT d.means FROM days AS d)[r.last_row] ELSE b.v[p.i] END
                ORDER BY p.period)
                AS seeds
        FROM seeding AS f
        CROSS JOIN unnest(p_periods) WITH ORDINALITY AS p (period, i)
        LEFT JOIN bar_rows AS r
            ON r.tf = f.tf AND r.ordinal = p.period AND r.is_closed AND r.ordinal > f.closed_before
        LEFT JOIN bar_lanes AS b ON b.tf = f.tf AND b.ordinal = r.ordinal
        WHERE p_day AND f.tf <> '1D'
        GROUP BY f.tf
    ),
    day_ends AS MATERIALIZED (
        SELECT
            x.tf, array_agg(x.row_no ORDER BY x.row_no) AS row_nos,
            array_agg(x.row_no - x.row_init ORDER BY x.row_no) AS ends
        FROM (
            SELECT f.tf, f.row_init, r.last_row AS row_no
            FROM frames AS f INNER JOIN bar_rows AS r ON r.tf = f.tf
            WHERE p_day AND f.tf <> '1D' AND r.last_row > f.row_init
            UNION
            SELECT f.tf, f.row_init, 64 * k.k - 2
            FROM frames AS f
            CROSS JOIN LATERAL generate_series(f.row_init / 64 + 1, (v_days + 2) / 64) AS k (k)
            WHERE p_day AND f.tf <> '1D' AND 64 * k.k - 2 > f.row_init
        ) AS x
        GROUP BY x.tf
    ),
    day_lanes AS MATERIALIZED (
        SELECT f.tf, e.row_nos[l.n] AS row_no, l.v
        FROM frames AS f
        INNER JOIN day_ends AS e ON e.tf = f.tf
        LEFT JOIN day_seeds AS z ON z.tf = f.tf
        CROSS JOIN LATERAL ema_lanes(
            (SELECT d.closes FROM days AS d)[f.row_init - (SELECT d.first_row FROM days AS d) + 2:], e.ends,
                f.alpha_inside, f.day_init, z.seed_at, z.seeds)
                AS l
    ),
    -- Bar space inside calendar bars: at the newest day of the forming bar and where blocks begin.
    inside AS MATERIALIZED (
        SELECT r.tf, w.row_nos[l.n] AS row_no, l.v
        FROM bar_rows AS r
        INNER JOIN frames AS f ON f.tf = r.tf AND NOT f.by_rows
        LEFT JOIN bar_lanes AS b ON b.tf = r.tf AND b.ordinal = r.ordinal - 1
        CROSS JOIN LATERAL (
            SELECT
                f.inside_init IS NOT NULL AND f.row_init >= r.first_row AS resumes,
                CASE
                    WHEN f.inside_init IS NOT NULL AND f.row_init >= r.first_row THEN f.row_init + 1
                    ELSE r.first_row
                END AS first_row
        ) AS u
        CROSS JOIN LATERAL (
            SELECT
                array_agg(x.row_no ORDER BY x.row_no) AS row_nos,
                array_agg(x.row_no - u.first_row + 1 ORDER BY x.row_no) AS ends
            FROM (
                SELECT r.last_row AS row_no WHERE NOT r.is_closed
                UNION
                SELECT 64 * k.k - 2
                FROM generate_series((u.first_row + 65) / 64, (r.last_row + 2) / 64) AS k (k)
                WHERE NOT (r.is_closed AND 64 * k.k - 2 = r.last_row)
            ) AS x
        ) AS w
        CROSS JOIN LATERAL (
            SELECT CASE
                WHEN u.resumes THEN f.inside_init
                WHEN r.ordinal - 1 = f.closed_before THEN f.bar_init
                ELSE b.v
            END AS v
        ) AS i
        CROSS JOIN LATERAL ema_lanes(
            (SELECT d.closes FROM days AS d)[
                u.first_row - (SELECT d.first_row FROM days AS d) + 1:
                w.row_nos[cardinality(w.row_nos)] - (SELECT d.first_row FROM days AS d) + 1],
            w.ends, f.alpha_inside, i.v, NULL, NULL) AS l
        WHERE p_day AND w.row_nos IS NOT NULL AND cardinality(i.v) > 0
    )
    SELECT
        r.tf, r.bar_seq, NULL::int, CASE WHEN r.is_closed THEN r.ordinal ELSE r.ordinal - 1 END,
        CASE
            WHEN NOT p_bar THEN NULL
            WHEN f.by_rows OR r.is_closed THEN b.v
            ELSE coalesce(i.v, '{}')
        END,
        CASE WHEN NOT p_day THEN NULL WHEN r.tf = '1D' THEN b.v ELSE d.v END,
        CASE
            WHEN r.is_closed THEN NULL
            WHEN r.ordinal - 1 = f.closed_before AND p_bar THEN coalesce(f.bar_init, '{}')
            ELSE coalesce(y.v, '{}')
        END
    FROM bar_rows AS r
    INNER JOIN frames AS f ON f.tf = r.tf
    LEFT JOIN bar_lanes AS b ON b.tf = r.tf AND b.ordinal = r.ordinal
    LEFT JOIN bar_lanes AS y ON y.tf = r.tf AND y.ordinal = r.ordinal - 1 AND NOT r.is_closed
    LEFT JOIN day_lanes AS d ON d.tf = r.tf AND d.row_no = r.last_row
    LEFT JOIN inside AS i ON i.tf = r.tf AND i.row_no = r.last_row AND NOT r.is_closed
    UNION ALL
    SELECT
        d.tf, NULL, (d.row_no + 2) / 64, NULL,
        CASE WHEN NOT f.by_rows THEN coalesce(b.v, i.v, '{}') END, d.v, NULL
    FROM day_lanes AS d
    INNER JOIN frames AS f ON f.tf = d.tf
    LEFT JOIN bar_rows AS r ON r.tf = d.tf AND r.last_row = d.row_no AND r.is_closed
    LEFT JOIN bar_lanes AS b ON b.tf = r.tf AND b.ordinal = r.ordinal
    LEFT JOIN inside AS i ON i.tf = d.tf AND i.row_no = d.row_no
    WHERE (d.row_no + 2) % 64 = 0 AND cardinality(d.v) > 0;
END;
$$;
