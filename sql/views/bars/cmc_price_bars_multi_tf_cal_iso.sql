-- cmc_price_bars_multi_tf_cal_iso: snapshots of full-period weeks from Monday, months and years.
-- Rows      one per day and bar, key (id, tf, bar_seq, time_close); is_partial_end is false on a closed bar's
--           last day.
-- Rule      a selection of bar_snapshot_rows; see there for cost.
CREATE OR REPLACE VIEW cmc_price_bars_multi_tf_cal_iso AS
SELECT
    id, tf, tf_days, bar_seq, time_open, time_close, time_high, time_low, open, high, low, close, volume,
    market_cap, "timestamp", last_ts_half_open, pos_in_bar, is_partial_start, is_partial_end, count_days,
    count_days_remaining, is_missing_days, count_missing_days, count_missing_days_start,
    count_missing_days_end, count_missing_days_interior, missing_days_where, first_missing_day,
    last_missing_day
FROM bar_snapshot_rows
WHERE bar_group IN ('cal_iso', 'cal');
