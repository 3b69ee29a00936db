-- What the staged lines are about: assets, first and last stamp.
SELECT array_agg(DISTINCT s.id) AS ids, min(s."timestamp") AS first, max(s."timestamp") AS last
FROM load_staging AS s
