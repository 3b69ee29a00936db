-- built_timeframes: every timeframe that an asset's bars were built for, with what the audits judge it by.
-- Rows      one per (id, tf) of bars_state that the catalogue knows; settled: nothing waits for a refresh, so
--           that bars must agree with the validated days.
-- Rule      whether windows are anchored follows from the name alone, not from the columns under audit.
-- Cost      the states and the catalogue.
CREATE OR REPLACE VIEW built_timeframes AS
SELECT
    s.id,
    t.tf,
    t.family,
    s.bar_group,
    s.tz,
    s.first_ts,
    s.first_day,
    s.session_before,
    s.calendar,
    s.last_ts,
    s.n_rows,
    t.unit_kind,
    t.tf_qty,
    t.tf LIKE '%\_ANCHOR%' AS is_anchored,
    t.tf_days_min,
    t.tf_days_max,
    w.id IS NULL AND p.id IS NULL AS settled
FROM bars_state AS s
INNER JOIN dim_timeframe AS t ON t.bar_group = s.bar_group AND t.tf = ANY(s.tfs)
LEFT JOIN bars_waiting AS w ON w.id = s.id AND w.bar_group = s.bar_group
LEFT JOIN bars_pending AS p ON p.id = s.id AND p.tf = t.tf;
