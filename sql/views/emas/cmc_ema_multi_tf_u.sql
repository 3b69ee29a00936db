-- cmc_ema_multi_tf_u: the six EMA relations in one, told apart by alignment_source.
-- Rows      all of the six, key (alignment_source, id, tf, period, ts); the _bar columns are NULL for
--           multi_tf and multi_tf_v2. Months and years appear under both calendars that share them.
-- Rule      a view: never behind.
-- Cost      as the six. Each group of EMAs of an asset is asked with all filters of the query.
CREATE OR REPLACE VIEW cmc_ema_multi_tf_u AS
SELECT
    x.alignment_source, s.id, e.tf, e.ts, e.period, e.tf_days, e.roll, e.ema, e.d1, e.d2, e.d1_roll,
    e.d2_roll, e.ema_bar, e.roll_bar, e.d1_bar, e.d2_bar, e.d1_roll_bar, e.d2_roll_bar
FROM emas_state AS s
INNER JOIN taxonomy() AS x ON x.ema_group = s.ema_group
INNER JOIN LATERAL (
    SELECT
        r.id, r.tf, r.ts, r.period, r.tf_days, r.roll, r.ema, r.d1, r.d2, r.d1_roll, r.d2_roll,
        NULL::float8 AS ema_bar, NULL::boolean AS roll_bar, NULL::float8 AS d1_bar, NULL::float8 AS d2_bar,
        NULL::float8 AS d1_roll_bar, NULL::float8 AS d2_roll_bar
    FROM ema_day_rows AS r
    WHERE r.id = s.id AND r.ema_group = s.ema_group
    UNION ALL
    SELECT
        r.id, r.tf, r.ts, r.period, r.tf_days, r.roll, r.ema, r.d1, r.d2, r.d1_roll, r.d2_roll,
        r.ema_bar, r.roll_bar, r.d1_bar, r.d2_bar, r.d1_roll_bar, r.d2_roll_bar
    FROM ema_calendar_rows AS r
    WHERE r.id = s.id AND r.ema_group = s.ema_group
) AS e ON e.id = s.id;
