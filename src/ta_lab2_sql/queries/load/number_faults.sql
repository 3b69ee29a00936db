-- Which numbers can't be read, and why.
INSERT INTO price_faults (file, line, role, value, reason)
SELECT c.file, c.line, v.role, v.cell, number_fault(v.cell, s.decimal_sign, f.unknown, f.units)
FROM price_cells AS c
INNER JOIN price_files AS f ON f.file = c.file
CROSS JOIN LATERAL (
    VALUES ('open', c.open), ('high', c.high), ('low', c.low), ('close', c.close),
    ('adjusted', c.adjusted), ('volume', c.volume), ('marketcap', c.marketcap)
) AS v (role, cell)
INNER JOIN price_signs AS s ON s.file = c.file AND s.role = v.role
WHERE number_fault(v.cell, s.decimal_sign, f.unknown, f.units) IS NOT NULL
