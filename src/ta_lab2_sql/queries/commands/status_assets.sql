-- How fresh each asset is: its newest raw day, up to when all that is kept of it is built, what waits and
-- since when.
WITH kept AS MATERIALIZED (
    -- EMAs count once anybody keeps them here.
    SELECT CASE
        WHEN EXISTS (SELECT 1 FROM emas_state) OR NOT EXISTS (SELECT 1 FROM bars_state) THEN 'all' ELSE 'bars'
    END AS stage
),
waiting AS MATERIALIZED (
    SELECT
        p.id,
        min(coalesce(p.dirty_from, '-infinity')) AS dirty_from,
        max(p.new_days) AS new_days,
        (array_agg(p.reason ORDER BY p.stage, p.family <> '1d', p.reason))[1] AS reason
    FROM kept AS k
    CROSS JOIN LATERAL refresh_plan(%(ids)s::int[], k.stage) AS p
    GROUP BY p.id
),
bars_built AS MATERIALIZED (SELECT s.id, min(s.last_ts) AS until FROM bars_state AS s GROUP BY s.id),
emas_built AS MATERIALIZED (SELECT s.id, min(s.last_ts) AS until FROM emas_state AS s GROUP BY s.id),
asset AS MATERIALIZED (SELECT * FROM asset_reach(%(ids)s::int[]))
SELECT
    a.id,
    k.symbol,
    a.raw_until,
    a.days_until,
    b.until AS bars_until,
    e.until AS emas_until,
    CASE
        WHEN a.days_until IS NULL THEN NULL
        ELSE least(a.days_until, b.until, e.until, nullif(w.dirty_from, '-infinity'))
    END AS fresh_until,
    w.reason AS waits_for,
    w.new_days,
    CASE WHEN w.id IS NOT NULL THEN waits_since(a.id, w.dirty_from) END AS waits_since,
    extract(epoch FROM max(a.raw_until) OVER () - a.raw_until)::float8 / 86400 AS behind_days
FROM asset AS a
LEFT JOIN assets AS k ON k.id = a.id
LEFT JOIN bars_built AS b ON b.id = a.id
LEFT JOIN emas_built AS e ON e.id = a.id
LEFT JOIN waiting AS w ON w.id = a.id
ORDER BY a.id
