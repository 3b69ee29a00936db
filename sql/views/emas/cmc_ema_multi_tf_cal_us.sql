-- cmc_ema_multi_tf_cal_us: EMAs of full-period weeks from Sunday, months and years.
-- Rows      one per day, timeframe and period from the seed on, key (id, tf, period, ts); roll is false on
--           closing days.
-- Rule      a selection of ema_calendar_rows; see there for cost.
CREATE OR REPLACE VIEW cmc_ema_multi_tf_cal_us AS
SELECT
    id, tf, ts, period, tf_days, roll, ema, d1, d2, d1_roll, d2_roll,
    ema_bar, roll_bar, d1_bar, d2_bar, d1_roll_bar, d2_roll_bar
FROM ema_calendar_rows
WHERE ema_group IN ('cal_us', 'cal');
