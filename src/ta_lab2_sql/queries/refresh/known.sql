-- What is known of the assets to be refreshed: whether they have a row in assets, and their symbol.
SELECT w.id, a.id IS NOT NULL AS has_row, a.symbol
FROM unnest(%(ids)s::int[]) AS w (id)
LEFT JOIN assets AS a ON a.id = w.id
