-- Alphas of timeframes and periods that were added to the catalogue; nothing is called when none were.
SELECT sync_ema_alpha()
WHERE EXISTS (
    SELECT FROM dim_timeframe AS t
    CROSS JOIN dim_period AS p
    WHERE NOT EXISTS (SELECT FROM ema_alpha AS a WHERE a.tf = t.tf AND a.period = p.period))
