-- How relations give prices, as it was saved.
SELECT p.name, p.relation, p.columns, p.options FROM price_sources AS p ORDER BY p.name
