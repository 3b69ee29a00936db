-- Forget a saved source.
DELETE FROM price_sources WHERE name = %(name)s RETURNING name
