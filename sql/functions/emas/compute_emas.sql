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
AS $$
#variable_conflict use_column
DECLARE
    v_days int;
    v_tfs text[];
    v_counts int[];
    v_by_rows boolean[];
    v_equiv boolean[];
    v_from_bars int[];
    v_bars_before int[];
    v_rows_before int[];
    v_closed_before int[];
    v_row_before int;
    v_sum_rows int;
    v_closes float8[];
    v_means float8[];
    v_odd text;
BEGIN
    SELECT max(d.bar_seq) INTO v_days FROM cmc_price_bars_1d AS d WHERE d.id = p_id;

    -- Where each timeframe resumes: the bar of the last day that stays, and the closed bar before it.
    SELECT
        array_agg(r.tf ORDER BY r.ordinal), array_agg(r.n ORDER BY r.ordinal),
        array_agg(r.by_rows ORDER BY r.ordinal), array_agg(r.equiv ORDER BY r.ordinal),
        array_agg(r.from_bar ORDER BY r.ordinal),
        array_agg(r.bar_before ORDER BY r.ordinal), array_agg(r.row_before ORDER BY r.ordinal),
        array_agg(coalesce(r.n_closed, 0) ORDER BY r.ordinal), min(r.row_before),
        min(r.tf) FILTER (WHERE r.bar_before IS NOT NULL AND (
            r.n_closed IS NULL OR (r.by_rows AND r.n_closed <> r.bar_before)
            OR (p_bar AND cardinality(r.bar_space) IS DISTINCT FROM r.live)
            OR (p_day AND cardinality(r.day_space) IS DISTINCT FROM r.live)))
    INTO
        v_tfs, v_counts, v_by_rows, v_equiv, v_from_bars, v_bars_before, v_rows_before, v_closed_before,
        v_row_before, v_odd
    FROM (
        SELECT
            t.*, e.n_closed, e.bar_space, e.day_space,
            coalesce(CASE WHEN t.tf = '1D' THEN t.bar_before ELSE b.last_row END, 0) AS row_before,
            (SELECT count(*) FROM unnest(p_periods) AS p (period) WHERE p.period <= e.n_closed) AS live
        FROM (
            SELECT
                g.tf, g.ordinal, c.tf_qty AS n, c.unit_kind = 'D' AS by_rows, c.allow_partial_start AS equiv,
                m.from_bar,
                CASE
                    WHEN c.unit_kind = 'D' THEN nullif(m.from_bar - 1, 0)
                    ELSE (
                        SELECT o.bar_seq FROM bars AS o
                        WHERE o.id = p_id AND o.tf = g.tf AND o.bar_seq < m.from_bar
                        ORDER BY o.bar_seq DESC LIMIT 1)
                END AS bar_before
            FROM unnest(p_tfs, p_from_rows) WITH ORDINALITY AS g (tf, from_row, ordinal)
            INNER JOIN dim_timeframe AS c ON c.tf = g.tf
            CROSS JOIN LATERAL (
                SELECT CASE
                    WHEN g.from_row <= 1 THEN 1
                    WHEN g.tf = '1D' THEN g.from_row
                    WHEN c.unit_kind = 'D' THEN (g.from_row - 2) / c.tf_qty + 1
                    ELSE coalesce((
                        SELECT o.bar_seq FROM bars AS o
                        WHERE o.id = p_id AND o.tf = g.tf AND o.first_row < g.from_row
                        ORDER BY o.bar_seq DESC LIMIT 1), 1)
                END AS from_bar
            ) AS m
        ) AS t
        LEFT JOIN emas AS e ON e.id = p_id AND e.tf = t.tf AND e.bar_seq = t.bar_before
        LEFT JOIN bars AS b ON b.id = p_id AND b.tf = t.tf AND b.bar_seq = t.bar_before
    ) AS r;
    IF v_odd IS NOT NULL THEN
        PERFORM raise_emas_differ(p_id, v_odd);
    END IF;
    SELECT u.tf INTO v_odd
    FROM unnest(v_tfs) AS u (tf) CROSS JOIN unnest(p_periods) AS p (period)
    WHERE NOT EXISTS (SELECT FROM ema_alpha AS a WHERE a.tf = u.tf AND a.period = p.period)
    LIMIT 1;
    IF v_odd IS NOT NULL THEN
        PERFORM raise_alpha_missing(v_odd, p_periods);
    END IF;

    IF p_day THEN
        SELECT array_agg(d.close ORDER BY d.bar_seq) INTO v_closes
        FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq > v_row_before;
    END IF;
    -- Means of the first days: seeds of day space, and of 1D.
    SELECT max(p.period * u.n) INTO v_sum_rows
    FROM unnest(v_tfs, v_counts, v_by_rows, v_closed_before) AS u (tf, n, by_rows, closed_before)
    CROSS JOIN unnest(p_periods) AS p (period)
    WHERE u.by_rows AND (p_day OR u.tf = '1D') AND p.period > u.closed_before AND p.period <= v_days / u.n;
    IF v_sum_rows IS NOT NULL THEN
        SELECT array_agg((0.0::float8 + s.total) / s.bar_seq ORDER BY s.bar_seq) INTO v_means
        FROM (
            SELECT d.bar_seq, sum(d.close) OVER (ORDER BY d.bar_seq ROWS UNBOUNDED PRECEDING) AS total
            FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq <= v_sum_rows
        ) AS s;
    END IF;

    RETURN QUERY
    WITH frames AS MATERIALIZED (
        SELECT
            f.*, e.bar_space AS bar_space_before, e.day_space AS day_space_before, a.alpha_bar, a.alpha_inside
        FROM unnest(
            v_tfs, v_counts, v_by_rows, v_equiv, v_from_bars, v_bars_before, v_rows_before, v_closed_before
        ) AS f (tf, n, by_rows, equiv, from_bar, bar_before, row_before, closed_before)
        LEFT JOIN emas AS e ON e.id = p_id AND e.tf = f.tf AND e.bar_seq = f.bar_before
        CROSS JOIN LATERAL (
            SELECT
                array_agg(a.alpha_bar ORDER BY a.period) AS alpha_bar,
                array_agg(CASE WHEN f.equiv THEN a.alpha_equiv ELSE a.alpha_day END
                    ORDER BY a.period) AS alpha_inside
            FROM ema_alpha AS a WHERE a.tf = f.tf AND a.period = ANY(p_periods)
        ) AS a
    ),
    bar_rows AS MATERIALIZED (
        SELECT
            f.tf, b.bar_seq, b.first_row, b.last_row, b.is_closed, b.close,
            (f.closed_before + row_number() OVER (PARTITION BY f.tf ORDER BY b.bar_seq))::int AS ordinal
        FROM frames AS f
        INNER JOIN bars AS b ON b.id = p_id AND b.tf = f.tf AND b.bar_seq >= f.from_bar
        UNION ALL
        SELECT f.tf, d.bar_seq, d.bar_seq, d.bar_seq, true, d.close, d.bar_seq
        FROM frames AS f
        INNER JOIN cmc_price_bars_1d AS d ON d.id = p_id AND d.bar_seq >= f.from_bar
        WHERE f.tf = '1D'
    ),
    series AS MATERIALIZED (
        SELECT
            r.tf, f.closed_before + count(*) FILTER (WHERE r.is_closed) AS closed,
            array_agg(r.close ORDER BY r.ordinal) FILTER (WHERE r.is_closed OR f.by_rows) AS closes
        FROM bar_rows AS r INNER JOIN frames AS f ON f.tf = r.tf
        GROUP BY r.tf, f.closed_before
    ),
    -- Means of the first canonical closes, where a period goes live from here on.
    bar_means AS MATERIALIZED (
        SELECT f.tf, c.n, (0.0::float8 + c.total) / c.n AS mean
        FROM frames AS f
        INNER JOIN series AS s ON s.tf = f.tf
        CROSS JOIN LATERAL (
            SELECT max(p.period) AS longest FROM unnest(p_periods) AS p (period)
            WHERE p.period > f.closed_before AND p.period <= s.closed
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
    bar_lanes AS MATERIALIZED (
        SELECT f.tf, f.closed_before + l.n AS ordinal, l.v
        FROM frames AS f
        INNER JOIN series AS s ON s.tf = f.tf
        CROSS JOIN LATERAL (
            SELECT
                array_agg(CASE WHEN p.period > f.closed_before AND p.period <= s.closed
                    THEN p.period - f.closed_before END ORDER BY p.period) AS seed_at,
                array_agg(CASE WHEN f.tf = '1D' THEN v_means[p.period] ELSE m.mean END
                    ORDER BY p.period) AS seeds
            FROM unnest(p_periods) AS p (period)
            LEFT JOIN bar_means AS m ON m.tf = f.tf AND m.n = p.period
        ) AS z
        CROSS JOIN LATERAL ema_lanes(
            s.closes, ARRAY(SELECT generate_series(1, cardinality(s.closes))), f.alpha_bar,
            CASE WHEN p_bar THEN f.bar_space_before ELSE f.day_space_before END, z.seed_at, z.seeds) AS l
        WHERE p_bar OR f.tf = '1D'
    ),
    block_rows AS MATERIALIZED (
        SELECT f.tf, k.k AS block, 64 * k.k - 2 AS row_no
        FROM frames AS f
        CROSS JOIN generate_series(1, (v_days + 2) / 64) AS k (k)
        WHERE p_day AND f.tf <> '1D' AND 64 * k.k - 2 > f.row_before
    ),
    day_lanes AS MATERIALIZED (
        SELECT f.tf, e.row_nos[l.n] AS row_no, l.v
        FROM frames AS f
        CROSS JOIN LATERAL (
            SELECT
                array_agg(x.row_no ORDER BY x.row_no) AS row_nos,
                array_agg(x.row_no - f.row_before ORDER BY x.row_no) AS ends
            FROM (
                SELECT r.last_row AS row_no FROM bar_rows AS r WHERE r.tf = f.tf
                UNION
                SELECT k.row_no FROM block_rows AS k WHERE k.tf = f.tf
            ) AS x
        ) AS e
        CROSS JOIN LATERAL (
            SELECT
                array_agg(r.last_row - f.row_before ORDER BY p.period) AS seed_at,
                array_agg(CASE WHEN f.by_rows THEN v_means[r.last_row] ELSE b.v[p.i] END
                    ORDER BY p.period) AS seeds
            FROM unnest(p_periods) WITH ORDINALITY AS p (period, i)
            LEFT JOIN bar_rows AS r
                ON r.tf = f.tf AND r.ordinal = p.period AND r.is_closed AND r.ordinal > f.closed_before
            LEFT JOIN bar_lanes AS b ON b.tf = f.tf AND b.ordinal = r.ordinal
        ) AS z
        CROSS JOIN LATERAL ema_lanes(
            v_closes[f.row_before - v_row_before + 1:], e.ends, f.alpha_inside, f.day_space_before,
            z.seed_at, z.seeds) AS l
        WHERE p_day AND f.tf <> '1D'
    ),
    -- Bar space inside calendar bars: at the newest day of the forming bar and where blocks begin.
    inside AS MATERIALIZED (
        SELECT r.tf, w.row_nos[l.n] AS row_no, l.v
        FROM bar_rows AS r
        INNER JOIN frames AS f ON f.tf = r.tf AND NOT f.by_rows
        LEFT JOIN bar_lanes AS b ON b.tf = r.tf AND b.ordinal = r.ordinal - 1
        CROSS JOIN LATERAL (
            SELECT
                array_agg(x.row_no ORDER BY x.row_no) AS row_nos,
                array_agg(x.row_no - r.first_row + 1 ORDER BY x.row_no) AS ends
            FROM (
                SELECT r.last_row AS row_no WHERE NOT r.is_closed
                UNION
                SELECT 64 * k.k - 2
                FROM generate_series((r.first_row + 65) / 64, (r.last_row + 2) / 64) AS k (k)
                WHERE NOT (r.is_closed AND 64 * k.k - 2 = r.last_row)
            ) AS x
        ) AS w
        CROSS JOIN LATERAL (
            SELECT CASE WHEN r.ordinal - 1 = f.closed_before THEN f.bar_space_before ELSE b.v END AS v
        ) AS i
        CROSS JOIN LATERAL ema_lanes(
            v_closes[r.first_row - v_row_before:w.row_nos[cardinality(w.row_nos)] - v_row_before],
            w.ends, f.alpha_inside, i.v, NULL, NULL) AS l
        WHERE w.row_nos IS NOT NULL AND cardinality(i.v) > 0
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
            WHEN r.ordinal - 1 = f.closed_before THEN coalesce(f.bar_space_before, '{}')
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
        k.tf, NULL, k.block, NULL,
        CASE WHEN NOT f.by_rows THEN coalesce(b.v, i.v, '{}') END, d.v, NULL
    FROM block_rows AS k
    INNER JOIN frames AS f ON f.tf = k.tf
    INNER JOIN day_lanes AS d ON d.tf = k.tf AND d.row_no = k.row_no
    LEFT JOIN bar_rows AS r ON r.tf = k.tf AND r.last_row = k.row_no AND r.is_closed
    LEFT JOIN bar_lanes AS b ON b.tf = r.tf AND b.ordinal = r.ordinal
    LEFT JOIN inside AS i ON i.tf = k.tf AND i.row_no = k.row_no
    WHERE cardinality(d.v) > 0;
END;
$$;
