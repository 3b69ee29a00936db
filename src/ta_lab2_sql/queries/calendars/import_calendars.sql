-- Calendars of a file: new ones, and what a file says otherwise of those there are.
-- The zones are looked up all at once, since each look at pg_timezone_names reads hundreds of files; one that
-- isn't there is refused by resolve_tz, which knows the nearest.
INSERT INTO calendars AS c (calendar, tz, first_day, last_day, source, rank)
SELECT f.calendar, coalesce(z.name, resolve_tz(f.tz)), f.first_day, f.last_day, %(source)s, f.rank
FROM unnest(
    %(calendars)s::text[], %(zones)s::text[], %(first_days)s::date[], %(last_days)s::date[], %(ranks)s::int[]
) AS f (calendar, tz, first_day, last_day, rank)
LEFT JOIN (
    SELECT lower(n.name) AS zone, min(n.name) AS name FROM pg_timezone_names AS n GROUP BY lower(n.name)
) AS z ON z.zone = lower(f.tz)
ORDER BY f.calendar
ON CONFLICT (calendar) DO UPDATE SET
    tz = excluded.tz, first_day = excluded.first_day, last_day = excluded.last_day,
    source = excluded.source, rank = coalesce(excluded.rank, c.rank)
