-- A row per asset: what was read, lost, written, and the earliest stamp written.
WITH changes AS (
    SELECT
        id,
        count(*) FILTER (WHERE is_new) AS inserted,
        count(*) FILTER (WHERE NOT is_new) AS updated,
        min("timestamp") AS earliest
    FROM load_days
    GROUP BY id
),
counts AS (
    SELECT
        id,
        count(*) AS read,
        count(DISTINCT "timestamp") AS days
    FROM load_staging
    GROUP BY id
)
SELECT
    n.id,
    n.read,
    coalesce(c.inserted, 0) AS inserted,
    coalesce(c.updated, 0) AS updated,
    n.days - coalesce(c.inserted, 0) - coalesce(c.updated, 0) AS unchanged,
    n.read - n.days AS duplicates,
    c.earliest
FROM counts AS n
LEFT JOIN changes AS c USING (id)
ORDER BY n.id
