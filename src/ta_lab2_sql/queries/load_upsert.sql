-- Bring the staged days into the raw table: the last line of a key wins, and only rows that differ are written.
-- Returns a row per asset: what was read, lost, written, and the earliest stamp written.
WITH days AS (
    SELECT DISTINCT ON (s.id, s."timestamp") s.*
    FROM load_staging AS s
    ORDER BY s.id, s."timestamp", s.line DESC
),
different AS (
    SELECT d.*
    FROM days AS d
    LEFT JOIN cmc_price_histories7 AS h ON h.id = d.id AND h."timestamp" = d."timestamp"
    WHERE h.id IS NULL
        OR (h.name, h.timeopen, h.timeclose, h.timehigh, h.timelow,
            h.open, h.high, h.low, h.close, h.volume, h.marketcap)
        IS DISTINCT FROM (d.name, d.timeopen, d.timeclose, d.timehigh, d.timelow,
            d.open, d.high, d.low, d.close, d.volume, d.marketcap)
),
written AS (
    INSERT INTO cmc_price_histories7 AS h (
        id, name, timeopen, timeclose, timehigh, timelow, "timestamp",
        open, high, low, close, volume, marketcap, source_file, load_ts)
    SELECT
        id, name, timeopen, timeclose, timehigh, timelow, "timestamp",
        open, high, low, close, volume, marketcap, source_file, now()
    FROM different
    ORDER BY id, "timestamp"
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
        IS DISTINCT FROM (excluded.name, excluded.timeopen, excluded.timeclose, excluded.timehigh, excluded.timelow,
            excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume, excluded.marketcap)
    RETURNING h.id, h."timestamp", h.xmax = 0 AS is_new
),
changes AS (
    SELECT
        id,
        count(*) FILTER (WHERE is_new) AS inserted,
        count(*) FILTER (WHERE NOT is_new) AS updated,
        min("timestamp") AS earliest
    FROM written
    GROUP BY id
),
counts AS (
    SELECT
        id,
        count(*) AS read,
        count(DISTINCT "timestamp") AS days
    FROM load_staging
    GROUP BY id
)
SELECT
    n.id,
    n.read,
    coalesce(c.inserted, 0) AS inserted,
    coalesce(c.updated, 0) AS updated,
    n.days - coalesce(c.inserted, 0) - coalesce(c.updated, 0) AS unchanged,
    n.read - n.days AS duplicates,
    c.earliest
FROM counts AS n
LEFT JOIN changes AS c USING (id)
ORDER BY n.id
