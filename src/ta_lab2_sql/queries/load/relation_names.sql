-- The columns of a relation.
SELECT a.attname
FROM pg_attribute AS a
WHERE a.attrelid = %(relation)s::regclass AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
