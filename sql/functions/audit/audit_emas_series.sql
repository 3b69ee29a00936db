-- audit_emas_series: has every period an EMA as soon as so many bars have closed, and none before?
--   p_id       asset id
--   p_series   what was built, as series_built knows it; NULL: it is asked for
-- Returns   findings, detail with variant: ema_series_missing (error), ema_unseeded (info).
-- Errors    none.   Cost  the keys of the bars, and the newest vectors.
-- Rule      a period p lives from the close of the p-th bar on, so the length of the newest vector is the
--           number of periods that aren't above the number of closed bars.
CREATE OR REPLACE FUNCTION audit_emas_series(p_id int, p_series jsonb DEFAULT NULL)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_periods int[];
    v_days bigint;
BEGIN
    SELECT coalesce(array_agg(p.period ORDER BY p.period), '{}') INTO v_periods FROM dim_period AS p;
    SELECT count(*) INTO v_days FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    RETURN QUERY
    WITH series AS MATERIALIZED (
        SELECT
            s.ema_group, s.tf, coalesce(c.n, 0) AS n_closed,
            coalesce(CASE WHEN s.in_bar THEN n.n_bar ELSE n.n_day END, 0) AS live
        FROM series_built(p_id, p_series) AS s
        LEFT JOIN (
            SELECT b.tf, b.n_closed AS n FROM stored_bar_counts(p_id) AS b
            UNION ALL
            SELECT '1D', v_days
        ) AS c ON c.tf = s.tf
        LEFT JOIN newest_vectors(p_id) AS n ON n.tf = s.tf
        WHERE s.settled AND s.periods = v_periods::text
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
END;
$$;
