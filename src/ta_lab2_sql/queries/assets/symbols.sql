-- The symbols of some assets that have one.
SELECT a.id, a.symbol
FROM assets AS a
WHERE a.id = ANY (%(ids)s::int[]) AND a.symbol IS NOT NULL
