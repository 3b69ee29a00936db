-- Texts of days in files whose format an option names.
SELECT DISTINCT f.day_format, r.date
FROM price_rows AS r
INNER JOIN price_files AS f ON f.file = r.file
WHERE f.day_format IS NOT NULL AND r.date IS NOT NULL
