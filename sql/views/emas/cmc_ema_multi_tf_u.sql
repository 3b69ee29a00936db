-- cmc_ema_multi_tf_u: the six EMA relations in one, told apart by alignment_source.
-- Rows      all of the six, key (alignment_source, id, tf, period, ts); the _bar columns are NULL for
--           multi_tf and multi_tf_v2. Months and years appear under both calendars that share them.
-- Rule      a view: never behind. A filter on alignment_source leaves one branch.
CREATE OR REPLACE VIEW cmc_ema_multi_tf_u AS
SELECT
    'multi_tf' AS alignment_source, id, tf, ts, period, tf_days, roll, ema, d1, d2, d1_roll, d2_roll,
    NULL::float8 AS ema_bar, NULL::boolean AS roll_bar, NULL::float8 AS d1_bar, NULL::float8 AS d2_bar,
    NULL::float8 AS d1_roll_bar, NULL::float8 AS d2_roll_bar
FROM cmc_ema_multi_tf
UNION ALL
SELECT
    'multi_tf_v2' AS alignment_source, id, tf, ts, period, tf_days, roll, ema, d1, d2, d1_roll, d2_roll,
    NULL::float8 AS ema_bar, NULL::boolean AS roll_bar, NULL::float8 AS d1_bar, NULL::float8 AS d2_bar,
    NULL::float8 AS d1_roll_bar, NULL::float8 AS d2_roll_bar
FROM cmc_ema_multi_tf_v2
UNION ALL
SELECT
    'multi_tf_cal_us' AS alignment_source, id, tf, ts, period, tf_days, roll, ema, d1, d2, d1_roll, d2_roll,
    ema_bar, roll_bar, d1_bar, d2_bar, d1_roll_bar, d2_roll_bar
FROM cmc_ema_multi_tf_cal_us
UNION ALL
SELECT
    'multi_tf_cal_iso' AS alignment_source, id, tf, ts, period, tf_days, roll, ema, d1, d2, d1_roll, d2_roll,
    ema_bar, roll_bar, d1_bar, d2_bar, d1_roll_bar, d2_roll_bar
FROM cmc_ema_multi_tf_cal_iso
UNION ALL
SELECT
    'multi_tf_cal_anchor_us' AS alignment_source, id, tf, ts, period, tf_days, roll, ema, d1, d2, d1_roll,
        d2_roll,
    ema_bar, roll_bar, d1_bar, d2_bar, d1_roll_bar, d2_roll_bar
FROM cmc_ema_multi_tf_cal_anchor_us
UNION ALL
SELECT
    'multi_tf_cal_anchor_iso' AS alignment_source, id, tf, ts, period, tf_days, roll, ema, d1, d2, d1_roll,
        d2_roll,
    ema_bar, roll_bar, d1_bar, d2_bar, d1_roll_bar, d2_roll_bar
FROM cmc_ema_multi_tf_cal_anchor_iso;
