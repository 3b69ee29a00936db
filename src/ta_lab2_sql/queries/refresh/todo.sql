-- The assets that have something to do, how many days in each stage, and whether that is one more day and
-- nothing else; the longest work first.
SELECT
    id,
    coalesce(max(days) FILTER (WHERE stage = 'bars'), 0) AS bars_days,
    coalesce(max(days) FILTER (WHERE stage = 'emas'), 0) AS emas_days,
    bool_and(action = 'append' AND reason = 'new days' AND new_days = 1) AS one_day
FROM
\i refresh/rows
GROUP BY id
ORDER BY max(days) DESC, id
