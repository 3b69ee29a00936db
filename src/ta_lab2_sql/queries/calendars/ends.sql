-- The calendars that know less than 31 days after the newest day of an asset that is on them.
SELECT
    c.calendar,
    c.last_day,
    u.newest,
    c.last_day < u.newest AS has_ended,
    u.assets,
    c.source
FROM calendars AS c
INNER JOIN (
    SELECT
        a.calendar,
        count(*)::int AS assets,
        max((last_valid_day(a.id) AT TIME ZONE coalesce(a.tz, default_tz()))::date) AS newest
    FROM assets AS a
    WHERE a.calendar IS NOT NULL
    GROUP BY a.calendar
) AS u ON u.calendar = c.calendar
WHERE c.last_day < u.newest + 31
ORDER BY c.calendar
