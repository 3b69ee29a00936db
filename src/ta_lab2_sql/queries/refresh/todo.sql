-- The assets that have something to do, and how many days in each stage; the longest work first.
SELECT
    id,
    coalesce(max(days) FILTER (WHERE stage = 'bars'), 0) AS bars_days,
    coalesce(max(days) FILTER (WHERE stage = 'emas'), 0) AS emas_days
FROM
\i refresh/rows
GROUP BY id
ORDER BY max(days) DESC, id
