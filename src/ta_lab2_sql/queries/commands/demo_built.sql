-- What is stored of some assets, a row each.
SELECT
    s.id,
    (min(s.first_ts) AT TIME ZONE 'UTC')::date AS first_day,
    (max(s.last_ts) AT TIME ZONE 'UTC')::date AS last_day,
    max(s.n_rows) AS days,
    sum(cardinality(s.tfs))::int AS timeframes,
    (SELECT count(*) FROM bars AS b WHERE b.id = s.id) AS bars,
    (SELECT count(*) FROM emas AS e WHERE e.id = s.id) AS ema_vectors
FROM bars_state AS s
WHERE s.id = ANY (%(ids)s)
GROUP BY s.id
ORDER BY s.id
