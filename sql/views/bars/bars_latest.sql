-- bars_latest: the newest bar, forming or closed, of every asset and timeframe.
-- Rows      one per (id, tf) built, 1D included. Cost  one index probe per row.
-- Rule      is_partial_end is false where the bar is closed.
CREATE OR REPLACE VIEW bars_latest AS
SELECT
    s.id, t.tf, t.tf_days_nominal AS tf_days, b.bar_seq, b.time_open, b.time_close, b.time_high, b.time_low,
    b.open, b.high, b.low, b.close, b.volume, b.market_cap, b.last_row - b.first_row + 1 AS count_days,
    b.days_remaining AS count_days_remaining,
    b.missing_start + b.missing_interior + b.missing_end AS count_missing_days,
    NOT b.is_closed AS is_partial_end
FROM bars_state AS s
INNER JOIN dim_timeframe AS t ON t.bar_group = s.bar_group AND t.tf = ANY(s.tfs)
-- A left join, so that it is joined to states and not to the catalogue alone, which no shard may do.
LEFT JOIN LATERAL (
    SELECT * FROM bars AS n WHERE n.id = s.id AND n.tf = t.tf ORDER BY n.bar_seq DESC LIMIT 1
) AS b ON true
WHERE coalesce(b.bar_seq, 0) > 0
UNION ALL
SELECT
    s.id, '1D', 1, d.bar_seq,
    bar_time_open(d.ts_before, d."timestamp"),
    d."timestamp", d.time_high, d.time_low, d.open, d.high, d.low, d.close, d.volume, d.market_cap,
    1, 0, 0, false
FROM cmc_price_bars_1d_state AS s
CROSS JOIN LATERAL (
    SELECT n.*, lead(n."timestamp") OVER (ORDER BY n.bar_seq DESC) AS ts_before
    FROM (
        SELECT * FROM cmc_price_bars_1d AS l WHERE l.id = s.id ORDER BY l.bar_seq DESC LIMIT 2
    ) AS n
    ORDER BY n.bar_seq DESC LIMIT 1
) AS d;
