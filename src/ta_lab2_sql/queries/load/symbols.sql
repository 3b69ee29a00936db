-- The ids of symbols; unknown ones are made.
SELECT s.symbol, s.id, s.is_new FROM symbol_ids(%(symbols)s::text[], %(create)s) AS s
