-- The sign before the fraction for each column of numbers: what an option says, else what the cells of the
-- column give away, else those of the whole file, else what the layout says, else the comma where semicolons
-- separate columns or blanks group thousands, and prices have commas but no points, else the point. Cells are
-- counted only where the file has a comma, or two points in a cell: nothing else speaks for the comma.
WITH looks AS MATERIALIZED (
    SELECT
        f.file,
        f.decimal_sign AS said,
        f.usual_sign AS usual,
        f.hint,
        f.delimiter,
        f.decimal_sign IS NULL AND (
            f.usual_sign = ',' OR f.hint IS NOT NULL OR bool_or(
                concat_ws('|', c.open, c.high, c.low, c.close, c.adjusted, c.volume, c.marketcap)
                ~ ',|[.][^|.]*[.]'
            )
        ) AS is_open
    FROM price_cells AS c
    INNER JOIN price_files AS f ON f.file = c.file
    GROUP BY f.file
)
INSERT INTO price_signs (file, role, decimal_sign)
SELECT
    s.file,
    s.role,
    coalesce(
        CASE WHEN s.commas > s.points THEN ',' WHEN s.points > 0 THEN '.' END,
        CASE
            WHEN sum(s.commas) OVER w > 0 AND sum(s.points) OVER w = 0 THEN ','
            WHEN sum(s.points) OVER w > 0 AND sum(s.commas) OVER w = 0 THEN '.'
        END,
        s.usual,
        CASE
            WHEN (s.delimiter = ';' OR bool_or(s.has_blank) OVER w)
                AND bool_or(s.has_comma AND s.is_price) OVER w
                AND NOT bool_or(s.has_point AND s.is_price) OVER w THEN ','
        END,
        '.'
    ) AS decimal_sign
FROM (
    SELECT
        c.file,
        v.role,
        l.usual,
        l.delimiter,
        v.role NOT IN ('volume', 'marketcap', 'other') AS is_price,
        bool_or(strpos(v.cell, ',') > 0) AS has_comma,
        bool_or(strpos(v.cell, '.') > 0) AS has_point,
        bool_or(v.role <> 'other' AND v.cell ~ '[0-9][^-0-9.,[:alpha:]][0-9]{3}') AS has_blank,
        count(*) FILTER (WHERE g.sign = ',') AS commas,
        count(*) FILTER (WHERE g.sign = '.') AS points
    FROM price_cells AS c
    INNER JOIN looks AS l ON l.file = c.file AND l.is_open
    CROSS JOIN LATERAL (
        VALUES ('open', c.open), ('high', c.high), ('low', c.low), ('close', c.close),
        ('adjusted', c.adjusted), ('volume', c.volume), ('marketcap', c.marketcap), ('other', l.hint)
    ) AS v (role, cell)
    CROSS JOIN LATERAL (SELECT decimal_sign(v.cell) AS sign OFFSET 0) AS g
    GROUP BY c.file, v.role, l.usual, l.delimiter
) AS s
WINDOW w AS (PARTITION BY s.file)
UNION ALL
SELECT l.file, r.role, coalesce(l.said, '.')
FROM looks AS l
CROSS JOIN (
    VALUES ('open'), ('high'), ('low'), ('close'), ('adjusted'), ('volume'), ('marketcap')
) AS r (role)
WHERE l.is_open IS NOT TRUE
