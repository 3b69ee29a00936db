-- What is stored of some assets, a row per asset and group of bars.
SELECT
    s.id,
    s.family AS bars_of,
    cardinality(s.tfs) AS timeframes,
    (SELECT count(*) FROM bars AS b WHERE b.id = s.id AND b.tf = ANY (s.tfs)) AS bars,
    (SELECT count(*) FROM emas AS e WHERE e.id = s.id AND e.tf = ANY (s.tfs)) AS ema_vectors,
    s.n_rows AS days,
    (s.first_ts AT TIME ZONE 'UTC')::date AS first_day,
    (s.last_ts AT TIME ZONE 'UTC')::date AS last_day
FROM bars_state AS s
WHERE s.id = ANY (%(ids)s)
ORDER BY s.id, s.family
