-- Every text of a day is judged once; those with a format of their own by the driver. Most are written as ISO
-- has it: only the others are looked at closely.
WITH seen AS MATERIALIZED (
    SELECT d.date, iso_day(d.date) AS day FROM (SELECT DISTINCT p.date FROM price_rows AS p) AS d
)
INSERT INTO price_texts (date, dmy, mdy, ymd, short, clock, midnight, instant)
SELECT s.date, s.day, s.day, s.day, NULL, NULL, true, NULL FROM seen AS s WHERE s.day IS NOT NULL
UNION ALL
SELECT s.date, r.dmy, r.mdy, r.ymd, r.short, r.clock, r.midnight, instant_of(s.date)
FROM seen AS s
LEFT JOIN LATERAL day_readings(s.date, %(months)s::jsonb) AS r ON s.date IS NOT NULL
WHERE s.day IS NULL
