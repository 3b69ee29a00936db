-- emas_left_behind: the EMAs of timeframes that a refresh of some left behind the rest of their group.
-- Rows      one per (id, ema_group, tf), with its periods; dirty_from: "timestamp" of the earliest day that
--           may differ, -infinity: all; hidden_from: from which on EMAs are not shown.
-- Rule      as emas_waiting; a bar that only closed late isn't told apart. Vectors of other periods than the
--           group's wait as a whole.
-- Cost      two probes per timeframe.
CREATE OR REPLACE VIEW emas_left_behind AS
SELECT
    p.id, p.ema_group, p.tf, p.periods,
    CASE
        WHEN p.periods <> s.periods THEN '-infinity'
        ELSE least(min(m.hidden_from), min(d."timestamp"))
    END AS dirty_from,
    min(m.hidden_from) AS hidden_from
FROM emas_pending AS p
INNER JOIN emas_state AS s ON s.id = p.id AND s.ema_group = p.ema_group
LEFT JOIN ema_marks AS m
    ON m.id = p.id AND m.version > p.marks_read AND m.output IN ('1d', s.bar_group)
LEFT JOIN cmc_price_bars_1d AS d
    ON d.id = p.id AND d.bar_seq = p.n_rows + 1 AND d."timestamp" > p.last_ts
GROUP BY p.id, p.ema_group, p.tf, p.periods, s.periods;
