-- Rows become days of assets. Rows without any price are left out.
INSERT INTO price_days (
    id, "timestamp", local_day, name, timeopen, timeclose, timehigh, timelow,
    open, high, low, close, volume, marketcap, clock, file, line)
SELECT
    a.id,
    CASE
        WHEN f.stamp <> 'close' THEN t.closes
        -- Days that their source stamped at the opening get the closing time as stamp.
        WHEN t.instant = instant_of(r.timeopen) AND instant_of(r.timeclose) > t.instant
            THEN instant_of(r.timeclose)
        ELSE t.instant
    END,
    t.day,
    nullif(r.name, ''),
    CASE WHEN f.stamp = 'close' THEN instant_of(r.timeopen) ELSE t.opens END,
    CASE
        WHEN f.stamp = 'close' THEN instant_of(r.timeclose)
        ELSE t.closes
    END,
    instant_of(r.timehigh),
    instant_of(r.timelow),
    CASE WHEN f.one_price THEN c.close ELSE r.open * c.factor END,
    CASE WHEN f.one_price THEN c.close ELSE r.high * c.factor END,
    CASE WHEN f.one_price THEN c.close ELSE r.low * c.factor END,
    c.close,
    r.volume * f.volume_factor,
    r.marketcap,
    CASE WHEN t.clock IS NOT NULL OR r.clock IS NOT NULL THEN concat(t.clock, ' ', r.clock) END,
    r.file,
    r.line
FROM price_rows AS r
INNER JOIN price_files AS f ON f.file = r.file
INNER JOIN price_assets AS a ON a.file = r.file AND a.asset = coalesce(
    CASE
        WHEN r.block IS NOT NULL THEN r.block
        WHEN f.has_symbol THEN r.symbol
        WHEN f.has_id THEN r.id
        ELSE r.name
    END, '')
INNER JOIN price_moments AS t ON t.reading = f.reading AND t.date = r.date
CROSS JOIN LATERAL (
    SELECT CASE WHEN f.adjusted THEN r.adjusted ELSE r.close END AS close,
        CASE WHEN f.adjusted THEN r.adjusted / nullif(r.close, 0) ELSE 1 END AS factor
) AS c
WHERE (r.open IS NOT NULL OR r.high IS NOT NULL OR r.low IS NOT NULL OR c.close IS NOT NULL)
    AND (c.close IS NOT NULL OR NOT f.adjusted)
