-- The order of day, month and year of each file: the one that was said, else the one that all its days have.
-- Two digits in front are a year where no other reading lies in the past, or where it alone keeps the days
-- together (24-01-30, 24-01-31).
-- Returns the first file whose days can be read in two ways, with an example.
WITH seen AS (
    SELECT
        r.file,
        count(*) FILTER (WHERE t.dmy IS NULL AND t.mdy IS NOT NULL) AS only_mdy,
        count(*) FILTER (WHERE t.mdy IS NULL AND t.dmy IS NOT NULL) AS only_dmy,
        count(*) FILTER (WHERE t.dmy <> t.mdy) AS open,
        min(r.date) FILTER (WHERE t.dmy <> t.mdy) AS example,
        bool_and(coalesce(t.ymd <= current_date + 1, false) AND r.date !~ '^[0-9]{1,2}[.]')
        AND bool_or(t.dmy IS DISTINCT FROM t.ymd) AS may_be_ymd,
        max(t.ymd) - min(t.ymd) AS ymd_span,
        CASE WHEN bool_and(coalesce(t.dmy <= current_date + 1, false)) THEN max(t.dmy) - min(t.dmy) END
            AS dmy_span,
        CASE WHEN bool_and(coalesce(t.mdy <= current_date + 1, false)) THEN max(t.mdy) - min(t.mdy) END
            AS mdy_span
    FROM (SELECT DISTINCT p.file, p.date FROM price_rows AS p) AS r
    INNER JOIN price_texts AS t ON t.date = r.date AND t.day_format IS NULL
    GROUP BY r.file
),
decided AS (
    UPDATE price_files AS f SET
        day_order = CASE
            WHEN s.may_be_ymd AND coalesce(s.ymd_span < least(s.dmy_span, s.mdy_span), true) THEN 'ymd'
            WHEN s.only_dmy > 0 OR s.open = 0 AND s.only_mdy = 0 THEN 'dmy'
            WHEN s.only_mdy > 0 THEN 'mdy'
        END
    FROM seen AS s
    WHERE s.file = f.file AND f.day_order IS NULL
    RETURNING f.file, f.day_order
)
SELECT f.shown, s.example, t.dmy, t.mdy
FROM decided AS d
INNER JOIN price_files AS f ON f.file = d.file
INNER JOIN seen AS s ON s.file = d.file
INNER JOIN price_texts AS t ON t.date = s.example
WHERE d.day_order IS NULL
ORDER BY f.file
LIMIT 1
