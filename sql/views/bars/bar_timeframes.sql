-- bar_timeframes: what the bars of an asset and timeframe have in common.
-- Rows      one per timeframe of a group of bars that is built for the asset, also while it has no bar.
-- Rule      first_unit and first_start are those of bar 1; starts_late: the asset begins after the window of
--           bar 1 does.
-- Cost      one row for a given (id, tf); grouped so that first units are found once, not once a day.
CREATE OR REPLACE VIEW bar_timeframes AS
SELECT
    g.id,
    g.tf,
    g.bar_group,
    g.tf_days,
    g.unit_kind,
    g.n,
    g.is_anchored,
    g.tz,
    g.first_unit,
    CASE WHEN g.is_anchored THEN unit_first_day(g.unit_kind, g.first_unit) END AS first_start,
    coalesce(g.is_anchored AND unit_first_day(g.unit_kind, g.first_unit) < g.first_day, false) AS starts_late
FROM (
    SELECT
        s.id,
        t.tf,
        t.bar_group,
        t.tf_days_nominal AS tf_days,
        t.unit_kind,
        t.tf_qty AS n,
        t.allow_partial_start AS is_anchored,
        s.tz,
        min(s.first_day) AS first_day,
        min(first_unit(t.unit_kind, t.tf_qty, t.allow_partial_start, s.first_day)) AS first_unit
    FROM bars_state AS s
    INNER JOIN dim_timeframe AS t ON t.bar_group = s.bar_group
    -- Every column by name: a view that relies on a key hangs on its constraint, and a cluster keeps such
    -- a view, and all that read it, from its other nodes.
    GROUP BY
        s.id, s.bar_group, s.tz, t.tf, t.bar_group, t.tf_days_nominal, t.unit_kind, t.tf_qty,
        t.allow_partial_start
) AS g;
