-- Every text of a day is judged once; those with a format of their own by the driver.
INSERT INTO price_texts (date, dmy, mdy, ymd, short, clock, midnight, instant)
SELECT t.date, r.dmy, r.mdy, r.ymd, r.short, r.clock, r.midnight,
    CASE WHEN length(t.date) > 10 THEN instant_of(t.date) END
FROM (SELECT DISTINCT p.date FROM price_rows AS p) AS t
LEFT JOIN LATERAL day_readings(t.date, %(months)s::jsonb) AS r ON t.date IS NOT NULL
