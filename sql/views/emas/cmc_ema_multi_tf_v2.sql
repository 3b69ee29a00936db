-- cmc_ema_multi_tf_v2: EMAs over all days, with alphas that span the timeframe in days.
-- Rows      one per day, timeframe and period from the seed on, key (id, tf, period, ts); roll is false on
--           closing days.
-- Rule      a selection of ema_day_rows; see there for cost.
CREATE OR REPLACE VIEW cmc_ema_multi_tf_v2 AS
SELECT
    id, tf, ts, period, tf_days, roll, ema, d1, d2, d1_roll, d2_roll
FROM ema_day_rows
WHERE ema_group = 'multi_tf_v2';
