-- The sign before the fraction for each column of numbers: what an option says, else what the cells of the
-- column give away, else those of the whole file, else what the layout says, else the point.
INSERT INTO price_signs (file, role, decimal_sign)
SELECT
    s.file,
    s.role,
    coalesce(
        s.said,
        CASE WHEN s.commas > s.points THEN ',' WHEN s.points > 0 THEN '.' END,
        CASE WHEN sum(s.commas) OVER w > 0 AND sum(s.points) OVER w = 0 THEN ',' END,
        s.usual,
        '.'
    ) AS decimal_sign
FROM (
    SELECT
        c.file,
        v.role,
        f.decimal_sign AS said,
        f.usual_sign AS usual,
        count(*) FILTER (WHERE decimal_sign(v.cell) = ',') AS commas,
        count(*) FILTER (WHERE decimal_sign(v.cell) = '.') AS points
    FROM price_cells AS c
    INNER JOIN price_files AS f ON f.file = c.file
    CROSS JOIN LATERAL (
        VALUES ('open', c.open), ('high', c.high), ('low', c.low), ('close', c.close),
        ('adjusted', c.adjusted), ('volume', c.volume), ('marketcap', c.marketcap), ('other', f.hint)
    ) AS v (role, cell)
    GROUP BY c.file, v.role, f.decimal_sign, f.usual_sign
) AS s
WINDOW w AS (PARTITION BY s.file)
