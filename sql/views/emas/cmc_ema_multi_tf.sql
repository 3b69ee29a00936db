-- cmc_ema_multi_tf: EMAs of N-day bars and of single days, previews from the newest canonical value.
-- Rows      one per day, timeframe and period from the seed on, key (id, tf, period, ts); roll is false on
--           closing days.
-- Rule      a selection of ema_day_rows; see there for cost.
CREATE OR REPLACE VIEW cmc_ema_multi_tf AS
SELECT
    id, tf, ts, period, tf_days, roll, ema, d1, d2, d1_roll, d2_roll
FROM ema_day_rows
WHERE ema_group = 'multi_tf';
