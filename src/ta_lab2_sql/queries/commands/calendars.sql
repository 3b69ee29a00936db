-- The calendars there are: zone, the week of today, the days that are known, the assets on each.
SELECT
    c.calendar,
    c.tz,
    w.weekmask AS week,
    c.first_day,
    c.last_day,
    (SELECT count(*)::int FROM assets AS a WHERE a.calendar = c.calendar) AS assets,
    c.source
FROM calendars AS c
LEFT JOIN LATERAL (
    SELECT n.weekmask FROM calendar_weeks AS n
    WHERE n.calendar = c.calendar
    ORDER BY n.from_day <= current_date DESC, abs(current_date - n.from_day)
    LIMIT 1
) AS w ON true
ORDER BY c.calendar
