-- emas_waiting: the groups of EMAs that wait for a refresh, and since when.
-- Rows      one per (id, ema_group) that waits; dirty_from: "timestamp" of the earliest day whose vectors may
--           differ, hidden_from: from which on EMAs aren't shown.
-- Rule      as bars_waiting. A bar that only closed late leaves the vectors of a group as they are.
-- Cost      two probes per state.
CREATE OR REPLACE VIEW emas_waiting AS
SELECT
    s.id, s.ema_group, least(min(m.changed_from), min(d."timestamp")) AS dirty_from,
    min(m.hidden_from) AS hidden_from
FROM emas_state AS s
LEFT JOIN ema_marks AS m
    ON m.id = s.id AND m.version > s.marks_read AND m.output IN ('1d', s.bar_group)
LEFT JOIN cmc_price_bars_1d AS d
    ON d.id = s.id AND d.bar_seq = s.n_rows + 1 AND d."timestamp" > s.last_ts
GROUP BY s.id, s.ema_group
HAVING min(m.hidden_from) IS NOT NULL OR min(d."timestamp") IS NOT NULL;
