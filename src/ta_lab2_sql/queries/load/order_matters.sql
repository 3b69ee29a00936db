-- A day of a file whose order of day and month had to be decided.
SELECT 1
FROM price_rows AS r
INNER JOIN price_texts AS t ON t.date = r.date
WHERE r.file = %(file)s
    AND (t.dmy IS DISTINCT FROM t.mdy OR t.ymd IS NOT NULL AND t.ymd IS DISTINCT FROM t.dmy)
LIMIT 1
