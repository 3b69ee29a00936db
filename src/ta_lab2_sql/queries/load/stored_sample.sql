-- The first and the last three days of each asset as they would be stored.
SELECT
    s.id,
    a.symbol,
    s."timestamp",
    s.local_day,
    s.open,
    s.high,
    s.low,
    s.close,
    s.volume,
    s.marketcap
FROM (
    SELECT
        d.*,
        row_number() OVER (PARTITION BY d.id ORDER BY d."timestamp") AS from_first,
        row_number() OVER (PARTITION BY d.id ORDER BY d."timestamp" DESC) AS from_last
    FROM price_days AS d
) AS s
LEFT JOIN assets AS a ON a.id = s.id
WHERE s.from_first <= 3 OR s.from_last <= 3
ORDER BY s.id, s."timestamp"
