-- The lines that have a fault.
SELECT DISTINCT f.file, f.line FROM price_faults AS f ORDER BY f.file, f.line
