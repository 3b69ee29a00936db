-- bars_waiting: the groups of bars that wait for a refresh, and since when.
-- Rows      one per (id, bar_group) that waits; dirty_from: "timestamp" of the earliest day that may differ.
-- Rule      what was marked after they had read, or came after their newest day. New days that don't follow
--           the number of the state's days are none: state and days disagree.
-- Cost      two probes per state.
CREATE OR REPLACE VIEW bars_waiting AS
SELECT s.id, s.bar_group, least(min(m.changed_from), min(d."timestamp")) AS dirty_from
FROM bars_state AS s
LEFT JOIN bar_marks AS m ON m.id = s.id AND m.version > s.marks_read
LEFT JOIN cmc_price_bars_1d AS d
    ON d.id = s.id AND d.bar_seq = s.n_rows + 1 AND d."timestamp" > s.last_ts
GROUP BY s.id, s.bar_group
HAVING min(m.changed_from) IS NOT NULL OR min(d."timestamp") IS NOT NULL;
