-- Days of lines that were left out: a replacement doesn't touch them.
INSERT INTO protected_days (id, day)
SELECT DISTINCT a.id, coalesce(
    CASE WHEN f.day_order = 'mdy' THEN t.mdy WHEN f.day_order = 'ymd' THEN t.ymd ELSE t.dmy END, t.ymd)
FROM (
    SELECT r.file, r.date, coalesce(r.block, r.symbol, r.id, r.name, '') AS asset FROM price_rows AS r
    WHERE r.open IS NULL AND r.high IS NULL AND r.low IS NULL AND r.close IS NULL
    UNION ALL
    SELECT c.file, c.date, coalesce(c.block, c.symbol, c.id, c.name, '') FROM price_cells AS c
    INNER JOIN price_faults AS b ON b.file = c.file AND b.line = c.line
) AS l
INNER JOIN price_files AS f ON f.file = l.file
INNER JOIN price_assets AS a ON a.file = l.file AND (a.asset = l.asset OR a.asset = '')
CROSS JOIN LATERAL day_readings(l.date, '{}') AS t
WHERE l.date IS NOT NULL
