-- What the rows of each file say about their asset: how many they are, how many lack a price, the first line.
SELECT
    k.file,
    k.kind,
    coalesce(k.asset, '') AS asset,
    CASE WHEN k.name = k.last_name THEN k.name END AS name,
    k.lines,
    k.line,
    k.no_price
FROM (
    SELECT
        r.file,
        CASE
            WHEN bool_or(r.block IS NOT NULL) OR f.has_symbol THEN 'symbol'
            WHEN f.has_id THEN 'id'
            ELSE 'name'
        END AS kind,
        a.asset,
        min(r.name COLLATE "C") AS name,
        max(r.name COLLATE "C") AS last_name,
        count(*) AS lines,
        min(r.line) AS line,
        count(*) FILTER (
            WHERE coalesce(r.open, r.high, r.low, r.close) IS NULL OR f.adjusted AND r.adjusted IS NULL
        ) AS no_price
    FROM price_rows AS r
    INNER JOIN price_files AS f ON f.file = r.file
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN r.block IS NOT NULL THEN r.block
            WHEN f.has_symbol THEN r.symbol
            WHEN f.has_id THEN r.id
            ELSE r.name
        END AS asset
    ) AS a
    GROUP BY r.file, f.has_symbol, f.has_id, a.asset
) AS k
ORDER BY k.file, k.line
