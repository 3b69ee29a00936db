-- Weeks of the calendars of a file.
INSERT INTO calendar_weeks AS w (calendar, from_day, weekmask, open, close)
SELECT f.calendar, f.from_day, f.weekmask, f.open, f.close
FROM unnest(
    %(calendars)s::text[], %(from_days)s::date[], %(weekmasks)s::text[], %(opens)s::text[], %(closes)s::text[]
) AS f (calendar, from_day, weekmask, open, close)
ORDER BY f.calendar, f.from_day
ON CONFLICT (calendar, from_day) DO UPDATE SET
    weekmask = excluded.weekmask, open = excluded.open, close = excluded.close
WHERE (w.weekmask, w.open, w.close) IS DISTINCT FROM (excluded.weekmask, excluded.open, excluded.close)
