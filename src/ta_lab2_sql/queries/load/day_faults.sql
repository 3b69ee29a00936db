-- Days and moments that can't be read.
INSERT INTO price_faults (file, line, role, value, reason)
SELECT r.file, r.line, v.role, coalesce(v.cell, ''), v.reason
FROM price_rows AS r
INNER JOIN price_files AS f ON f.file = r.file
LEFT JOIN price_texts AS t ON t.date = r.date AND t.day_format IS NOT DISTINCT FROM f.day_format
CROSS JOIN LATERAL (
    SELECT 'date' AS role, r.date AS cell, CASE
        WHEN f.stamp = 'close' AND t.instant IS NULL THEN 'is not a time like 2024-01-31T23:59:59.999Z'
        WHEN f.stamp <> 'close' AND coalesce(
            CASE WHEN f.day_order = 'mdy' THEN t.mdy WHEN f.day_order = 'ymd' THEN t.ymd ELSE t.dmy END,
            CASE WHEN f.yymmdd THEN t.short END) IS NULL THEN 'is not a day'
    END AS reason
    UNION ALL
    SELECT c.role, c.cell, 'is not a time like 2024-01-31T23:59:59.999Z'
    FROM (VALUES
        ('timeopen', r.timeopen), ('timeclose', r.timeclose), ('timehigh', r.timehigh), ('timelow', r.timelow)
    ) AS c (role, cell)
    WHERE c.cell <> '' AND f.stamp = 'close' AND instant_of(c.cell) IS NULL
) AS v
WHERE v.reason IS NOT NULL
