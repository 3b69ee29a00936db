-- bar_snapshot_rows: every bar as it stood after every day, for all timeframes; the five relations select
--   from it.
-- Rows      one per validated day and timeframe that has a bar on it. The last day of a closed bar comes from
--           bars, the others are windows over the days of their bar.
-- Rule      days after the newest bar's close aren't shown; the one snapshot that is final is the closed
--           bar's last. An extreme is found together with the first row that has it; the earliest time among
--           all rows that have it is looked up where one of them begins before the row before it ends.
-- Cost      linear in the days of the (id, tf) asked for; closed bars alone are an index scan of bars. A
--           filter on "timestamp" doesn't reach the windows: for a day over many assets use bar_snapshots
--           with p_ids.
CREATE OR REPLACE VIEW bar_snapshot_rows AS
SELECT
    b.id,
    g.bar_group,
    b.tf,
    g.tf_days,
    b.bar_seq,
    CASE WHEN g.is_anchored THEN
        window_start(g.unit_kind, g.n, g.first_unit, b.bar_seq) - g.first_start
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
    g.starts_late AND b.bar_seq = 1 AS is_partial_start,
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
INNER JOIN bar_timeframes AS g ON g.id = b.id AND g.tf = b.tf
WHERE b.is_closed
UNION ALL
SELECT
    w.id,
    w.bar_group,
    w.tf,
    w.tf_days,
    w.bar_seq,
    CASE WHEN w.is_anchored THEN
        CASE WHEN w.bar_seq = 1 THEN 0 ELSE w.first_day - w.missing_start - w.first_start END
    END AS bar_anchor_offset,
    w.time_open,
    w."timestamp" AS time_close,
    CASE
        WHEN w.high_again > w.high_row THEN (
            SELECT min(e.time_high) FROM cmc_price_bars_1d AS e
            WHERE e.id = w.id AND e.bar_seq BETWEEN w.high_row AND w.high_again AND e.high = w.high)
        ELSE h.time_high
    END AS time_high,
    CASE
        WHEN w.low_again > w.low_row THEN (
            SELECT min(e.time_low) FROM cmc_price_bars_1d AS e
            WHERE e.id = w.id AND e.bar_seq BETWEEN w.low_row AND w.low_again AND e.low = w.low)
        ELSE l.time_low
    END AS time_low,
    w.open,
    w.high,
    w.low,
    w.close,
    w.volume,
    -- Rarely unknown, so the last one known is looked up only where it is.
    CASE
        WHEN w.known_cap IS NOT NULL THEN w.known_cap
        WHEN w.cap_row IS NOT NULL THEN (
            SELECT c.market_cap FROM cmc_price_bars_1d AS c
            WHERE c.id = w.id AND c.bar_seq = w.cap_row)
    END AS market_cap,
    w."timestamp",
    w."timestamp" + interval '1 millisecond' AS last_ts_half_open,
    w.n_days AS pos_in_bar,
    w.starts_late AND w.bar_seq = 1 AS is_partial_start,
    true AS is_partial_end,
    w.n_days AS count_days,
    CASE
        WHEN w.unit_kind = 'D' THEN w.tf_days - w.n_days
        ELSE window_end(w.unit_kind, w.n, w.first_unit, w.bar_seq) - w.day
    END AS count_days_remaining,
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
        v.high_and_row[1] AS high,
        v.low_and_row[1] AS low,
        (-v.high_and_row[2])::int AS high_row,
        v.low_and_row[2]::int AS low_row,
        max(
            CASE WHEN v.day_high = v.high_and_row[1] AND v.day_time_high < v.ts_before THEN v.row_no END
        ) OVER w AS high_again,
        max(
            CASE WHEN v.day_low = v.low_and_row[1] AND v.day_time_low < v.ts_before THEN v.row_no END
        ) OVER w AS low_again,
        min(CASE WHEN v.day > v.day_before + 1 THEN v.day_before + 1 END) OVER w AS first_skipped,
        max(CASE WHEN v.day > v.day_before + 1 THEN v.day - 1 END) OVER w AS last_skipped,
        v.day - v.first_day + 1 - v.n_days AS missing_interior
    FROM (
        SELECT
            b.id,
            g.bar_group,
            b.tf,
            g.tf_days,
            g.unit_kind,
            g.n,
            g.is_anchored,
            g.first_unit,
            g.first_start,
            g.starts_late,
            b.bar_seq,
            b.last_row,
            b.is_closed,
            b.open,
            b.time_open,
            b.missing_start,
            d.bar_seq AS row_no,
            d."timestamp",
            d.high AS day_high,
            d.low AS day_low,
            d.time_high AS day_time_high,
            d.time_low AS day_time_low,
            d.close,
            d.market_cap AS known_cap,
            max(ARRAY[d.high, -d.bar_seq]) OVER w AS high_and_row,
            min(ARRAY[d.low, d.bar_seq]) OVER w AS low_and_row,
            sum(d.volume) OVER w AS volume,
            max(CASE WHEN d.market_cap IS NOT NULL THEN d.bar_seq END) OVER w AS cap_row,
            lag(d."timestamp") OVER w AS ts_before,
            d.day,
            lag(d.day) OVER w AS day_before,
            min(d.day) OVER w AS first_day,
            d.bar_seq - b.first_row + 1 AS n_days
        FROM bars AS b
        INNER JOIN bar_timeframes AS g ON g.id = b.id AND g.tf = b.tf
        INNER JOIN cmc_price_bars_1d AS d ON d.id = b.id AND d.bar_seq BETWEEN b.first_row AND b.last_row
        WINDOW w AS (
            PARTITION BY b.id, b.tf, b.bar_seq
            ORDER BY d.bar_seq
            ROWS UNBOUNDED PRECEDING)
    ) AS v
    WINDOW w AS (PARTITION BY v.id, v.tf, v.bar_seq ORDER BY v.row_no ROWS UNBOUNDED PRECEDING)
) AS w
INNER JOIN cmc_price_bars_1d AS h ON h.id = w.id AND h.bar_seq = w.high_row
INNER JOIN cmc_price_bars_1d AS l ON l.id = w.id AND l.bar_seq = w.low_row
WHERE NOT (w.is_closed AND w.row_no = w.last_row);
