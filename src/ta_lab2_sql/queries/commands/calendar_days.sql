-- The sessions and exceptions of a calendar in a range of days, as its rows say now.
SELECT
    d.day,
    to_char(d.day, 'Dy') AS weekday,
    s.day IS NOT NULL AS session,
    coalesce(s.open, e.open) AS open,
    coalesce(s.close, e.close) AS close,
    CASE WHEN e.day IS NOT NULL THEN
        concat_ws(', ',
            CASE WHEN NOT e.is_session THEN 'closed' WHEN e.is_session THEN 'opened' ELSE 'hours' END,
            CASE WHEN e.by_hand THEN 'by hand' END, e.note)
    END AS exception
FROM (
    SELECT %(first)s::date + k.k AS day
    FROM generate_series(0, %(last)s::date - %(first)s::date) AS k (k)
) AS d
LEFT JOIN sessions(%(calendar)s, %(first)s, %(last)s) AS s ON s.day = d.day
LEFT JOIN calendar_exceptions AS e ON e.calendar = %(calendar)s AND e.day = d.day
WHERE s.day IS NOT NULL OR e.day IS NOT NULL
ORDER BY d.day
