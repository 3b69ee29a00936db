-- bar_snapshot_rows: every bar as it stood after every day, for all timeframes; the five relations select
--   from it.
-- Rows      one per validated day and timeframe that has a bar on it. The last day of a closed bar comes from
--           bars, the others are windows over the days of their bar.
-- Rule      days after the newest bar's close aren't shown; the one snapshot that is final is the closed
--           bar's last.
-- Cost      linear in the days of the (id, tf) asked for; closed bars alone are an index scan of bars. A
--           filter on "timestamp" doesn't reach the windows: for a day over many assets use bar_snapshots
--           with p_ids.
CREATE OR REPLACE VIEW bar_snapshot_rows AS
SELECT
    b.id,
    t.bar_group,
    b.tf,
    t.tf_days_nominal AS tf_days,
    b.bar_seq,
    CASE WHEN t.allow_partial_start THEN
        unit_first_day(k.kind, f.first_unit + (b.bar_seq - 1) * t.tf_qty)
        - unit_first_day(k.kind, f.first_unit)
    END AS bar_anchor_offset,
    b.time_open,
    b.time_close,
    b.time_high,
    b.time_low,
    b.open,
    b.high,
    b.low,
    b.close,
    b.volume,
    b.market_cap,
    b.time_close AS "timestamp",
    b.time_close + interval '1 millisecond' AS last_ts_half_open,
    b.last_row - b.first_row + 1 AS pos_in_bar,
    coalesce(t.allow_partial_start AND b.bar_seq = 1
        AND unit_first_day(k.kind, f.first_unit) < (s.first_ts AT TIME ZONE s.tz)::date,
        false) AS is_partial_start,
    false AS is_partial_end,
    b.last_row - b.first_row + 1 AS count_days,
    0 AS count_days_remaining,
    b.missing_start + b.missing_interior + b.missing_end > 0 AS is_missing_days,
    b.missing_start + b.missing_interior + b.missing_end AS count_missing_days,
    b.missing_start AS count_missing_days_start,
    b.missing_end AS count_missing_days_end,
    b.missing_interior AS count_missing_days_interior,
    missing_days_where(b.missing_start, b.missing_interior, b.missing_end) AS missing_days_where,
    b.first_missing_day,
    b.last_missing_day
FROM bars AS b
INNER JOIN dim_timeframe AS t ON t.tf = b.tf
INNER JOIN bars_state AS s ON s.id = b.id AND s.family = t.bar_group
CROSS JOIN LATERAL (SELECT t.unit_kind AS kind) AS k
CROSS JOIN LATERAL (
    SELECT
        first_unit(t.unit_kind, t.tf_qty, t.allow_partial_start, (s.first_ts AT TIME ZONE s.tz)::date)
        AS first_unit
) AS f
WHERE b.is_closed
UNION ALL
SELECT
    w.id,
    w.bar_group,
    w.tf,
    w.tf_days,
    w.bar_seq,
    CASE WHEN w.allow_partial_start THEN CASE
        WHEN w.bar_seq = 1 THEN 0
        ELSE w.first_day - w.missing_start
            - unit_first_day(
                w.unit_kind, first_unit(w.unit_kind, w.tf_qty, true, (w.first_ts AT TIME ZONE w.tz)::date))
    END END AS bar_anchor_offset,
    w.time_open,
    w."timestamp" AS time_close,
    w.time_high,
    w.time_low,
    w.open,
    w.high,
    w.low,
    w.close,
    w.volume,
    w.market_cap,
    w."timestamp",
    w."timestamp" + interval '1 millisecond' AS last_ts_half_open,
    w.n_days AS pos_in_bar,
    w.allow_partial_start AND w.bar_seq = 1
    AND unit_first_day(
        w.unit_kind, first_unit(w.unit_kind, w.tf_qty, true, (w.first_ts AT TIME ZONE w.tz)::date))
    < (w.first_ts AT TIME ZONE w.tz)::date
        AS is_partial_start,
    true AS is_partial_end,
    w.n_days AS count_days,
    CASE
        WHEN w.by_rows THEN w.tf_days - w.n_days
        ELSE (w.bar_close AT TIME ZONE w.tz)::date + w.days_after_close - w.day
    END
        AS count_days_remaining,
    w.missing_start + w.missing_interior > 0 AS is_missing_days,
    w.missing_start + w.missing_interior AS count_missing_days,
    w.missing_start AS count_missing_days_start,
    0 AS count_missing_days_end,
    w.missing_interior AS count_missing_days_interior,
    missing_days_where(w.missing_start, w.missing_interior, 0) AS missing_days_where,
    CASE WHEN w.missing_start > 0 THEN w.first_day - w.missing_start ELSE w.first_skipped END
    AS first_missing_day,
    CASE WHEN w.missing_interior > 0 THEN w.last_skipped WHEN w.missing_start > 0 THEN w.first_day - 1 END
        AS last_missing_day
FROM (
    SELECT
        v.*,
        min(CASE WHEN v.day_high = v.peak THEN v.day_time_high END) OVER (
            PARTITION BY v.id, v.tf, v.bar_seq, v.peak ORDER BY v.row_no) AS time_high,
        first_value(v.day_high) OVER (
            PARTITION BY v.id, v.tf, v.bar_seq, v.peak ORDER BY v.row_no) AS high,
        min(CASE WHEN v.day_low = v.trough THEN v.day_time_low END) OVER (
            PARTITION BY v.id, v.tf, v.bar_seq, v.trough ORDER BY v.row_no) AS time_low,
        first_value(v.day_low) OVER (
            PARTITION BY v.id, v.tf, v.bar_seq, v.trough ORDER BY v.row_no) AS low,
        -- Rarely unknown, so the last one known is looked up only where it is.
        CASE
            WHEN v.known_cap IS NOT NULL THEN v.known_cap
            WHEN v.cap_run > 0 THEN (
                SELECT c.market_cap FROM cmc_price_bars_1d AS c
                WHERE c.id = v.id AND c.bar_seq < v.row_no AND c.market_cap IS NOT NULL
                ORDER BY c.bar_seq DESC LIMIT 1)
        END AS market_cap,
        min(CASE WHEN v.day > v.day_before + 1 THEN v.day_before + 1 END) OVER w AS first_skipped,
        max(CASE WHEN v.day > v.day_before + 1 THEN v.day - 1 END) OVER w AS last_skipped,
        v.day - v.first_day + 1 - v.n_days AS missing_interior
    FROM (
        SELECT
            r.*,
            lag(r.day) OVER w AS day_before,
            first_value(r.day) OVER w AS first_day
        FROM (
            SELECT
                b.id,
                t.bar_group,
                b.tf,
                t.tf_days_nominal AS tf_days,
                b.bar_seq,
                b.last_row,
                b.is_closed,
                b.open,
                b.time_open,
                b.missing_start,
                t.unit_kind = 'D' AS by_rows,
                t.allow_partial_start,
                t.unit_kind,
                t.tf_qty,
                s.tz,
                s.first_ts,
                b.time_close AS bar_close,
                b.days_remaining + b.missing_end AS days_after_close,
                d.bar_seq AS row_no,
                d."timestamp",
                (d."timestamp" AT TIME ZONE s.tz)::date AS day,
                d.close,
                d.high AS day_high,
                d.low AS day_low,
                d.time_high AS day_time_high,
                d.time_low AS day_time_low,
                max(d.high) OVER w AS peak,
                min(d.low) OVER w AS trough,
                sum(d.volume) OVER w AS volume,
                count(d.market_cap) OVER w AS cap_run,
                d.market_cap AS known_cap,
                d.bar_seq - b.first_row + 1 AS n_days
            FROM bars AS b
            INNER JOIN dim_timeframe AS t ON t.tf = b.tf
            INNER JOIN bars_state AS s ON s.id = b.id AND s.family = t.bar_group
            INNER JOIN cmc_price_bars_1d AS d ON d.id = b.id AND d.bar_seq BETWEEN b.first_row AND b.last_row
            WINDOW w AS (PARTITION BY b.id, b.tf, b.bar_seq ORDER BY d.bar_seq)
        ) AS r
        WINDOW w AS (PARTITION BY r.id, r.tf, r.bar_seq ORDER BY r.row_no)
    ) AS v
    WINDOW w AS (PARTITION BY v.id, v.tf, v.bar_seq ORDER BY v.row_no)
) AS w
WHERE NOT (w.is_closed AND w.row_no = w.last_row);
