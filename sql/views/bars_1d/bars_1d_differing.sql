-- bars_1d_differing: bars_1d_compared, and what is stored without its raw day.
-- Rows      one per raw day, and one per stored day or reject without its raw day, which differs.
-- Rule      Filter it by id and "timestamp".
-- Cost      index ranges of three tables.
CREATE OR REPLACE VIEW bars_1d_differing AS
SELECT c.id, c."timestamp", c.is_loaded, c.differs, c.reject_missing
FROM bars_1d_compared AS c
UNION ALL
SELECT d.id, d."timestamp", false, true, false
FROM cmc_price_bars_1d AS d
WHERE NOT EXISTS (
    SELECT 1 FROM cmc_price_histories7 AS h WHERE h.id = d.id AND h."timestamp" = d."timestamp")
UNION ALL
SELECT r.id, r."timestamp", false, true, false
FROM cmc_price_bars_1d_rejects AS r
WHERE NOT EXISTS (
    SELECT 1 FROM cmc_price_histories7 AS h WHERE h.id = r.id AND h."timestamp" = r."timestamp");
