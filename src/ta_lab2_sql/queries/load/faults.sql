-- The faults in the order of files and lines.
SELECT f.file, f.line, f.role, f.value, f.reason
FROM price_faults AS f
ORDER BY f.file, f.line, f.role
LIMIT %(limit)s
