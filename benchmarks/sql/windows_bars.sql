-- Snapshots of all N-day timeframes by window functions. days: r, ts, day, time_high, time_low, open, high, low, close,
-- volume, market_cap of one asset; frames: tf, n.
WITH ranked AS (
    SELECT
        d.*,
        row_number() OVER (ORDER BY d.high, d.time_high DESC, d.r DESC) AS high_rank,
        row_number() OVER (ORDER BY d.low DESC, d.time_low DESC, d.r DESC) AS low_rank,
        CASE WHEN d.market_cap IS NOT NULL THEN d.r END AS cap_r,
        lag(d.ts) OVER (ORDER BY d.r) AS ts_before,
        lag(d.day) OVER (ORDER BY d.r) AS day_before
    FROM days AS d
),
running AS (
    SELECT
        f.tf, f.n, (d.r - 1) / f.n + 1 AS bar_seq, d.r, d.ts, d.close, d.day,
        first_value(d.open) OVER w AS open,
        first_value(d.ts_before) OVER w AS opens_after,
        first_value(d.ts) OVER w AS first_ts,
        max(d.high_rank) OVER w AS high_rank,
        max(d.low_rank) OVER w AS low_rank,
        sum(d.volume) OVER w AS volume,
        max(d.cap_r) OVER w AS cap_r,
        row_number() OVER w AS pos_in_bar,
        d.day - first_value(d.day) OVER w + 1 - row_number() OVER w AS missing,
        min(CASE WHEN d.day > d.day_before + 1 AND (d.r - 1) % f.n > 0 THEN d.day_before + 1 END) OVER w AS first_missing,
        max(CASE WHEN d.day > d.day_before + 1 AND (d.r - 1) % f.n > 0 THEN d.day - 1 END) OVER w AS last_missing
    FROM ranked AS d
    CROSS JOIN frames AS f
    WINDOW w AS (PARTITION BY f.tf, (d.r - 1) / f.n ORDER BY d.r)
)
SELECT
    {id} AS id, x.tf, x.n AS tf_days, x.bar_seq,
    coalesce(x.opens_after, x.first_ts - interval '24 hours') + interval '1 millisecond' AS time_open, x.ts AS time_close,
    h.time_high, l.time_low, x.open, h.high, l.low, x.close, x.volume, c.market_cap, x.ts AS "timestamp",
    x.ts + interval '1 millisecond' AS last_ts_half_open, x.pos_in_bar, false AS is_partial_start,
    x.pos_in_bar < x.n AS is_partial_end, x.pos_in_bar AS count_days, x.n - x.pos_in_bar AS count_days_remaining,
    x.missing > 0 AS is_missing_days, x.missing AS count_missing_days, 0 AS count_missing_days_start,
    0 AS count_missing_days_end, x.missing AS count_missing_days_interior,
    CASE WHEN x.missing > 0 THEN 'interior' END AS missing_days_where, x.first_missing, x.last_missing
FROM running AS x
INNER JOIN ranked AS h ON h.high_rank = x.high_rank
INNER JOIN ranked AS l ON l.low_rank = x.low_rank
LEFT JOIN ranked AS c ON c.r = x.cap_r
