-- Which ids have an asset, and its symbol.
SELECT a.id, a.symbol FROM assets AS a WHERE a.id = ANY(%(ids)s::int[])
