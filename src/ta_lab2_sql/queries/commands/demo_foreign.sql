-- Assets with the demo's symbols whose days came from other files than the demo's.
SELECT DISTINCT h.id
FROM cmc_price_histories7 AS h
INNER JOIN assets AS a ON a.id = h.id
WHERE a.symbol = ANY(%(symbols)s) AND h.source_file IS NOT NULL AND h.source_file <> ALL(%(files)s)
ORDER BY h.id
