-- Weeks that the calendars of a file no longer have.
DELETE FROM calendar_weeks AS w
WHERE w.calendar = ANY(%(names)s::text[]) AND NOT EXISTS (
    SELECT 1 FROM unnest(%(calendars)s::text[], %(from_days)s::date[]) AS f (calendar, from_day)
    WHERE f.calendar = w.calendar AND f.from_day = w.from_day)
