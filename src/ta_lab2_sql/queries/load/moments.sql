-- What every text of a day means in files that read it alike: the day, its first and its last moment.
INSERT INTO price_moments (reading, date, day, opens, closes, clock, instant)
SELECT k.reading, t.date, m.day, m.opens, m.opens + interval '1 day - 1 millisecond', t.clock, t.instant
FROM (SELECT DISTINCT f.reading, f.day_order, f.yymmdd, f.stamp, f.day_format FROM price_files AS f) AS k
INNER JOIN price_texts AS t ON t.day_format IS NOT DISTINCT FROM k.day_format
CROSS JOIN LATERAL (
    SELECT CASE WHEN k.stamp <> 'close' THEN coalesce(
        CASE WHEN k.day_order = 'mdy' THEN t.mdy WHEN k.day_order = 'ymd' THEN t.ymd ELSE t.dmy END,
        CASE WHEN k.yymmdd THEN t.short END
    ) - CASE WHEN k.stamp = 'end' AND t.midnight THEN 1 ELSE 0 END END AS day
) AS l
CROSS JOIN LATERAL (SELECT l.day, l.day::timestamp AT TIME ZONE 'UTC' AS opens) AS m
