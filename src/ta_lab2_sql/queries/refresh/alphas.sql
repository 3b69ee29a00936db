-- Whether timeframes or periods came or went whose alphas aren't kept yet, singly or as vectors.
SELECT EXISTS (
    SELECT 1 FROM dim_timeframe AS t
    CROSS JOIN dim_period AS p
    WHERE NOT EXISTS (SELECT 1 FROM ema_alpha AS a WHERE a.tf = t.tf AND a.period = p.period))
OR EXISTS (
    SELECT 1 FROM dim_timeframe AS t
    LEFT JOIN ema_alpha_vectors AS v ON v.tf = t.tf
    WHERE v.periods IS DISTINCT FROM (SELECT array_agg(p.period ORDER BY p.period) FROM dim_period AS p))
