-- calendar_days_due: days of trading calendars that changed under bars which were built before.
-- Rows      one per asset and group of bars that has some: days, sorted, since the version it was built with,
--           from the start of the earliest window that holds the asset's first day to the end of the newest.
-- Rule      other days concern no bar. An asset on another calendar than its bars isn't meant: its bars are
--           built anew.
-- Cost      nothing for states of the newest version; else the days changed since, and the timeframes where
--           one of them lies before the asset's first day or after its newest.
CREATE OR REPLACE VIEW calendar_days_due AS
SELECT
    s.id,
    s.bar_group,
    d.days
FROM bars_state AS s
INNER JOIN calendars_applied AS a ON a.calendar = s.calendar AND a.version > s.calendar_version
INNER JOIN cmc_price_bars_1d AS n ON n.id = s.id AND n.bar_seq = s.n_rows
LEFT JOIN LATERAL (
    SELECT bool_or(NOT c.day BETWEEN s.first_day AND n.day) AS are_outside
    FROM calendar_changes AS h
    CROSS JOIN LATERAL unnest(h.days) AS c (day)
    WHERE h.calendar = s.calendar AND h.version > s.calendar_version
) AS o ON true
LEFT JOIN LATERAL (
    SELECT
        min(CASE
            WHEN t.unit_kind = 'D' THEN s.first_day
            WHEN t.allow_partial_start THEN window_start(t.unit_kind, t.tf_qty, u.first_unit, 1)
            ELSE unit_first_day(t.unit_kind, calendar_unit(t.unit_kind, s.first_day))
        END) AS begins,
        max(CASE
            WHEN t.unit_kind = 'D' THEN n.day
            ELSE window_end(
                t.unit_kind, t.tf_qty, u.first_unit,
                bar_of_unit(t.tf_qty, u.first_unit, calendar_unit(t.unit_kind, n.day)))
        END) AS ends
    FROM dim_timeframe AS t
    CROSS JOIN LATERAL (
        SELECT
            first_unit(t.unit_kind, t.tf_qty, t.allow_partial_start, s.first_day, s.session_before)
                AS first_unit
        WHERE true
        OFFSET 0
    ) AS u
    WHERE
        t.bar_group = s.bar_group AND t.tf = ANY(s.tfs)
        -- Windows are asked only where a day outside the asset's own changed.
        AND o.are_outside
) AS w ON true
LEFT JOIN LATERAL (
    SELECT array_agg(DISTINCT c.day ORDER BY c.day) AS days
    FROM calendar_changes AS h
    CROSS JOIN LATERAL unnest(h.days) AS c (day)
    WHERE
        h.calendar = s.calendar AND h.version > s.calendar_version
        AND (c.day BETWEEN s.first_day AND n.day OR c.day BETWEEN w.begins AND w.ends)
) AS d ON true
WHERE cardinality(d.days) > 0;
