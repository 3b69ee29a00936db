-- What calendars are after an import: known range, exceptions, those that a person made and that stayed.
SELECT
    c.calendar,
    c.first_day,
    c.last_day,
    (SELECT count(*)::int FROM calendar_exceptions AS e WHERE e.calendar = c.calendar) AS exceptions,
    (
        SELECT count(*)::int FROM calendar_exceptions AS e
        WHERE e.calendar = c.calendar AND e.by_hand IS NOT FALSE
    ) AS by_hand
FROM calendars AS c
WHERE c.calendar = ANY(%(names)s::text[])
ORDER BY c.calendar
