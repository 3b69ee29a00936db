-- Which numbers can't be read, and why. Lines of plain numbers are passed over, as most are.
INSERT INTO price_faults (file, line, role, value, reason)
SELECT c.file, c.line, v.role, v.cell, w.reason
FROM price_cells AS c
INNER JOIN price_files AS f ON f.file = c.file
INNER JOIN (
    SELECT
        p.file,
        jsonb_object_agg(p.role, p.decimal_sign) AS signs,
        CASE WHEN bool_and(p.decimal_sign = '.') THEN '.' ELSE ',' END AS least
    FROM price_signs AS p
    GROUP BY p.file
) AS s ON s.file = c.file
CROSS JOIN LATERAL (
    VALUES ('open', c.open), ('high', c.high), ('low', c.low), ('close', c.close),
    ('adjusted', c.adjusted), ('volume', c.volume), ('marketcap', c.marketcap)
) AS v (role, cell)
CROSS JOIN LATERAL (
    SELECT number_fault(v.cell, s.signs ->> v.role, f.unknown, f.units) AS reason OFFSET 0
) AS w
WHERE NOT (
    is_plain_number(c.open, s.least)
    AND is_plain_number(c.high, s.least)
    AND is_plain_number(c.low, s.least)
    AND is_plain_number(c.close, s.least)
    AND is_plain_number(c.adjusted, s.least)
    AND is_plain_number(c.volume, s.least)
    AND is_plain_number(c.marketcap, s.least)
)
AND w.reason IS NOT NULL
