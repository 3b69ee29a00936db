-- The days to write: the last line of a key wins, and only what differs from the stored day is written.
CREATE TEMP TABLE load_days ON COMMIT DROP AS
SELECT d.*, h.id IS NULL AS is_new
FROM (
    SELECT DISTINCT ON (s.id, s."timestamp") s.*
    FROM load_staging AS s
    ORDER BY s.id, s."timestamp", s.line DESC
) AS d
LEFT JOIN load_there AS h ON h.id = d.id AND h."timestamp" = d."timestamp"
WHERE h.id IS NULL
    OR (h.name, h.timeopen, h.timeclose, h.timehigh, h.timelow,
        h.open, h.high, h.low, h.close, h.volume, h.marketcap)
    IS DISTINCT FROM (d.name, d.timeopen, d.timeclose, d.timehigh, d.timelow,
        d.open, d.high, d.low, d.close, d.volume, d.marketcap)
