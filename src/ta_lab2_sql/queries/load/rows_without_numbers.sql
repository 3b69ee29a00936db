-- Rows of which only days are judged: their numbers are refused already.
INSERT INTO price_rows (file, line, date, timeopen, timeclose, timehigh, timelow)
SELECT c.file, c.line, c.date, c.timeopen, c.timeclose, c.timehigh, c.timelow
FROM price_cells AS c
