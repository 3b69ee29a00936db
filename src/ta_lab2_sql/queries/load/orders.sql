-- The order of day, month and year of each file: the one that was said, else the one that all its days have.
-- Two digits in front are a year where no other reading lies in the past, or where it alone keeps the lines
-- in order, or the days together (24-01-30, 24-01-31).
-- Returns the first file whose days can be read in two ways, with an example and its two readings.
WITH seen AS (
    SELECT
        r.file,
        count(*) FILTER (WHERE t.dmy IS NULL AND t.mdy IS NOT NULL) AS only_mdy,
        count(*) FILTER (WHERE t.mdy IS NULL AND t.dmy IS NOT NULL) AS only_dmy,
        count(*) FILTER (WHERE t.dmy <> t.mdy) AS open,
        min(r.date) FILTER (WHERE t.dmy <> t.mdy) AS example,
        min(r.date) FILTER (WHERE t.ymd IS DISTINCT FROM t.dmy) AS ymd_example,
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
-- How often the days of lines turn back, where the year may stand in front.
turns AS (
    SELECT
        s.file,
        least(count(*) FILTER (WHERE s.ymd > s.last_ymd), count(*) FILTER (WHERE s.ymd < s.last_ymd)) AS ymd,
        least(count(*) FILTER (WHERE s.dmy > s.last_dmy), count(*) FILTER (WHERE s.dmy < s.last_dmy)) AS dmy,
        least(count(*) FILTER (WHERE s.mdy > s.last_mdy), count(*) FILTER (WHERE s.mdy < s.last_mdy)) AS mdy
    FROM (
        SELECT
            r.file,
            t.ymd,
            t.dmy,
            t.mdy,
            lag(t.ymd) OVER w AS last_ymd,
            lag(t.dmy) OVER w AS last_dmy,
            lag(t.mdy) OVER w AS last_mdy
        FROM price_rows AS r
        INNER JOIN price_texts AS t ON t.date = r.date AND t.day_format IS NULL
        WHERE r.file IN (SELECT e.file FROM seen AS e WHERE e.may_be_ymd)
        WINDOW w AS (PARTITION BY r.file ORDER BY r.line)
    ) AS s
    GROUP BY s.file
),
-- 1: the year stands in front, -1: it doesn't, 0: nothing tells.
years AS (
    SELECT
        s.file,
        CASE
            WHEN NOT s.may_be_ymd THEN -1
            WHEN s.dmy_span IS NULL AND s.mdy_span IS NULL THEN 1
            WHEN t.ymd * 4 < n.other_turns THEN 1
            WHEN n.other_turns * 4 < t.ymd THEN -1
            WHEN s.ymd_span * 4 < least(s.dmy_span, s.mdy_span) THEN 1
            WHEN least(s.dmy_span, s.mdy_span) * 4 < s.ymd_span THEN -1
            ELSE 0
        END AS in_front
    FROM seen AS s
    LEFT JOIN turns AS t ON t.file = s.file
    CROSS JOIN LATERAL (
        SELECT least(
            CASE WHEN s.dmy_span IS NOT NULL THEN t.dmy END, CASE WHEN s.mdy_span IS NOT NULL THEN t.mdy END
        ) AS other_turns
    ) AS n
),
decided AS (
    UPDATE price_files AS f SET
        day_order = CASE
            WHEN y.in_front = 1 THEN 'ymd'
            WHEN y.in_front = 0 THEN NULL
            WHEN s.only_dmy > 0 OR s.open = 0 AND s.only_mdy = 0 THEN 'dmy'
            WHEN s.only_mdy > 0 THEN 'mdy'
        END
    FROM seen AS s
    INNER JOIN years AS y ON y.file = s.file
    WHERE s.file = f.file AND f.day_order IS NULL
    RETURNING f.file, f.day_order, y.in_front, s.dmy_span IS NOT NULL AS may_be_dmy
)
SELECT
    f.shown,
    t.date,
    CASE WHEN d.in_front < 0 OR d.may_be_dmy THEN 'dmy' ELSE 'mdy' END AS one_order,
    CASE WHEN d.in_front < 0 OR d.may_be_dmy THEN t.dmy ELSE t.mdy END AS one_day,
    CASE WHEN d.in_front < 0 THEN 'mdy' ELSE 'ymd' END AS other_order,
    CASE WHEN d.in_front < 0 THEN t.mdy ELSE t.ymd END AS other_day
FROM decided AS d
INNER JOIN price_files AS f ON f.file = d.file
INNER JOIN seen AS s ON s.file = d.file
INNER JOIN price_texts AS t ON t.date = CASE WHEN d.in_front < 0 THEN s.example ELSE s.ymd_example END
WHERE d.day_order IS NULL
ORDER BY f.file
LIMIT 1
