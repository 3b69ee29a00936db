-- Exceptions of the calendars of a file; those that a person made stay, unless they are to be replaced.
INSERT INTO calendar_exceptions AS e (calendar, day, is_session, open, close, by_hand)
SELECT f.calendar, f.day, f.is_session, f.open, f.close, false
FROM unnest(
    %(calendars)s::text[], %(days)s::date[], %(is_session)s::boolean[], %(opens)s::text[], %(closes)s::text[]
) AS f (calendar, day, is_session, open, close)
ORDER BY f.calendar, f.day
ON CONFLICT (calendar, day) DO UPDATE SET
    is_session = excluded.is_session, open = excluded.open, close = excluded.close, note = NULL,
    by_hand = false
WHERE
    (e.by_hand IS FALSE OR %(replace)s)
    AND (e.is_session, e.open, e.close, e.by_hand)
    IS DISTINCT FROM (excluded.is_session, excluded.open, excluded.close, excluded.by_hand)
