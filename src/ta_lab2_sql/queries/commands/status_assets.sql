-- How fresh each asset is: its newest raw day, up to when all that is kept of it is built and from when on
-- that grows old, how far its calendar knows, what waits and since when.
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
    a.symbol,
    a.calendar,
    a.calendar_until,
    a.raw_until,
    a.days_until,
    a.bars_until,
    a.emas_until,
    a.fresh_until,
    CASE WHEN a.calendar IS NULL THEN a.fresh_until ELSE age_begins(a.id, a.fresh_until) END AS age_begins,
    w.reason AS waits_for,
    w.new_days,
    CASE WHEN w.id IS NOT NULL THEN waits_since(a.id, w.dirty_from) END AS waits_since,
    -- Days; of a calendar, sessions after the one of the newest row.
    CASE
        WHEN a.clock IS NULL THEN extract(epoch FROM max(a.raw_until) OVER () - a.raw_until)::float8 / 86400
        ELSE sessions_between(
            a.clock,
            (a.raw_until AT TIME ZONE a.zone)::date + 1,
            (max(a.raw_until) OVER () AT TIME ZONE a.zone)::date)
    END AS behind_days
FROM (
    SELECT
        r.id,
        k.symbol,
        k.calendar,
        c.last_day AS calendar_until,
        l.clock,
        coalesce(k.tz, default_tz()) AS zone,
        r.raw_until,
        r.days_until,
        b.until AS bars_until,
        e.until AS emas_until,
        CASE
            WHEN r.days_until IS NULL THEN NULL
            ELSE least(r.days_until, b.until, e.until, nullif(p.dirty_from, '-infinity'))
        END AS fresh_until
    FROM asset AS r
    LEFT JOIN assets AS k ON k.id = r.id
    LEFT JOIN calendars AS c ON c.calendar = k.calendar
    LEFT JOIN calendars_applied AS l ON l.calendar = k.calendar
    LEFT JOIN bars_built AS b ON b.id = r.id
    LEFT JOIN emas_built AS e ON e.id = r.id
    LEFT JOIN waiting AS p ON p.id = r.id
) AS a
LEFT JOIN waiting AS w ON w.id = a.id
ORDER BY a.id
