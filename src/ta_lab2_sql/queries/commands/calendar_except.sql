-- A range of days that a person closes or opens.
INSERT INTO calendar_exceptions AS e (calendar, day, is_session, note, by_hand)
SELECT %(calendar)s, %(first)s::date + k.k, %(is_session)s, %(note)s, true
FROM generate_series(0, %(last)s::date - %(first)s::date) AS k (k)
ORDER BY 2
ON CONFLICT (calendar, day) DO UPDATE SET
    is_session = excluded.is_session, note = coalesce(excluded.note, e.note), by_hand = true
