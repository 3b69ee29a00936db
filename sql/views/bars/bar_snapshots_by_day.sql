-- bar_snapshots_by_day: the rows of bar_snapshot_rows, for a day or a few over many assets.
-- Rows      as bar_snapshot_rows, the same bits.
-- Rule      a day's bar follows from its number or date. On the newest day of a bar the stored bar is shown;
--           else the bar's days up to that day are gone over.
-- Cost      per asset and day a few index probes and the days of one bar: a filter on "timestamp" reaches the
--           daily rows. For whole histories use bar_snapshot_rows, which goes over each day once.
CREATE OR REPLACE VIEW bar_snapshots_by_day AS
SELECT
    s.id,
    s.bar_group,
    s.tf,
    s.tf_days,
    s.bar_seq,
    CASE WHEN s.is_anchored THEN s.window_start - s.first_start END AS bar_anchor_offset,
    s.time_open,
    s."timestamp" AS time_close,
    CASE WHEN s.is_newest THEN s.bar_time_high ELSE (
        SELECT min(e.time_high) FROM cmc_price_bars_1d AS e
        WHERE
            e.id = s.id AND e.bar_seq BETWEEN (-s.high_and_row[2])::int AND s.row_no
            AND e.high = s.high_and_row[1]
    ) END AS time_high,
    CASE WHEN s.is_newest THEN s.bar_time_low ELSE (
        SELECT min(e.time_low) FROM cmc_price_bars_1d AS e
        WHERE
            e.id = s.id AND e.bar_seq BETWEEN s.low_and_row[2]::int AND s.row_no
            AND e.low = s.low_and_row[1]
    ) END AS time_low,
    s.open,
    CASE WHEN s.is_newest THEN s.bar_high ELSE s.high_and_row[1] END AS high,
    CASE WHEN s.is_newest THEN s.bar_low ELSE s.low_and_row[1] END AS low,
    s.close,
    CASE WHEN s.is_newest THEN s.bar_volume ELSE s.volume END AS volume,
    CASE WHEN s.is_newest THEN s.bar_market_cap ELSE s.row_and_cap[2] END AS market_cap,
    s."timestamp",
    s."timestamp" + interval '1 millisecond' AS last_ts_half_open,
    s.n_days AS pos_in_bar,
    s.starts_late AND s.bar_seq = 1 AS is_partial_start,
    NOT s.is_final AS is_partial_end,
    s.n_days AS count_days,
    CASE
        WHEN s.is_newest THEN s.days_remaining
        WHEN s.unit_kind = 'D' THEN s.tf_days - s.n_days
        ELSE unit_first_day(s.unit_kind, s.first_unit + s.bar_seq * s.n) - 1 - s.day
    END AS count_days_remaining,
    s.missing_start + s.missing_interior + s.missing_end > 0 AS is_missing_days,
    s.missing_start + s.missing_interior + s.missing_end AS count_missing_days,
    s.missing_start AS count_missing_days_start,
    s.missing_end AS count_missing_days_end,
    s.missing_interior AS count_missing_days_interior,
    missing_days_where(s.missing_start, s.missing_interior, s.missing_end) AS missing_days_where,
    CASE
        WHEN s.is_newest THEN s.first_missing_day
        WHEN s.missing_start > 0 THEN s.first_day - s.missing_start
        WHEN s.missing_interior > 0 THEN (
            SELECT min(e.before) + 1
            FROM (
                SELECT y.day, lag(y.day) OVER (ORDER BY y.bar_seq) AS before
                FROM cmc_price_bars_1d AS y
                WHERE y.id = s.id AND y.bar_seq BETWEEN s.first_row AND s.row_no
            ) AS e
            WHERE e.day > e.before + 1)
    END AS first_missing_day,
    CASE
        WHEN s.is_newest THEN s.last_missing_day
        WHEN s.missing_interior > 0 THEN (
            SELECT max(e.day) - 1
            FROM (
                SELECT y.day, lag(y.day) OVER (ORDER BY y.bar_seq) AS before
                FROM cmc_price_bars_1d AS y
                WHERE y.id = s.id AND y.bar_seq BETWEEN s.first_row AND s.row_no
            ) AS e
            WHERE e.day > e.before + 1)
        WHEN s.missing_start > 0 THEN s.first_day - 1
    END AS last_missing_day
FROM (
    SELECT
        d.id,
        g.bar_group,
        g.tf,
        g.tf_days,
        g.unit_kind,
        g.n,
        g.is_anchored,
        g.first_unit,
        g.first_start,
        g.starts_late,
        b.bar_seq,
        b.first_row,
        b.time_open,
        b.open,
        b.days_remaining,
        b.first_missing_day,
        b.last_missing_day,
        b.time_high AS bar_time_high,
        b.time_low AS bar_time_low,
        b.high AS bar_high,
        b.low AS bar_low,
        b.volume AS bar_volume,
        b.market_cap AS bar_market_cap,
        b.missing_start,
        d.bar_seq AS row_no,
        d."timestamp",
        d.close,
        d.day,
        f.first_day,
        d.bar_seq = b.last_row AS is_newest,
        d.bar_seq = b.last_row AND b.is_closed AS is_final,
        d.bar_seq - b.first_row + 1 AS n_days,
        d.day - f.first_day - (d.bar_seq - b.first_row) AS missing_interior,
        CASE WHEN d.bar_seq = b.last_row THEN b.missing_end ELSE 0 END AS missing_end,
        CASE WHEN g.is_anchored THEN window_start(g.unit_kind, g.n, g.first_unit, b.bar_seq) END
            AS window_start,
        a.high_and_row,
        a.low_and_row,
        a.volume,
        a.row_and_cap
    FROM cmc_price_bars_1d AS d
    INNER JOIN bar_timeframes AS g ON g.id = d.id
    INNER JOIN bars AS b
        ON
            b.id = d.id AND b.tf = g.tf
            AND b.bar_seq = bar_of_day(g.unit_kind, g.n, g.first_unit, d.bar_seq, d.day)
            AND b.last_row >= d.bar_seq
    CROSS JOIN LATERAL (
        SELECT o.day AS first_day
        FROM cmc_price_bars_1d AS o WHERE o.id = b.id AND o.bar_seq = b.first_row
    ) AS f
    CROSS JOIN LATERAL (
        SELECT
            max(ARRAY[y.high, -y.bar_seq]) AS high_and_row,
            min(ARRAY[y.low, y.bar_seq]) AS low_and_row,
            sum(y.volume ORDER BY y.bar_seq) AS volume,
            max(ARRAY[y.bar_seq, y.market_cap]) FILTER (WHERE y.market_cap IS NOT NULL) AS row_and_cap
        FROM cmc_price_bars_1d AS y
        WHERE y.id = b.id AND y.bar_seq BETWEEN b.first_row AND d.bar_seq AND d.bar_seq < b.last_row
    ) AS a
) AS s;
