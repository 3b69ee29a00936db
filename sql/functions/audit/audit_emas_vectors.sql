-- audit_emas_vectors: recompute every vector of EMAs from bars and days, and compare it with what is stored,
--   bit
--   for bit.
--   p_ids   asset ids; NULL: all
-- Returns   findings (error), detail with variant: ema_vector_missing, ema_n_closed, ema_vector_length,
--           ema_not_finite, ema_seed, ema_bar_recursion, ema_day_recursion, ema_forming, ema_out_of_range
--           (per variant, tf and period), ema_block (vectors from which blocks of days are read),
--           ema_v1_v2_1d.
-- Errors    TA030 a close is NULL.   Cost  one pass over bars and days per timeframe and live period.
-- Rule      a mean of the first closes is a seed, every other value a step. Only timeframes with nothing
--           waiting, built with the periods of today, are judged.
CREATE OR REPLACE FUNCTION audit_emas_vectors(p_ids int[] DEFAULT NULL)
RETURNS TABLE ("check" text, severity text, id int, tf text, period int, ts timestamptz, detail jsonb)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET jit = off
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
SET enable_mergejoin = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
DECLARE
    -- One asset by its name: so it reaches every table behind a view.
    v_only int := CASE WHEN cardinality(p_ids) = 1 THEN p_ids[1] END;
    v_periods int[] := ARRAY(SELECT p.period FROM dim_period AS p ORDER BY p.period);
BEGIN
    IF goes_one_by_one(p_ids) THEN
        RETURN QUERY
        SELECT f.* FROM unnest(coalesce(p_ids, ARRAY(SELECT k.id FROM asset_ids() AS k (id)))) AS a (id)
        CROSS JOIN LATERAL audit_emas_vectors(ARRAY[a.id]) AS f;
        RETURN;
    END IF;
    RETURN QUERY
    WITH days AS MATERIALIZED (
        SELECT
            d.id, d."timestamp" AS ts, d.close, (row_number() OVER w)::int AS row_no,
            sum(d.close) OVER (w ROWS UNBOUNDED PRECEDING) AS total
        FROM cmc_price_bars_1d AS d
        WHERE p_ids IS NULL OR d.id = ANY(p_ids)
        WINDOW w AS (PARTITION BY d.id ORDER BY d."timestamp")
    ),
    assets AS MATERIALIZED (
        SELECT
            d.id, array_agg(d.close ORDER BY d.row_no) AS closes,
                array_agg(d.total ORDER BY d.row_no) AS totals,
            min(d.close) AS lowest, max(d.close) AS highest, count(*)::int AS n_rows
        FROM days AS d
        GROUP BY d.id
    ),
    frames AS MATERIALIZED (
        SELECT
            v.*, row_number() OVER (ORDER BY v.id, v.tf) AS frame, t.tf_qty AS n,
                t.unit_kind = 'D' AS by_rows,
            a.alpha_bar, a.alpha_inside
        FROM (
            SELECT
                s.id, b.tf, bool_or(s.ema_group <> 'multi_tf_v2') AS in_bar,
                    bool_or(s.ema_group <> 'multi_tf') AS in_day,
                min(s.ema_group) FILTER (WHERE s.ema_group NOT LIKE 'multi%') AS calendar
            FROM emas_state AS s
            CROSS JOIN LATERAL unnest(s.tfs) AS b (tf)
            WHERE
                (p_ids IS NULL OR s.id = ANY(p_ids)) AND s.dirty_from IS NULL AND s.periods = v_periods
                AND NOT EXISTS (
                    SELECT 1 FROM emas_pending AS q
                    WHERE
                        q.id = s.id AND q.ema_group = s.ema_group AND q.tf = b.tf
                        AND (p_ids IS NULL OR q.id = ANY(p_ids)))
                AND (b.tf = '1D' OR EXISTS (
                    SELECT 1 FROM built_timeframes AS f
                    WHERE f.id = s.id AND f.tf = b.tf AND f.settled AND (v_only IS NULL OR f.id = v_only)))
            GROUP BY s.id, b.tf
        ) AS v
        INNER JOIN dim_timeframe AS t ON t.tf = v.tf
        -- By formula, so that a wrong alpha is one finding of its own; only alpha_equiv has no exact formula.
        CROSS JOIN LATERAL (
            SELECT
                array_agg(2.0::float8 / (p.period + 1.0::float8) ORDER BY p.period) AS alpha_bar,
                array_agg(CASE
                    WHEN t.bar_group LIKE 'cal\_anchor%' THEN x.alpha_equiv
                    ELSE 2.0::float8 / (p.period::float8 * timeframe_nominal_days(v.tf) + 1.0::float8)
                END ORDER BY p.period) AS alpha_inside
            FROM unnest(v_periods) AS p (period)
            LEFT JOIN ema_alpha AS x ON x.tf = v.tf AND x.period = p.period
        ) AS a
        WHERE array_position(a.alpha_inside, NULL) IS NULL
    ),
    bar_rows AS MATERIALIZED (
        SELECT
            f.frame, b.bar_seq, b.first_row, b.last_row, b.is_closed, b.close, b.time_close AS ts,
            (row_number() OVER w)::int AS ordinal, sum(b.close) OVER (w ROWS UNBOUNDED PRECEDING) AS total
        FROM frames AS f
        INNER JOIN bars AS b ON b.id = f.id AND b.tf = f.tf AND (p_ids IS NULL OR b.id = ANY(p_ids))
        WINDOW w AS (PARTITION BY f.frame ORDER BY b.bar_seq)
        UNION ALL
        SELECT f.frame, d.row_no, d.row_no, d.row_no, true, d.close, d.ts, d.row_no, d.total
        FROM frames AS f
        INNER JOIN days AS d ON d.id = f.id
        WHERE f.tf = '1D'
    ),
    series AS MATERIALIZED (
        SELECT
            r.frame, count(*) FILTER (WHERE r.is_closed) AS n_closed,
            array_agg(r.close ORDER BY r.ordinal) FILTER (WHERE r.is_closed) AS closes,
            array_agg(r.total ORDER BY r.ordinal) FILTER (WHERE r.is_closed) AS totals,
            array_agg(r.last_row ORDER BY r.ordinal) AS ends
        FROM bar_rows AS r
        GROUP BY r.frame
    ),
    bar_lanes AS MATERIALIZED (
        SELECT s.frame, l.n AS ordinal, l.v
        FROM series AS s
        INNER JOIN frames AS f ON f.frame = s.frame
        CROSS JOIN LATERAL (
            SELECT
                array_agg(CASE WHEN p.period <= s.n_closed THEN p.period END ORDER BY p.period) AS seed_at,
                array_agg((0.0::float8 + s.totals[p.period]) / p.period ORDER BY p.period) AS seeds
            FROM unnest(v_periods) AS p (period)
        ) AS z
        CROSS JOIN LATERAL ema_lanes(
            s.closes, ARRAY(SELECT generate_series(1, s.n_closed::int)), f.alpha_bar, NULL, z.seed_at,
                z.seeds) AS l
        WHERE s.n_closed > 0
    ),
    wanted AS MATERIALIZED (
        SELECT f.frame, array_agg(x.row_no ORDER BY x.row_no) AS row_nos
        FROM frames AS f
        INNER JOIN series AS s ON s.frame = f.frame
        INNER JOIN assets AS a ON a.id = f.id
        CROSS JOIN LATERAL (
            SELECT e.row_no FROM unnest(s.ends) AS e (row_no)
            UNION
            SELECT 64 * k.k - 2 FROM generate_series(1, (a.n_rows + 2) / 64) AS k (k) WHERE f.tf <> '1D'
        ) AS x
        WHERE f.in_day
        GROUP BY f.frame
    ),
    day_lanes AS MATERIALIZED (
        SELECT f.frame, w.row_nos[l.n] AS row_no, l.v
        FROM wanted AS w
        INNER JOIN frames AS f ON f.frame = w.frame
        INNER JOIN series AS s ON s.frame = w.frame
        INNER JOIN assets AS a ON a.id = f.id
        CROSS JOIN LATERAL (
            SELECT
                array_agg(CASE WHEN p.period <= s.n_closed THEN s.ends[p.period] END ORDER BY p.period)
                    AS seed_at,
                array_agg(CASE
                    WHEN f.by_rows THEN (0.0::float8 + a.totals[p.period * f.n]) / (p.period * f.n)
                    ELSE (0.0::float8 + s.totals[p.period]) / p.period
                END ORDER BY p.period) AS seeds
            FROM unnest(v_periods) AS p (period)
        ) AS z
        CROSS JOIN LATERAL ema_lanes(a.closes, w.row_nos, f.alpha_inside, NULL, z.seed_at, z.seeds) AS l
    ),
    -- Bar space inside calendar bars: on the newest day of a forming bar, and where blocks of days begin.
    inside AS MATERIALIZED (
        SELECT r.frame, x.row_nos[l.n] AS row_no, l.v
        FROM bar_rows AS r
        INNER JOIN frames AS f ON f.frame = r.frame AND NOT f.by_rows
        INNER JOIN assets AS a ON a.id = f.id
        INNER JOIN bar_lanes AS b ON b.frame = r.frame AND b.ordinal = r.ordinal - 1
        CROSS JOIN LATERAL (
            SELECT array_agg(y.row_no ORDER BY y.row_no) AS row_nos
            FROM (
                SELECT r.last_row AS row_no WHERE NOT r.is_closed
                UNION
                SELECT 64 * k.k - 2
                    FROM generate_series((r.first_row + 65) / 64, (r.last_row + 2) / 64) AS k (k)
                WHERE NOT (r.is_closed AND 64 * k.k - 2 = r.last_row)
            ) AS y
        ) AS x
        CROSS JOIN LATERAL ema_lanes(
            a.closes[r.first_row:r.last_row],
                ARRAY(SELECT u.row_no - r.first_row + 1 FROM unnest(x.row_nos) AS u (row_no)),
            f.alpha_inside, b.v, NULL, NULL) AS l
        WHERE x.row_nos IS NOT NULL AND cardinality(b.v) > 0
    ),
    expected AS MATERIALIZED (
        SELECT
            r.frame, f.id, f.tf, f.calendar, f.in_bar, f.in_day, r.bar_seq, r.ts, r.is_closed,
            CASE WHEN r.is_closed THEN r.ordinal ELSE r.ordinal - 1 END AS n_closed,
            CASE
                WHEN r.is_closed THEN b.v
                WHEN f.by_rows THEN ema_step(f.alpha_bar, coalesce(p.v, '{}'), r.close)
                ELSE coalesce(i.v, '{}')
            END AS bar_space,
            d.v AS day_space,
            CASE WHEN NOT r.is_closed THEN coalesce(p.v, '{}') END AS anchor
        FROM bar_rows AS r
        INNER JOIN frames AS f ON f.frame = r.frame
        LEFT JOIN bar_lanes AS b ON b.frame = r.frame AND b.ordinal = r.ordinal
        LEFT JOIN bar_lanes AS p ON p.frame = r.frame AND p.ordinal = r.ordinal - 1
        LEFT JOIN inside AS i ON i.frame = r.frame AND i.row_no = r.last_row
        LEFT JOIN day_lanes AS d ON d.frame = r.frame AND d.row_no = r.last_row
    ),
    -- Vectors that aren't what they should be, one row per space.
    differing AS MATERIALIZED (
        SELECT
            coalesce(e.id, o.id) AS id, coalesce(e.tf, o.tf) AS tf, coalesce(e.bar_seq, o.bar_seq) AS bar_seq,
                e.ts,
            e.is_closed, e.n_closed, o.n_closed AS n_closed_stored, e.id IS NULL AS is_surplus, v.variant,
            v.in_bar, v.should_be, v.stored
        FROM expected AS e
        FULL JOIN (
            SELECT x.* FROM emas AS x INNER JOIN frames AS f ON f.id = x.id AND f.tf = x.tf
            WHERE (p_ids IS NULL OR x.id = ANY(p_ids))
        ) AS o ON o.id = e.id AND o.tf = e.tf AND o.bar_seq = e.bar_seq
        CROSS JOIN LATERAL (VALUES
            (coalesce(e.calendar, 'multi_tf'), true, e.in_bar, e.bar_space, o.bar_space),
            (coalesce(e.calendar, 'multi_tf_v2'), false, e.in_day, e.day_space, o.day_space)
        ) AS v (variant, in_bar, is_due, should_be, stored)
        WHERE
            coalesce(v.is_due, true)
            AND (e.id IS NULL OR record_image_ne(ROW(e.n_closed, v.should_be), ROW(o.n_closed, v.stored)))
    ),
    elements AS (
        SELECT
            d.*, u.period, u.should_be AS value, u.stored AS stored_value,
            u.stored IS NULL OR u.stored IN ('NaN', 'Infinity', '-Infinity') AS is_odd
        FROM differing AS d
        CROSS JOIN LATERAL unnest(v_periods, d.should_be, d.stored) AS u (period, should_be, stored)
        WHERE
            u.period <= d.n_closed AND cardinality(d.stored) = cardinality(d.should_be)
            AND record_image_ne(ROW(u.should_be), ROW(u.stored))
    ),
    judged AS (
        SELECT
            CASE
                WHEN e.is_odd THEN 'ema_not_finite'
                WHEN NOT e.is_closed THEN 'ema_forming'
                WHEN e.n_closed = e.period THEN 'ema_seed'
                WHEN e.in_bar THEN 'ema_bar_recursion'
                ELSE 'ema_day_recursion'
            END AS name,
            e.variant, e.id, e.tf, e.period, e.ts, e.bar_seq, to_jsonb(e.value) AS should_be,
            to_jsonb(e.stored_value) AS stored
        FROM elements AS e
        UNION ALL
        SELECT 'ema_out_of_range', e.variant, e.id, e.tf, e.period, e.ts, e.bar_seq, NULL,
            to_jsonb(e.stored_value)
        FROM elements AS e
        INNER JOIN assets AS a ON a.id = e.id
        WHERE
            NOT e.is_odd
            AND (e.stored_value < a.lowest - 1e-9::float8 * abs(a.lowest)
                OR e.stored_value > a.highest + 1e-9::float8 * abs(a.highest))
        UNION ALL
        SELECT
            x.name, d.variant, d.id, d.tf, NULL, d.ts, d.bar_seq, x.should_be, x.stored
        FROM differing AS d
        CROSS JOIN LATERAL (VALUES
            ('ema_vector_missing', d.is_surplus OR d.stored IS NULL, NULL::jsonb, NULL::jsonb),
            ('ema_n_closed', d.n_closed <> d.n_closed_stored, to_jsonb(d.n_closed),
                to_jsonb(d.n_closed_stored)),
            ('ema_vector_length', cardinality(d.stored) <> cardinality(d.should_be),
                to_jsonb(cardinality(d.should_be)), to_jsonb(cardinality(d.stored)))
        ) AS x (name, is_bad, should_be, stored)
        WHERE x.is_bad
        UNION ALL
        SELECT 'ema_forming', coalesce(e.calendar, 'multi_tf'), e.id, e.tf, NULL, e.ts, e.bar_seq, NULL, NULL
        FROM expected AS e
        INNER JOIN emas AS o ON o.id = e.id AND o.tf = e.tf AND o.bar_seq = e.bar_seq
        WHERE
            (p_ids IS NULL OR o.id = ANY(p_ids)) AND e.in_bar
            AND record_image_ne(ROW(e.anchor), ROW(o.anchor))
        UNION ALL
        SELECT 'ema_block', coalesce(f.calendar, 'multi_tf_v2'), f.id, f.tf, NULL, NULL,
            coalesce(d.block, k.block), NULL, NULL
        FROM (
            SELECT
                w.frame, (w.row_no + 2) / 64 AS block, w.v AS day_space,
                CASE WHEN NOT f.by_rows THEN coalesce(i.v, b.v) END AS bar_space
            FROM day_lanes AS w
            INNER JOIN frames AS f ON f.frame = w.frame AND f.tf <> '1D'
            LEFT JOIN inside AS i ON i.frame = w.frame AND i.row_no = w.row_no
            LEFT JOIN bar_rows AS r ON r.frame = w.frame AND r.last_row = w.row_no AND r.is_closed
            LEFT JOIN bar_lanes AS b ON b.frame = r.frame AND b.ordinal = r.ordinal
            WHERE w.row_no % 64 = 62 AND cardinality(w.v) > 0
        ) AS d
        FULL JOIN (
            SELECT x.*, y.frame FROM emas_at_blocks AS x
            INNER JOIN frames AS y ON y.id = x.id AND y.tf = x.tf AND y.in_day
            WHERE (p_ids IS NULL OR x.id = ANY(p_ids))
        ) AS k ON k.frame = d.frame AND k.block = d.block
        INNER JOIN frames AS f ON f.frame = coalesce(d.frame, k.frame)
        WHERE record_image_ne(ROW(d.bar_space, d.day_space), ROW(k.bar_space, k.day_space))
        UNION ALL
        SELECT 'ema_v1_v2_1d', 'multi_tf_v2', o.id, o.tf, NULL, e.ts, o.bar_seq, NULL, NULL
        FROM emas AS o
        INNER JOIN expected AS e ON e.id = o.id AND e.tf = o.tf AND e.bar_seq = o.bar_seq
        WHERE
            (p_ids IS NULL OR o.id = ANY(p_ids)) AND o.tf = '1D' AND e.in_bar AND e.in_day
            AND record_image_ne(ROW(o.bar_space), ROW(o.day_space))
    )
    SELECT
        j.name, 'error', j.id, j.tf, j.period, min(j.ts),
        jsonb_strip_nulls(jsonb_build_object(
            'variant', j.variant, 'n', count(*), 'bar_seq', min(j.bar_seq),
            'expected', (array_agg(j.should_be ORDER BY j.bar_seq))[1],
            'actual', (array_agg(j.stored ORDER BY j.bar_seq))[1]))
    FROM judged AS j
    GROUP BY j.name, j.variant, j.id, j.tf, j.period;
END;
$$;
