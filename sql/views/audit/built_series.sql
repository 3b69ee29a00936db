-- built_series: every timeframe that an asset's EMAs were built for, with what the audits judge it by.
-- Rows      one per (id, ema_group, tf) of emas_state; in_bar, in_day: which vectors of emas the group keeps;
--           settled: nothing waits for a refresh, neither here nor in the bars.
-- Cost      the states and the catalogue.
CREATE OR REPLACE VIEW built_series AS
SELECT
    s.id,
    s.ema_group,
    t.tf,
    x.in_bar_space AS in_bar,
    x.in_day_space AS in_day,
    s.periods,
    w.dirty_from,
    w.hidden_from,
    w.dirty_from IS NULL AND q.id IS NULL AND (t.tf = '1D' OR b.settled IS TRUE) AS settled,
    t.tf = '1D' OR b.id IS NOT NULL AS has_bars
FROM emas_state AS s
INNER JOIN stored_groups() AS x ON x.ema_group = s.ema_group
CROSS JOIN LATERAL unnest(s.tfs) AS t (tf)
LEFT JOIN emas_waiting AS w ON w.id = s.id AND w.ema_group = s.ema_group
LEFT JOIN emas_pending AS q ON q.id = s.id AND q.ema_group = s.ema_group AND q.tf = t.tf
LEFT JOIN built_timeframes AS b ON b.id = s.id AND b.tf = t.tf;
