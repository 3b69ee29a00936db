-- cmc_price_bars_multi_tf_cal_anchor_us_state: watermarks of every timeframe that
--   cmc_price_bars_multi_tf_cal_anchor_us shows.
-- Rows      one per (id, tf) that has a bar.
-- Rule      a selection of bar_series_state; see there for cost.
CREATE OR REPLACE VIEW cmc_price_bars_multi_tf_cal_anchor_us_state AS
SELECT
    id, tf, tz, daily_min_seen, daily_max_seen, last_bar_seq, last_time_close, updated_at, calendar,
    calendar_version
FROM bar_series_state
WHERE bar_group IN ('cal_anchor_us', 'cal_anchor');
