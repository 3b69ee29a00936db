-- Fetch the stored days of some assets in a range.
INSERT INTO load_there (
    id, name, timeopen, timeclose, timehigh, timelow, "timestamp",
    open, high, low, close, volume, marketcap, source_file, load_ts)
SELECT
    h.id, h.name, h.timeopen, h.timeclose, h.timehigh, h.timelow, h."timestamp",
    h.open, h.high, h.low, h.close, h.volume, h.marketcap, h.source_file, h.load_ts
FROM cmc_price_histories7 AS h
WHERE h.id = ANY(%(ids)s::int[]) AND h."timestamp" BETWEEN %(first)s AND %(last)s
