-- audit_emas_rows: read every row of the long EMA relations and check it by itself and against the row
--   before.
--   p_ids   asset ids; NULL: all
-- Returns   findings (error), detail with variant: ema_row_count, ema_canonical_count, ema_duplicate_key,
--           ema_roll_mismatch, ema_null_pattern, ema_derivative, ema_ts_unknown, ema_union, ema_shared_tf.
-- Errors    none.
-- Cost      all rows of the assets, some 20 us each: minutes for a long history. So neither audit_emas nor
--           audit_all calls it; ask for it by name or with --check.
-- Rule      rows follow from vectors and days, which audit_emas proves; this looks at what users see.
--           Variants with something waiting are not counted.
CREATE OR REPLACE FUNCTION audit_emas_rows(p_ids int[] DEFAULT NULL)
RETURNS TABLE ("check" text, severity text, id int, tf text, period int, ts timestamptz, detail jsonb)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET jit = off
SET plan_cache_mode = force_custom_plan
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
BEGIN
    IF goes_one_by_one(p_ids) THEN
        RETURN QUERY
        SELECT f.* FROM unnest(coalesce(p_ids, ARRAY(SELECT k.id FROM asset_ids() AS k (id)))) AS a (id)
        CROSS JOIN LATERAL audit_emas_rows(ARRAY[a.id]) AS f;
        RETURN;
    END IF;
    RETURN QUERY
    WITH days AS MATERIALIZED (
        SELECT d.id, d."timestamp" AS ts,
            row_number() OVER (PARTITION BY d.id ORDER BY d."timestamp") AS row_no
        FROM cmc_price_bars_1d AS d
        WHERE p_ids IS NULL OR d.id = ANY(p_ids)
    ),
    closing AS MATERIALIZED (
        SELECT b.id, b.tf, b.time_close AS ts,
            row_number() OVER (PARTITION BY b.id, b.tf ORDER BY b.bar_seq) AS n
        FROM bars AS b
        WHERE b.is_closed AND (p_ids IS NULL OR b.id = ANY(p_ids))
        UNION ALL
        SELECT d.id, '1D', d.ts, d.row_no FROM days AS d
    ),
    shown AS MATERIALIZED (
        SELECT u.*, u.alignment_source NOT IN ('multi_tf', 'multi_tf_v2') AS by_calendar
        FROM cmc_ema_multi_tf_u AS u
        WHERE p_ids IS NULL OR u.id = ANY(p_ids)
    ),
    neighbours AS (
        SELECT
            s.*, c.ts IS NOT NULL AS is_closing, d.ts IS NOT NULL AS is_day,
            row_number() OVER w AS nth, lag(s.ts) OVER w AS ts_before, lag(s.ema) OVER w AS ema_before,
            lag(s.d1_roll) OVER w AS d1_roll_before, lag(s.ema_bar) OVER w AS ema_bar_before,
            lag(s.d1_roll_bar) OVER w AS d1_roll_bar_before,
            row_number() OVER k AS nth_alike, lag(s.ema) OVER k AS ema_alike, lag(s.d1) OVER k AS d1_alike,
            lag(s.ema_bar) OVER k AS ema_bar_alike, lag(s.d1_bar) OVER k AS d1_bar_alike
        FROM shown AS s
        LEFT JOIN closing AS c ON c.id = s.id AND c.tf = s.tf AND c.ts = s.ts
        LEFT JOIN days AS d ON d.id = s.id AND d.ts = s.ts
        WINDOW
            w AS (PARTITION BY s.id, s.tf, s.period, s.alignment_source ORDER BY s.ts),
            -- Canonical rows among themselves.
            k AS (PARTITION BY s.id, s.tf, s.period, s.alignment_source, s.roll ORDER BY s.ts)
    ),
    offences AS (
        SELECT v.name, v.column_name, r.alignment_source, r.id, r.tf, r.period, r.ts
        FROM neighbours AS r
        CROSS JOIN LATERAL (VALUES
            ('ema_duplicate_key', NULL, r.ts = r.ts_before),
            ('ema_ts_unknown', NULL, NOT r.is_day),
            ('ema_roll_mismatch', NULL, r.roll = r.is_closing OR (r.by_calendar AND r.roll_bar <> r.roll)),
            ('ema_null_pattern', 'ema', r.ema IS NULL),
            ('ema_null_pattern', 'd1', (r.d1 IS NULL) <> (r.roll OR r.nth_alike = 1)),
            ('ema_null_pattern', 'd2', (r.d2 IS NULL) <> (r.roll OR r.nth_alike <= 2)),
            ('ema_null_pattern', 'd1_roll', (r.d1_roll IS NULL) <> (r.nth = 1)),
            ('ema_null_pattern', 'd2_roll', (r.d2_roll IS NULL) <> (r.nth <= 2)),
            ('ema_null_pattern', 'ema_bar', (r.ema_bar IS NULL) = r.by_calendar),
            ('ema_null_pattern', 'roll_bar', (r.roll_bar IS NULL) = r.by_calendar),
            ('ema_null_pattern', 'd1_bar',
                (r.d1_bar IS NULL) <> (NOT r.by_calendar OR r.roll OR r.nth_alike = 1)),
            ('ema_null_pattern', 'd2_bar',
                (r.d2_bar IS NULL) <> (NOT r.by_calendar OR r.roll OR r.nth_alike <= 2)),
            ('ema_null_pattern', 'd1_roll_bar', (r.d1_roll_bar IS NULL) <> (NOT r.by_calendar OR r.nth = 1)),
            ('ema_null_pattern', 'd2_roll_bar', (r.d2_roll_bar IS NULL) <> (NOT r.by_calendar OR r.nth <= 2)),
            ('ema_derivative', 'd1', r.d1 <> r.ema - r.ema_alike),
            ('ema_derivative', 'd2', r.d2 <> r.d1 - r.d1_alike),
            ('ema_derivative', 'd1_roll', r.d1_roll <> r.ema - r.ema_before),
            ('ema_derivative', 'd2_roll', r.d2_roll <> r.d1_roll - r.d1_roll_before),
            ('ema_derivative', 'd1_bar', r.d1_bar <> r.ema_bar - r.ema_bar_alike),
            ('ema_derivative', 'd2_bar', r.d2_bar <> r.d1_bar - r.d1_bar_alike),
            ('ema_derivative', 'd1_roll_bar', r.d1_roll_bar <> r.ema_bar - r.ema_bar_before),
            ('ema_derivative', 'd2_roll_bar', r.d2_roll_bar <> r.d1_roll_bar - r.d1_roll_bar_before)
        ) AS v (name, column_name, is_bad)
        WHERE v.is_bad
    ),
    settled AS MATERIALIZED (
        SELECT s.id, r.source, t.tf, p.period
        FROM emas_state AS s
        CROSS JOIN LATERAL unnest(s.tfs) AS t (tf)
        CROSS JOIN LATERAL unnest(CASE s.ema_group
            WHEN 'cal' THEN ARRAY['multi_tf_cal_us', 'multi_tf_cal_iso']
            WHEN 'cal_anchor' THEN ARRAY['multi_tf_cal_anchor_us', 'multi_tf_cal_anchor_iso']
            ELSE ARRAY[CASE WHEN s.ema_group LIKE 'cal%' THEN 'multi_tf_' ELSE '' END || s.ema_group]
        END) AS r (source)
        INNER JOIN dim_period AS p ON p.period = ANY(s.periods)
        WHERE
            (p_ids IS NULL OR s.id = ANY(p_ids)) AND s.dirty_from IS NULL AND s.hidden_from IS NULL
            AND NOT EXISTS (
                SELECT 1 FROM emas_pending AS q
                WHERE
                    q.id = s.id AND q.ema_group = s.ema_group AND q.tf = t.tf
                    AND (p_ids IS NULL OR q.id = ANY(p_ids)))
    ),
    counted AS (
        SELECT
            e.id, e.source, e.tf, e.period,
            CASE WHEN c.n IS NULL THEN 0 ELSE a.n_rows - d.row_no + 1 END AS rows_due,
                coalesce(x.n, 0) AS n_rows,
            CASE WHEN c.n IS NULL THEN 0 ELSE k.n - e.period + 1 END AS canonical_due,
            coalesce(x.n_canonical, 0) AS n_canonical
        FROM settled AS e
        INNER JOIN (SELECT y.id, count(*) AS n_rows FROM days AS y GROUP BY y.id) AS a ON a.id = e.id
        LEFT JOIN closing AS c ON c.id = e.id AND c.tf = e.tf AND c.n = e.period
        LEFT JOIN days AS d ON d.id = c.id AND d.ts = c.ts
        LEFT JOIN (SELECT y.id, y.tf, count(*) AS n FROM closing AS y GROUP BY y.id, y.tf) AS k
            ON k.id = e.id AND k.tf = e.tf
        LEFT JOIN (
            SELECT y.id, y.alignment_source, y.tf, y.period, count(*) AS n, count(*) FILTER (WHERE NOT y.roll)
                AS n_canonical
            FROM shown AS y GROUP BY y.id, y.alignment_source, y.tf, y.period
        ) AS x ON x.id = e.id AND x.alignment_source = e.source AND x.tf = e.tf AND x.period = e.period
    )
    SELECT
        o.name, 'error', o.id, o.tf, o.period, min(o.ts),
        jsonb_strip_nulls(jsonb_build_object(
            'variant', o.alignment_source, 'n', count(*), 'column', min(o.column_name)))
    FROM offences AS o
    GROUP BY o.name, o.alignment_source, o.id, o.tf, o.period
    UNION ALL
    SELECT
        v.name, 'error', c.id, c.tf, c.period, NULL::timestamptz,
        jsonb_build_object('variant', c.source, 'expected', v.expected, 'actual', v.actual)
    FROM counted AS c
    CROSS JOIN LATERAL (VALUES
        ('ema_row_count', c.rows_due, c.n_rows), ('ema_canonical_count', c.canonical_due, c.n_canonical)
    ) AS v (name, expected, actual)
    WHERE v.expected <> v.actual
    UNION ALL
    SELECT
        'ema_union', 'error', w.id, NULL::text, NULL::int, NULL::timestamptz,
        jsonb_build_object('expected', sum(w.expected), 'actual', sum(w.actual))
    FROM (
        SELECT x.id, 0 AS expected, 1 AS actual FROM shown AS x
        UNION ALL SELECT x.id, 1, 0 FROM cmc_ema_multi_tf AS x WHERE p_ids IS NULL OR x.id = ANY(p_ids)
        UNION ALL SELECT x.id, 1, 0 FROM cmc_ema_multi_tf_v2 AS x WHERE p_ids IS NULL OR x.id = ANY(p_ids)
        UNION ALL SELECT x.id, 1, 0 FROM cmc_ema_multi_tf_cal_us AS x WHERE p_ids IS NULL OR x.id = ANY(p_ids)
        UNION ALL SELECT x.id, 1, 0 FROM cmc_ema_multi_tf_cal_iso AS x
            WHERE p_ids IS NULL OR x.id = ANY(p_ids)
        UNION ALL SELECT x.id, 1, 0 FROM cmc_ema_multi_tf_cal_anchor_us AS x
        WHERE p_ids IS NULL OR x.id = ANY(p_ids)
        UNION ALL SELECT x.id, 1, 0 FROM cmc_ema_multi_tf_cal_anchor_iso AS x
        WHERE p_ids IS NULL OR x.id = ANY(p_ids)
    ) AS w
    GROUP BY w.id
    HAVING sum(w.expected) <> sum(w.actual)
    UNION ALL
    SELECT
        'ema_shared_tf', 'error', coalesce(u.id, i.id), coalesce(u.tf, i.tf), coalesce(u.period, i.period),
        min(coalesce(u.ts, i.ts)), jsonb_build_object('variant', min(coalesce(u.kind, i.kind)), 'n', count(*))
    FROM (
        SELECT replace(x.alignment_source, '_us', '') AS kind, x.* FROM shown AS x
        WHERE x.alignment_source LIKE '%\_us' AND x.tf ~ '[MY]_CAL'
    ) AS u
    FULL JOIN (
        SELECT replace(x.alignment_source, '_iso', '') AS kind, x.* FROM shown AS x
        WHERE x.alignment_source LIKE '%\_iso' AND x.tf ~ '[MY]_CAL'
    ) AS i ON i.id = u.id AND i.kind = u.kind AND i.tf = u.tf AND i.period = u.period AND i.ts = u.ts
    WHERE record_image_ne(
        ROW(u.roll, u.ema, u.d1, u.d2, u.d1_roll, u.d2_roll, u.ema_bar, u.d1_bar, u.d2_bar, u.d1_roll_bar),
        ROW(i.roll, i.ema, i.d1, i.d2, i.d1_roll, i.d2_roll, i.ema_bar, i.d1_bar, i.d2_bar, i.d1_roll_bar))
    GROUP BY coalesce(u.id, i.id), coalesce(u.tf, i.tf), coalesce(u.period, i.period),
        coalesce(u.kind, i.kind);
END;
$$;
