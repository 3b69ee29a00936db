-- Assets without a calendar get this one; the first that has another is returned.
WITH other AS (
    SELECT a.id, a.symbol, a.calendar FROM assets AS a
    WHERE a.id = ANY(%(ids)s::int[]) AND a.calendar <> %(calendar)s
),
given AS (
    UPDATE assets AS a SET calendar = %(calendar)s
    WHERE a.id = ANY(%(ids)s::int[]) AND a.calendar IS NULL
    RETURNING a.id
)
SELECT (SELECT count(*) FROM given) AS given, o.symbol, o.id, o.calendar
FROM (SELECT 1) AS one
LEFT JOIN other AS o ON true
ORDER BY o.id
LIMIT 1
