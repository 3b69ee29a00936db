-- Number the ways in which files read the texts of days.
UPDATE price_files AS f SET reading = n.reading
FROM (
    SELECT
        p.file,
        dense_rank() OVER (ORDER BY p.day_order, p.yymmdd, p.stamp, p.day_format) AS reading
    FROM price_files AS p
) AS n
WHERE n.file = f.file
