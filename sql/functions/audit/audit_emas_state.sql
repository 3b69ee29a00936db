-- audit_emas_state: do alphas, periods and states of the EMAs agree with the catalogue, the bars and the
--   vectors?
--   p_ids   asset ids; NULL: all
-- Returns   findings, detail with variant where one is meant: ema_alpha, ema_tf_days (error, for no asset),
--           ema_series_missing, ema_state_differs (error), ema_period_set, ema_behind (warning), ema_spacing,
--           ema_unseeded (info).
-- Errors    none.   Cost  the catalogue, the states, the closed bars and the newest vectors.
-- Rule      a period lives once as many bars are closed as it is long. What waits for a refresh isn't judged.
CREATE OR REPLACE FUNCTION audit_emas_state(p_ids int[] DEFAULT NULL)
RETURNS TABLE ("check" text, severity text, id int, tf text, period int, ts timestamptz, detail jsonb)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET timezone = 'UTC'
SET jit = off
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
DECLARE
    -- One asset by its name: so it reaches every table behind a view.
    v_only int := CASE WHEN cardinality(p_ids) = 1 THEN p_ids[1] END;
    v_ids int[];
    v_tfs text[];
    v_since timestamptz[];
    v_details jsonb[];
    v_periods int[] := ARRAY(SELECT p.period FROM dim_period AS p ORDER BY p.period);
BEGIN
    RETURN QUERY
    SELECT
        'ema_alpha', 'error', NULL::int, w.tf, w.period, NULL::timestamptz,
        jsonb_build_object('column', w.name, 'expected', w.expected, 'actual', w.actual)
    FROM (
        SELECT DISTINCT ON (t.tf, p.period) t.tf, p.period, v.name, v.expected, v.actual
        FROM dim_timeframe AS t
        CROSS JOIN dim_period AS p
        LEFT JOIN ema_alpha AS a ON a.tf = t.tf AND a.period = p.period
        CROSS JOIN LATERAL (
            SELECT
                2.0::float8 / (p.period + 1.0::float8) AS alpha_bar,
                p.period::float8 * timeframe_nominal_days(t.tf) AS effective_days
        ) AS e
        CROSS JOIN LATERAL (VALUES
            (1, 'alpha_bar', e.alpha_bar, a.alpha_bar, 0.0::float8),
            (2, 'alpha_day', 2.0::float8 / (e.effective_days + 1.0::float8), a.alpha_day, 0.0::float8),
            (3, 'effective_days', e.effective_days, a.effective_days::float8, 0.0::float8),
            (4, 'alpha_equiv',
                1.0::float8 - power(1.0::float8 - e.alpha_bar, 1.0::float8 / timeframe_nominal_days(t.tf)),
                a.alpha_equiv, 2.3e-16::float8)
        ) AS v (ordinal, name, expected, actual, slack)
        WHERE a.tf IS NULL OR NOT abs(v.expected - v.actual) <= v.slack
        ORDER BY t.tf, p.period, v.ordinal
    ) AS w
    UNION ALL
    SELECT
        'ema_tf_days', 'error', NULL::int, t.tf, NULL::int, NULL::timestamptz,
        jsonb_build_object('values', jsonb_agg(DISTINCT v.days))
    FROM dim_timeframe AS t
    LEFT JOIN ema_alpha AS a ON a.tf = t.tf
    CROSS JOIN LATERAL (VALUES (t.tf_days_nominal), (a.tf_days)) AS v (days)
    WHERE v.days <> timeframe_nominal_days(t.tf)
    GROUP BY t.tf;

    IF goes_one_by_one(p_ids) THEN
        RETURN QUERY
        SELECT f.* FROM unnest(coalesce(p_ids, ARRAY(SELECT k.id FROM asset_ids() AS k (id)))) AS a (id)
        CROSS JOIN LATERAL audit_emas_state(ARRAY[a.id]) AS f
        WHERE f.id IS NOT NULL;
        RETURN;
    END IF;
    SELECT array_agg(g.id), array_agg(g.tf), array_agg(g.ts), array_agg(g.detail)
    INTO v_ids, v_tfs, v_since, v_details
    FROM audit_bars_spacing(p_ids) AS g;
    RETURN QUERY
    WITH lasting AS MATERIALIZED (
        SELECT d.id, min(d."timestamp") AS first_ts, max(d."timestamp") AS last_ts, count(*) AS n_rows
        FROM cmc_price_bars_1d AS d
        WHERE p_ids IS NULL OR d.id = ANY(p_ids)
        GROUP BY d.id
    ),
    states AS MATERIALIZED (
        SELECT s.*, s.dirty_from IS NULL AND s.periods = v_periods AS current
        FROM emas_state AS s
        WHERE p_ids IS NULL OR s.id = ANY(p_ids)
    ),
    closed AS MATERIALIZED (
        SELECT b.id, b.tf, count(*) FILTER (WHERE b.is_closed) AS n FROM bars AS b
        WHERE p_ids IS NULL OR b.id = ANY(p_ids)
        GROUP BY b.id, b.tf
        UNION ALL
        SELECT l.id, '1D', l.n_rows FROM lasting AS l
    ),
    newest AS MATERIALIZED (
        SELECT DISTINCT ON (e.id, e.tf) e.id, e.tf, e.bar_space, e.day_space FROM emas AS e
        WHERE p_ids IS NULL OR e.id = ANY(p_ids)
        ORDER BY e.id, e.tf, e.bar_seq DESC
    ),
    series AS MATERIALIZED (
        SELECT
            s.id, s.ema_group AS variant, t.tf, s.first_ts, s.dirty_from, coalesce(c.n, 0) AS n_closed,
            CASE WHEN s.ema_group = 'multi_tf_v2' THEN n.day_space ELSE n.bar_space END AS v,
            s.current AND NOT EXISTS (
                SELECT 1 FROM emas_pending AS q
                WHERE
                    q.id = s.id AND q.ema_group = s.ema_group AND q.tf = t.tf
                    AND (p_ids IS NULL OR q.id = ANY(p_ids))
            ) AND (t.tf = '1D' OR EXISTS (
                SELECT 1 FROM built_timeframes AS f
                WHERE f.id = s.id AND f.tf = t.tf AND f.settled AND (v_only IS NULL OR f.id = v_only)
            )) AS current
        FROM states AS s
        CROSS JOIN LATERAL unnest(s.tfs) AS t (tf)
        LEFT JOIN closed AS c ON c.id = s.id AND c.tf = t.tf
        LEFT JOIN newest AS n ON n.id = s.id AND n.tf = t.tf
    ),
    differing AS (
        SELECT s.id, s.ema_group AS variant, NULL::text AS tf, v.name, v.expected, v.actual
        FROM states AS s
        LEFT JOIN lasting AS l ON l.id = s.id
        LEFT JOIN (
            SELECT x.* FROM bars_state AS x WHERE p_ids IS NULL OR x.id = ANY(p_ids)
        ) AS b ON b.id = s.id AND b.bar_group = s.ema_group
        CROSS JOIN LATERAL (VALUES
            ('daily_min_seen', to_jsonb(l.first_ts), to_jsonb(s.first_ts)),
            ('daily_max_seen', to_jsonb(l.last_ts), to_jsonb(s.last_ts)),
            ('n_rows', to_jsonb(l.n_rows), to_jsonb(s.n_rows)),
            -- Calendar bars and their EMAs are of one zone; N-day ones have none.
            ('tz', CASE WHEN s.ema_group NOT LIKE 'multi%' THEN to_jsonb(coalesce(b.tz, s.tz)) END,
                to_jsonb(s.tz)),
            ('series', (
                SELECT to_jsonb(coalesce(sum(cardinality(x.v)), 0)) FROM series AS x
                WHERE x.id = s.id AND x.variant = s.ema_group), to_jsonb(s.series))
        ) AS v (name, expected, actual)
        WHERE s.current AND v.expected IS DISTINCT FROM v.actual
        UNION ALL
        -- No EMAs without bars, unless they wait to be removed too, and no vectors without a state.
        SELECT x.id, x.variant, x.tf, 'bars', NULL, NULL
        FROM series AS x
        WHERE
            x.tf <> '1D' AND x.dirty_from IS NULL
            AND NOT EXISTS (
                SELECT 1 FROM built_timeframes AS f
                WHERE f.id = x.id AND f.tf = x.tf AND (v_only IS NULL OR f.id = v_only))
        UNION ALL
        SELECT n.id, v.variant, n.tf, 'state', NULL, NULL
        FROM newest AS n
        INNER JOIN dim_timeframe AS t ON t.tf = n.tf
        CROSS JOIN LATERAL (VALUES
            (t.bar_group, n.bar_space),
            (CASE t.bar_group WHEN 'multi_tf' THEN 'multi_tf_v2' ELSE t.bar_group END, n.day_space)
        ) AS v (variant, space)
        WHERE
            v.space IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM series AS x WHERE x.id = n.id AND x.variant = v.variant
                AND x.tf = n.tf)
    )
    SELECT
        'ema_state_differs', 'error', d.id, d.tf, NULL::int, NULL::timestamptz,
        jsonb_strip_nulls(jsonb_build_object(
            'variant', d.variant, 'column', min(d.name), 'expected',
                (array_agg(d.expected ORDER BY d.name))[1],
            'actual', (array_agg(d.actual ORDER BY d.name))[1]))
    FROM differing AS d
    GROUP BY d.id, d.variant, d.tf
    UNION ALL
    SELECT
        'ema_series_missing', 'error', x.id, x.tf, p.period, NULL::timestamptz,
        jsonb_build_object('variant', x.variant, 'n_closed', x.n_closed)
    FROM series AS x
    CROSS JOIN LATERAL unnest(v_periods) WITH ORDINALITY AS p (period, i)
    WHERE x.current AND (p.period <= x.n_closed) <> (coalesce(cardinality(x.v), 0) >= p.i)
    UNION ALL
    SELECT
        'ema_period_set', 'warning', s.id, NULL::text, NULL::int, NULL::timestamptz,
        jsonb_build_object('variant', s.ema_group, 'stored', s.periods, 'catalogue', v_periods)
    FROM states AS s
    WHERE s.periods <> v_periods
    UNION ALL
    SELECT
        'ema_behind', 'warning', w.id, w.tf, NULL::int, w.since,
        jsonb_build_object('variant', w.variant, 'since', w.since, 'n_rows', (
            SELECT count(*) FROM cmc_price_bars_1d AS d
            WHERE d.id = w.id AND d."timestamp" >= w.since AND (p_ids IS NULL OR d.id = ANY(p_ids))))
    FROM (
        SELECT s.id, s.ema_group AS variant, NULL::text AS tf, least(s.dirty_from, s.hidden_from) AS since
        FROM states AS s
        WHERE s.dirty_from IS NOT NULL OR s.hidden_from IS NOT NULL
        UNION ALL
        SELECT q.id, q.ema_group, q.tf, least(q.dirty_from, q.hidden_from) FROM emas_pending AS q
        WHERE p_ids IS NULL OR q.id = ANY(p_ids)
    ) AS w
    UNION ALL
    SELECT
        'ema_spacing', 'info', g.id, g.tf, NULL::int, g.ts,
        jsonb_build_object(
            'n', g.detail -> 'n', 'min_days', g.detail -> 'min_delta', 'max_days', g.detail -> 'max_delta')
    FROM unnest(v_ids, v_tfs, v_since, v_details) AS g (id, tf, ts, detail)
    WHERE EXISTS (SELECT 1 FROM series AS x WHERE x.id = g.id AND x.tf = g.tf AND cardinality(x.v) > 0)
    UNION ALL
    SELECT
        'ema_unseeded', 'info', x.id, x.tf, NULL::int, NULL::timestamptz,
        jsonb_build_object(
            'variant', x.variant, 'n_closed', x.n_closed, 'needed', min(p.period), 'n', count(*))
    FROM series AS x
    INNER JOIN dim_period AS p ON p.period > x.n_closed
    WHERE x.current
    GROUP BY x.id, x.variant, x.tf, x.n_closed;
END;
$$;
