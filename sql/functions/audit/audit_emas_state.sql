-- audit_emas_state: do the states of EMAs agree with days, bars and vectors, and does anything wait?
--   p_id   asset id
-- Returns   findings, detail with variant: ema_state_differs (error), ema_period_set, ema_behind (warning).
-- Errors    none.   Cost  the states, and the newest vectors.
-- Rule      a state counts all days of its asset and its live series; no EMAs without bars, unless they wait
--           to be removed too, and no vectors without a state.
CREATE OR REPLACE FUNCTION audit_emas_state(p_id int)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_periods int[] := ARRAY(SELECT p.period FROM dim_period AS p ORDER BY p.period);
    v_waiting text[] := ARRAY(
        SELECT w.ema_group FROM emas_waiting AS w WHERE w.id = p_id AND w.dirty_from IS NOT NULL);
BEGIN
    RETURN QUERY
    WITH reach AS MATERIALIZED (
        SELECT min(d."timestamp") AS first_ts, max(d."timestamp") AS last_ts, count(*) AS n_rows
        FROM cmc_price_bars_1d AS d WHERE d.id = p_id
    ),
    kept AS MATERIALIZED (
        SELECT DISTINCT x.bar_group, x.ema_group, x.in_bar_space, x.in_day_space FROM taxonomy() AS x
    ),
    newest AS MATERIALIZED (
        SELECT DISTINCT ON (e.tf) e.tf, e.bar_space, e.day_space FROM emas AS e
        WHERE e.id = p_id
        ORDER BY e.tf, e.bar_seq DESC
    ),
    series AS MATERIALIZED (
        SELECT
            s.ema_group, s.tf, s.has_bars, s.dirty_from,
            cardinality(CASE WHEN s.in_bar THEN n.bar_space ELSE n.day_space END) AS live
        FROM built_series AS s LEFT JOIN newest AS n ON n.tf = s.tf
        WHERE s.id = p_id
    ),
    differing AS (
        SELECT s.ema_group, NULL::text AS tf, v.name, v.expected, v.actual
        FROM emas_state AS s
        CROSS JOIN reach AS l
        INNER JOIN kept AS x ON x.ema_group = s.ema_group
        -- Calendar bars and their EMAs are of one zone and one first day; those that count rows have none.
        LEFT JOIN bars_state AS b
            ON b.id = p_id AND b.bar_group = x.bar_group AND x.in_bar_space AND x.in_day_space
        CROSS JOIN LATERAL (VALUES
            ('bar_group', to_jsonb(x.bar_group), to_jsonb(s.bar_group)),
            ('daily_min_seen', to_jsonb(l.first_ts), to_jsonb(s.first_ts)),
            ('daily_max_seen', to_jsonb(l.last_ts), to_jsonb(s.last_ts)),
            ('n_rows', to_jsonb(l.n_rows), to_jsonb(s.n_rows)),
            ('tz', to_jsonb(b.tz), to_jsonb(s.tz)),
            ('first_day', to_jsonb(b.first_day), to_jsonb(s.first_day)),
            ('series', to_jsonb(coalesce(
                (SELECT sum(y.live) FROM series AS y WHERE y.ema_group = s.ema_group), 0)),
                to_jsonb(s.series))
        ) AS v (name, expected, actual)
        WHERE s.id = p_id AND s.ema_group <> ALL(v_waiting) AND s.periods = v_periods
            AND v.expected IS DISTINCT FROM v.actual
        UNION ALL
        SELECT x.ema_group, x.tf, 'bars', NULL, NULL FROM series AS x
        WHERE NOT x.has_bars AND x.dirty_from IS NULL
        UNION ALL
        SELECT x.ema_group, n.tf, 'state', NULL, NULL
        FROM newest AS n
        INNER JOIN dim_timeframe AS t ON t.tf = n.tf
        INNER JOIN kept AS x ON x.bar_group = t.bar_group
        WHERE ((x.in_bar_space AND n.bar_space IS NOT NULL) OR (x.in_day_space AND n.day_space IS NOT NULL))
            AND NOT EXISTS (SELECT 1 FROM series AS y WHERE y.ema_group = x.ema_group AND y.tf = n.tf)
    )
    SELECT
        'ema_state_differs', 'error', p_id, d.tf, NULL::int, NULL::timestamptz,
        jsonb_strip_nulls(jsonb_build_object(
            'variant', d.ema_group, 'column', min(d.name), 'expected',
                (array_agg(d.expected ORDER BY d.name))[1],
            'actual', (array_agg(d.actual ORDER BY d.name))[1]))
    FROM differing AS d
    GROUP BY d.ema_group, d.tf;
    RETURN QUERY
    SELECT
        'ema_period_set', 'warning', p_id, NULL::text, NULL::int, NULL::timestamptz,
        jsonb_build_object('variant', s.ema_group, 'stored', s.periods, 'catalogue', v_periods)
    FROM emas_state AS s
    WHERE s.id = p_id AND s.periods <> v_periods;
    RETURN QUERY
    SELECT
        'ema_behind', 'warning', p_id, w.tf, NULL::int, w.since,
        jsonb_build_object('variant', w.ema_group, 'since', w.since, 'n_rows', (
            SELECT count(*) FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d."timestamp" >= w.since))
    FROM (
        SELECT g.ema_group, NULL::text AS tf, least(g.dirty_from, g.hidden_from) AS since
        FROM emas_waiting AS g WHERE g.id = p_id
        UNION ALL
        SELECT q.ema_group, q.tf, least(q.dirty_from, q.hidden_from)
        FROM emas_left_behind AS q WHERE q.id = p_id
    ) AS w;
END;
$$;
