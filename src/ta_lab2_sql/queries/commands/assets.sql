-- What is loaded and what was made of it, a row per asset.
SELECT
    raw.id,
    raw.name,
    raw.rows,
    raw.first,
    raw.last,
    coalesce(days.days, 0) AS valid_days,
    coalesce(made.bars, 0) AS bars,
    coalesce(failed.rejects, 0) AS rejects
FROM (
    SELECT
        id,
        (array_agg(name ORDER BY "timestamp" DESC))[1] AS name,
        count(*) AS rows,
        (min("timestamp") AT TIME ZONE 'UTC')::date AS first,
        (max("timestamp") AT TIME ZONE 'UTC')::date AS last
    FROM cmc_price_histories7
    GROUP BY id
) AS raw
LEFT JOIN (SELECT id, count(*) AS days FROM cmc_price_bars_1d GROUP BY id) AS days USING (id)
LEFT JOIN (SELECT id, count(*) AS bars FROM bars GROUP BY id) AS made USING (id)
LEFT JOIN (
    SELECT id, count(DISTINCT "timestamp") AS rejects FROM cmc_price_bars_1d_rejects GROUP BY id
) AS failed USING (id)
ORDER BY raw.id
