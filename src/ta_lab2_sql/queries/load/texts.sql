-- Every text of a day is judged once; those with a format of their own by the driver.
INSERT INTO price_texts (date, dmy, mdy, ymd, short, clock, midnight, instant)
SELECT
    t.date,
    coalesce(t.day, r.dmy),
    coalesce(t.day, r.mdy),
    coalesce(t.day, r.ymd),
    r.short,
    r.clock,
    t.day IS NOT NULL OR r.midnight,
    CASE WHEN length(t.date) > 10 THEN instant_of(t.date) END
FROM (
    SELECT d.date, iso_day(d.date) AS day
    FROM (SELECT DISTINCT p.date FROM price_rows AS p) AS d
    OFFSET 0
) AS t
LEFT JOIN LATERAL (
    SELECT v.* FROM day_readings(t.date, %(months)s::jsonb) AS v WHERE t.day IS NULL AND t.date IS NOT NULL
) AS r ON true
