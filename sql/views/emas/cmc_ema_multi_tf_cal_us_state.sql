-- cmc_ema_multi_tf_cal_us_state: watermarks of every series that cmc_ema_multi_tf_cal_us shows.
-- Rows      one per (id, tf, period) that has rows.
-- Rule      a selection of ema_series_state; see there for cost.
CREATE OR REPLACE VIEW cmc_ema_multi_tf_cal_us_state AS
SELECT id, tf, period, daily_min_seen, daily_max_seen, last_time_close, last_canonical_ts, last_bar_seq,
    updated_at, calendar, calendar_version
FROM ema_series_state
WHERE ema_group IN ('cal_us', 'cal');
