-- What there is of each asset, a row each: what people call it, its clock, its days, what was made of them.
-- A name of digits only numbers the currency of a source: it is no name.
WITH raw AS MATERIALIZED (
    SELECT
        h.id,
        (array_agg(h.name ORDER BY h."timestamp" DESC))[1] AS name,
        count(*) AS days,
        (min(h."timestamp") AT TIME ZONE 'UTC')::date AS first,
        (max(h."timestamp") AT TIME ZONE 'UTC')::date AS last
    FROM cmc_price_histories7 AS h
    GROUP BY h.id
),
valid AS MATERIALIZED (SELECT d.id, count(*) AS days FROM cmc_price_bars_1d AS d GROUP BY d.id),
made AS MATERIALIZED (SELECT b.id, count(*) AS bars FROM bars AS b GROUP BY b.id),
failed AS MATERIALIZED (
    SELECT r.id, count(DISTINCT r."timestamp") AS rejects FROM cmc_price_bars_1d_rejects AS r GROUP BY r.id
)
SELECT
    k.id,
    a.symbol,
    coalesce(a.name, nullif(regexp_replace(raw.name, '^[0-9]+$', ''), '')) AS name,
    a.calendar,
    coalesce(a.tz, 'America/New_York') AS zone,
    coalesce(raw.days, 0) AS days,
    raw.first,
    raw.last,
    coalesce(valid.days, 0) AS valid_days,
    coalesce(made.bars, 0) AS bars,
    coalesce(failed.rejects, 0) AS rejects
FROM (
    SELECT s.id FROM assets AS s
    UNION SELECT r.id FROM raw AS r
    UNION SELECT v.id FROM valid AS v
    UNION SELECT m.id FROM made AS m
) AS k
LEFT JOIN assets AS a ON a.id = k.id
LEFT JOIN raw ON raw.id = k.id
LEFT JOIN valid ON valid.id = k.id
LEFT JOIN made ON made.id = k.id
LEFT JOIN failed ON failed.id = k.id
ORDER BY k.id
