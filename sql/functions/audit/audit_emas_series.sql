-- audit_emas_series: has every period an EMA as soon as so many bars have closed, and none before?
--   p_id   asset id
-- Returns   findings, detail with variant: ema_series_missing (error), ema_spacing, ema_unseeded (info).
-- Errors    none.   Cost  the keys of the bars, the newest vectors, and that of audit_bars_spacing.
-- Rule      a period p lives from the close of the p-th bar on, so the length of the newest vector is the
--           number of periods that aren't above the number of closed bars.
CREATE OR REPLACE FUNCTION audit_emas_series(p_id int)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_periods int[] := ARRAY(SELECT p.period FROM dim_period AS p ORDER BY p.period);
    v_seeded text[];
BEGIN
    RETURN QUERY
    WITH series AS MATERIALIZED (
        SELECT
            s.ema_group, s.tf, coalesce(c.n, 0) AS n_closed,
            coalesce(cardinality(CASE WHEN s.in_bar THEN n.bar_space ELSE n.day_space END), 0) AS live
        FROM built_series AS s
        LEFT JOIN (
            SELECT b.tf, count(*) FILTER (WHERE b.is_closed) AS n FROM bars AS b
            WHERE b.id = p_id
            GROUP BY b.tf
            UNION ALL
            SELECT '1D', count(*) FROM cmc_price_bars_1d AS d WHERE d.id = p_id
        ) AS c ON c.tf = s.tf
        LEFT JOIN (
            SELECT DISTINCT ON (e.tf) e.tf, e.bar_space, e.day_space FROM emas AS e
            WHERE e.id = p_id
            ORDER BY e.tf, e.bar_seq DESC
        ) AS n ON n.tf = s.tf
        WHERE s.id = p_id AND s.settled AND s.periods = v_periods
    )
    SELECT
        'ema_series_missing', 'error', p_id, x.tf, p.period, NULL::timestamptz,
        jsonb_build_object('variant', x.ema_group, 'n_closed', x.n_closed)
    FROM series AS x
    CROSS JOIN LATERAL unnest(v_periods) WITH ORDINALITY AS p (period, i)
    WHERE (p.period <= x.n_closed) <> (x.live >= p.i)
    UNION ALL
    SELECT
        'ema_unseeded', 'info', p_id, x.tf, NULL::int, NULL::timestamptz,
        jsonb_build_object(
            'variant', x.ema_group, 'n_closed', x.n_closed, 'needed', min(p.period), 'n', count(*))
    FROM series AS x
    INNER JOIN unnest(v_periods) AS p (period) ON p.period > x.n_closed
    GROUP BY x.ema_group, x.tf, x.n_closed;
    v_seeded := ARRAY(
        SELECT DISTINCT e.tf FROM emas AS e
        WHERE e.id = p_id AND e.n_closed >= v_periods[1]
            AND EXISTS (SELECT 1 FROM built_series AS s WHERE s.id = p_id AND s.tf = e.tf));
    RETURN QUERY
    SELECT
        'ema_spacing', 'info', p_id, g.tf, NULL::int, g.ts,
        jsonb_build_object(
            'n', g.detail -> 'n', 'min_days', g.detail -> 'min_delta', 'max_days', g.detail -> 'max_delta')
    FROM audit_bars_spacing(p_id) AS g
    WHERE g.tf = ANY(v_seeded);
END;
$$;
