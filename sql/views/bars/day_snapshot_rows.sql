-- day_snapshot_rows: the validated days in the form of snapshots, each a bar of its own; bar_snapshots
--   selects 1D from it.
-- Rows      one per validated day.
-- Rule      a day opens where the day before closed, the first one 24 hours before its close.
-- Cost      two index probes a day; filters on id and "timestamp" reach the days.
CREATE OR REPLACE VIEW day_snapshot_rows AS
SELECT
    d.id,
    '1D' AS tf,
    1 AS tf_days,
    d.bar_seq,
    NULL::int AS bar_anchor_offset,
    bar_time_open(y."timestamp", d."timestamp") AS time_open,
    d."timestamp" AS time_close,
    d.time_high,
    d.time_low,
    d.open,
    d.high,
    d.low,
    d.close,
    d.volume,
    d.market_cap,
    d."timestamp",
    d."timestamp" + interval '1 millisecond' AS last_ts_half_open,
    1 AS pos_in_bar,
    false AS is_partial_start,
    false AS is_partial_end,
    1 AS count_days,
    0 AS count_days_remaining,
    false AS is_missing_days,
    0 AS count_missing_days,
    0 AS count_missing_days_start,
    0 AS count_missing_days_end,
    0 AS count_missing_days_interior,
    NULL::text AS missing_days_where,
    NULL::date AS first_missing_day,
    NULL::date AS last_missing_day
FROM cmc_price_bars_1d AS d
LEFT JOIN cmc_price_bars_1d AS y ON y.id = d.id AND y.bar_seq = d.bar_seq - 1;
