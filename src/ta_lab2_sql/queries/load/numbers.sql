-- Texts become numbers.
INSERT INTO price_rows (
    file, line, block, id, symbol, name, date, clock, timeopen, timeclose, timehigh, timelow,
    open, high, low, close, adjusted, volume, marketcap)
SELECT
    c.file, c.line, c.block, c.id, c.symbol, c.name, c.date, c.clock,
    c.timeopen, c.timeclose, c.timehigh, c.timelow,
    number_cell(c.open, s.signs ->> 'open', f.unknown, f.units),
    number_cell(c.high, s.signs ->> 'high', f.unknown, f.units),
    number_cell(c.low, s.signs ->> 'low', f.unknown, f.units),
    number_cell(c.close, s.signs ->> 'close', f.unknown, f.units),
    number_cell(c.adjusted, s.signs ->> 'adjusted', f.unknown, f.units),
    number_cell(c.volume, s.signs ->> 'volume', f.unknown, f.units),
    number_cell(c.marketcap, s.signs ->> 'marketcap', f.unknown, f.units)
FROM price_cells AS c
INNER JOIN price_files AS f ON f.file = c.file
INNER JOIN (
    SELECT p.file, jsonb_object_agg(p.role, p.decimal_sign) AS signs FROM price_signs AS p GROUP BY p.file
) AS s ON s.file = c.file
WHERE NOT EXISTS (SELECT 1 FROM price_faults AS b WHERE b.file = c.file AND b.line = c.line)
