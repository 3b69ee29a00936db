-- The symbols most like one that isn't there.
SELECT nearest_names(%(symbol)s, array_agg(a.symbol)) FROM assets AS a WHERE a.symbol IS NOT NULL
