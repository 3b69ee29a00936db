-- The ids of some symbols.
SELECT s.symbol, asset_id(s.symbol) AS id
FROM unnest(%(symbols)s::text[]) AS s (symbol)
