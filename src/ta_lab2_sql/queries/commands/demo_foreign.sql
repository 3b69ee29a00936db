-- Assets whose days came from other files than the demo's.
SELECT DISTINCT id
FROM cmc_price_histories7
WHERE id = ANY (%(ids)s) AND source_file IS NOT NULL AND source_file <> ALL (%(files)s)
ORDER BY id
