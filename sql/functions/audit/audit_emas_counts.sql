-- audit_emas_counts: have the long EMA relations as many rows as they should, the same ones in all of them?
--   p_id   asset id
-- Returns   findings (error), detail with variant: ema_row_count, ema_canonical_count, ema_union,
--           ema_shared_tf.
-- Errors    none.
-- Cost      all rows of the asset, as audit_emas_rows; only when one of its checks is asked for.
-- Rule      a series has a row for each day from its seed on, and a canonical one for each closed bar from
--           there on; variants with something waiting are not counted. Months and years are the same in both
--           variants that show them.
CREATE OR REPLACE FUNCTION audit_emas_counts(p_id int)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET work_mem = '64MB'
AS $$
DECLARE
    v_sources text[];
    v_tfs text[];
    v_periods int[];
    v_rows bigint[];
    v_canonical bigint[];
BEGIN
    SELECT
        array_agg(g.alignment_source), array_agg(g.tf), array_agg(g.period), array_agg(g.n),
        array_agg(g.canonical)
    INTO v_sources, v_tfs, v_periods, v_rows, v_canonical
    FROM (
        SELECT
            u.alignment_source, u.tf, u.period, count(*) AS n, count(*) FILTER (WHERE NOT u.roll) AS canonical
        FROM emas_shown(p_id) AS u
        GROUP BY u.alignment_source, u.tf, u.period
    ) AS g;
    RETURN QUERY
    WITH closing AS MATERIALIZED (
        SELECT b.tf, b.last_row, row_number() OVER (PARTITION BY b.tf ORDER BY b.bar_seq) AS n
        FROM bars AS b
        WHERE b.id = p_id AND b.is_closed
        UNION ALL
        SELECT '1D', d.bar_seq, d.bar_seq FROM cmc_price_bars_1d AS d WHERE d.id = p_id
    ),
    shown AS MATERIALIZED (
        SELECT g.* FROM unnest(v_sources, v_tfs, v_periods, v_rows, v_canonical)
            AS g (alignment_source, tf, period, n, canonical)
    ),
    counted AS (
        SELECT
            r.alignment_source AS source, e.tf, p.period,
            coalesce((SELECT count(*) FROM cmc_price_bars_1d AS d WHERE d.id = p_id) - c.last_row + 1, 0)
                AS rows_due,
            coalesce((SELECT max(k.n) FROM closing AS k WHERE k.tf = e.tf) - c.n + 1, 0) AS canonical_due,
            coalesce(x.n, 0) AS n_rows, coalesce(x.canonical, 0) AS n_canonical
        FROM built_series AS e
        INNER JOIN taxonomy() AS r ON r.ema_group = e.ema_group
        INNER JOIN dim_period AS p ON p.period = ANY(e.periods)
        LEFT JOIN closing AS c ON c.tf = e.tf AND c.n = p.period
        LEFT JOIN shown AS x
            ON x.alignment_source = r.alignment_source AND x.tf = e.tf AND x.period = p.period
        WHERE e.id = p_id AND e.settled AND e.hidden_from IS NULL
    )
    SELECT
        v.name, 'error', p_id, c.tf, c.period, NULL::timestamptz,
        jsonb_build_object('variant', c.source, 'expected', v.expected, 'actual', v.actual)
    FROM counted AS c
    CROSS JOIN LATERAL (VALUES
        ('ema_row_count', c.rows_due, c.n_rows), ('ema_canonical_count', c.canonical_due, c.n_canonical)
    ) AS v (name, expected, actual)
    WHERE v.expected <> v.actual
    UNION ALL
    SELECT
        'ema_union', 'error', p_id, NULL::text, NULL::int, NULL::timestamptz,
        jsonb_build_object('expected', w.expected, 'actual', w.actual)
    FROM (
        SELECT
            (SELECT coalesce(sum(x.n), 0) FROM shown AS x) AS expected,
            (SELECT count(*) FROM cmc_ema_multi_tf_u AS u WHERE u.id = p_id) AS actual
    ) AS w
    WHERE w.expected <> w.actual;
    RETURN QUERY
    WITH shared AS MATERIALIZED (
        SELECT u.*, g.ema_group, g.ordinal = g.first AS is_first
        FROM emas_shown(p_id) AS u
        INNER JOIN (
            SELECT x.*, min(x.ordinal) OVER w AS first, max(x.ordinal) OVER w AS last FROM taxonomy() AS x
            WINDOW w AS (PARTITION BY x.ema_group)
        ) AS g ON g.alignment_source = u.alignment_source AND u.tf ~ g.tf_pattern AND g.first < g.last
    )
    SELECT
        'ema_shared_tf', 'error', p_id, coalesce(u.tf, i.tf), coalesce(u.period, i.period),
        min(coalesce(u.ts, i.ts)),
        jsonb_build_object('variant', coalesce(u.ema_group, i.ema_group), 'n', count(*))
    FROM (SELECT x.* FROM shared AS x WHERE x.is_first) AS u
    FULL JOIN (SELECT x.* FROM shared AS x WHERE NOT x.is_first) AS i
        ON i.ema_group = u.ema_group AND i.tf = u.tf AND i.period = u.period AND i.ts = u.ts
    WHERE record_image_ne(
        ROW(u.roll, u.ema, u.d1, u.d2, u.d1_roll, u.d2_roll, u.ema_bar, u.d1_bar, u.d2_bar, u.d1_roll_bar),
        ROW(i.roll, i.ema, i.d1, i.d2, i.d1_roll, i.d2_roll, i.ema_bar, i.d1_bar, i.d2_bar, i.d1_roll_bar))
    GROUP BY coalesce(u.tf, i.tf), coalesce(u.period, i.period), coalesce(u.ema_group, i.ema_group);
END;
$$;
