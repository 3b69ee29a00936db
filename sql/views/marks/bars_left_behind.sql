-- bars_left_behind: the timeframes that a refresh of some left behind the rest of their group; since when.
-- Rows      one per (id, bar_group, tf); dirty_from: "timestamp" of the earliest day that may differ.
-- Rule      as bars_waiting.
-- Cost      two probes per timeframe.
CREATE OR REPLACE VIEW bars_left_behind AS
SELECT p.id, p.bar_group, p.tf, least(min(m.changed_from), min(d."timestamp")) AS dirty_from
FROM bars_pending AS p
LEFT JOIN bar_marks AS m ON m.id = p.id AND m.version > p.marks_read
LEFT JOIN cmc_price_bars_1d AS d
    ON d.id = p.id AND d.bar_seq = p.n_rows + 1 AND d."timestamp" > p.last_ts
GROUP BY p.id, p.bar_group, p.tf;
