-- One EMA of some assets, daily, with derivatives.
SELECT a.id, s.*
FROM unnest({ids}::int[]) AS a (id)
CROSS JOIN LATERAL ema_series({variant}, a.id, {tf}, {period}, {start}::timestamptz, {end}::timestamptz) AS s
ORDER BY a.id, s.ts
