-- Every bar of one timeframe as it stood after every day, for some assets.
SELECT s.*
FROM unnest({ids}::int[]) AS a (id)
CROSS JOIN LATERAL bar_snapshots(a.id, {tf}, {start}::timestamptz, {end}::timestamptz) AS s
ORDER BY s.id, s."timestamp"
