-- Bring the differing days into the raw table; a day that somebody else has just made the same stays as it
-- is.
INSERT INTO cmc_price_histories7 AS h (
    id, name, timeopen, timeclose, timehigh, timelow, "timestamp",
    open, high, low, close, volume, marketcap, source_file, load_ts)
SELECT
    d.id, d.name, d.timeopen, d.timeclose, d.timehigh, d.timelow, d."timestamp",
    d.open, d.high, d.low, d.close, d.volume, d.marketcap, d.source_file, now()
FROM load_days AS d
ORDER BY d.id, d."timestamp"
ON CONFLICT (id, "timestamp") DO UPDATE SET
    name = excluded.name,
    timeopen = excluded.timeopen,
    timeclose = excluded.timeclose,
    timehigh = excluded.timehigh,
    timelow = excluded.timelow,
    open = excluded.open,
    high = excluded.high,
    low = excluded.low,
    close = excluded.close,
    volume = excluded.volume,
    marketcap = excluded.marketcap,
    source_file = excluded.source_file,
    load_ts = excluded.load_ts
WHERE (h.name, h.timeopen, h.timeclose, h.timehigh, h.timelow,
        h.open, h.high, h.low, h.close, h.volume, h.marketcap)
    IS DISTINCT FROM (
        excluded.name, excluded.timeopen, excluded.timeclose, excluded.timehigh, excluded.timelow,
        excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume, excluded.marketcap)
