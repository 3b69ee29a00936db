-- audit_emas_state: do the states of EMAs agree with days, bars and vectors, and does anything wait?
--   p_id       asset id
--   p_series   what was built, as series_built knows it; NULL: it is asked for
-- Returns   findings, detail with variant: ema_state_differs (error), ema_period_set, ema_behind (warning).
-- Errors    none.   Cost  the states, and the newest vectors.
-- Rule      a state counts all days of its asset and its live series; no EMAs without bars, unless they wait
--           to be removed too, and no vectors without a state.
CREATE OR REPLACE FUNCTION audit_emas_state(p_id int, p_series jsonb DEFAULT NULL)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_periods int[];
    v_groups text[];
    v_dirty timestamptz[];
    v_hidden timestamptz[];
    v_waiting text[];
    v_days record;
    v_tfs text[];
    v_bar_groups text[];
BEGIN
    SELECT coalesce(array_agg(p.period ORDER BY p.period), '{}') INTO v_periods FROM dim_period AS p;
    SELECT
        array_agg(w.ema_group), array_agg(w.dirty_from), array_agg(w.hidden_from),
        coalesce(array_agg(w.ema_group) FILTER (WHERE w.dirty_from IS NOT NULL), '{}')
    INTO v_groups, v_dirty, v_hidden, v_waiting
    FROM emas_waiting AS w WHERE w.id = p_id;
    SELECT min(d."timestamp") AS first_ts, max(d."timestamp") AS last_ts, count(*) AS n_rows INTO v_days
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    SELECT array_agg(t.tf), array_agg(t.bar_group) INTO v_tfs, v_bar_groups FROM dim_timeframe AS t;
    RETURN QUERY
    WITH kept AS MATERIALIZED (
        SELECT DISTINCT x.bar_group, x.ema_group, x.in_bar_space, x.in_day_space FROM taxonomy() AS x
    ),
    newest AS MATERIALIZED (
        SELECT e.* FROM newest_vectors(p_id) AS e
    ),
    series AS MATERIALIZED (
        SELECT
            s.ema_group, s.tf, s.has_bars, s.dirty_from,
            CASE WHEN s.in_bar THEN n.n_bar ELSE n.n_day END AS live
        FROM series_built(p_id, p_series) AS s LEFT JOIN newest AS n ON n.tf = s.tf
    ),
    differing AS (
        SELECT s.ema_group, NULL::text AS tf, v.name, v.expected, v.actual
        FROM stored_ema_states(p_id) AS s
        INNER JOIN kept AS x ON x.ema_group = s.ema_group
        -- Calendar bars and their EMAs are of one zone and one first day; those that count rows have none.
        LEFT JOIN stored_bar_states(p_id) AS b
            ON b.bar_group = x.bar_group AND x.in_bar_space AND x.in_day_space
        CROSS JOIN LATERAL (VALUES
            ('bar_group', to_jsonb(x.bar_group), to_jsonb(s.bar_group)),
            ('daily_min_seen', to_jsonb(v_days.first_ts), to_jsonb(s.first_ts)),
            ('daily_max_seen', to_jsonb(v_days.last_ts), to_jsonb(s.last_ts)),
            ('n_rows', to_jsonb(v_days.n_rows), to_jsonb(s.n_rows)),
            ('tz', to_jsonb(b.tz), to_jsonb(s.tz)),
            ('first_day', to_jsonb(b.first_day), to_jsonb(s.first_day)),
            ('series', to_jsonb(coalesce(
                (SELECT sum(y.live) FROM series AS y WHERE y.ema_group = s.ema_group), 0)),
                to_jsonb(s.series))
        ) AS v (name, expected, actual)
        WHERE s.ema_group <> ALL(v_waiting) AND s.periods = v_periods
            AND v.expected IS DISTINCT FROM v.actual
        UNION ALL
        SELECT x.ema_group, x.tf, 'bars', NULL, NULL FROM series AS x
        WHERE NOT x.has_bars AND x.dirty_from IS NULL
        UNION ALL
        SELECT x.ema_group, n.tf, 'state', NULL, NULL
        FROM newest AS n
        INNER JOIN unnest(v_tfs, v_bar_groups) AS t (tf, bar_group) ON t.tf = n.tf
        INNER JOIN kept AS x ON x.bar_group = t.bar_group
        WHERE ((x.in_bar_space AND n.n_bar IS NOT NULL) OR (x.in_day_space AND n.n_day IS NOT NULL))
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
    FROM stored_ema_states(p_id) AS s
    WHERE s.periods <> v_periods;
    RETURN QUERY SELECT b.* FROM emas_behind(p_id, v_groups, v_dirty, v_hidden) AS b;
END;
$$;
