-- Calendars of a file: new ones, and what a file says otherwise of those there are.
INSERT INTO calendars AS c (calendar, tz, first_day, last_day, source, rank)
SELECT f.calendar, resolve_tz(f.tz), f.first_day, f.last_day, %(source)s, f.rank
FROM unnest(
    %(calendars)s::text[], %(zones)s::text[], %(first_days)s::date[], %(last_days)s::date[], %(ranks)s::int[]
) AS f (calendar, tz, first_day, last_day, rank)
ORDER BY f.calendar
ON CONFLICT (calendar) DO UPDATE SET
    tz = excluded.tz, first_day = excluded.first_day, last_day = excluded.last_day,
    source = excluded.source, rank = coalesce(excluded.rank, c.rank)
