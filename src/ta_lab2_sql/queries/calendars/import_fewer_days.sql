-- Exceptions that the calendars of a file no longer have; those that a person made stay, unless they are to
-- be replaced.
DELETE FROM calendar_exceptions AS e
USING (
    SELECT d.calendar, d.day
    FROM calendar_exceptions AS d
    LEFT JOIN unnest(%(calendars)s::text[], %(days)s::date[]) AS f (calendar, day)
        ON f.calendar = d.calendar AND f.day = d.day
    WHERE
        d.calendar = ANY(%(names)s::text[]) AND (d.by_hand IS FALSE OR %(replace)s) AND f.day IS NULL
) AS g
WHERE e.calendar = g.calendar AND e.day = g.day
