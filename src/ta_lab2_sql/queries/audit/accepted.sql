-- What is accepted, of which asset; NULL: from the first day on, up to the last.
SELECT
    a.id, s.symbol, a."check", nullif(a.first_day, '-infinity') AS "from",
    nullif(a.last_day, 'infinity') AS "to", a.note
FROM accepted_findings AS a
LEFT JOIN assets AS s ON s.id = a.id
WHERE %(ids)s::int[] IS NULL OR a.id = ANY (%(ids)s)
ORDER BY a.id, a."check", a.first_day, a.last_day
