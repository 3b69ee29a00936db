-- Whether timeframes or periods were added to the catalogue that have no alphas yet.
SELECT EXISTS (
    SELECT 1 FROM dim_timeframe AS t
    CROSS JOIN dim_period AS p
    WHERE NOT EXISTS (SELECT 1 FROM ema_alpha AS a WHERE a.tf = t.tf AND a.period = p.period))
