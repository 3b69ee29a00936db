-- ema_series_state: watermarks of every EMA series; the six state relations select from it.
-- Rows      one per (id, variant, tf, period) with rows; months and years under the variant that two
--           relations share.
-- Rule      the newest closed bar gives last_canonical_ts, last_time_close and last_bar_seq; the newest
--           vector says how many periods live.
-- Cost      two index probes per (id, variant, tf).
CREATE OR REPLACE VIEW ema_series_state AS
SELECT
    s.id,
    s.ema_group,
    t.tf,
    p.period,
    coalesce(q.first_ts, s.first_ts) AS daily_min_seen,
    coalesce(q.last_ts, s.last_ts) AS daily_max_seen,
    c.ts AS last_time_close,
    c.ts AS last_canonical_ts,
    c.bar_seq AS last_bar_seq,
    s.updated_at,
    u.calendar,
    u.calendar_version
FROM emas_state AS s
INNER JOIN stored_groups() AS x ON x.ema_group = s.ema_group
INNER JOIN dim_timeframe AS t
    ON t.tf = ANY(s.tfs) AND t.bar_group = s.bar_group
LEFT JOIN bars_state AS u ON u.id = s.id AND u.bar_group = t.bar_group
LEFT JOIN emas_pending AS q ON q.id = s.id AND q.ema_group = s.ema_group AND q.tf = t.tf
-- Left joins, so that they are joined to states and not to the catalogue alone, which no shard may do.
LEFT JOIN LATERAL (
    SELECT CASE WHEN x.in_bar_space THEN e.bar_space ELSE e.day_space END AS v
    FROM emas AS e
    WHERE
        e.id = s.id AND e.tf = t.tf
        AND CASE WHEN x.in_bar_space THEN e.bar_space ELSE e.day_space END IS NOT NULL
    ORDER BY e.bar_seq DESC
    LIMIT 1
) AS n ON true
CROSS JOIN LATERAL unnest(coalesce(q.periods, s.periods), n.v) AS l (period, v)
INNER JOIN dim_period AS p ON p.period = l.period AND l.v IS NOT NULL
LEFT JOIN LATERAL (
    (
        SELECT b.id, b.time_close AS ts, b.bar_seq
        FROM bars AS b
        WHERE
            b.id = s.id AND b.tf = t.tf AND t.tf <> '1D' AND b.is_closed
            AND b.time_close <= coalesce(q.last_ts, s.last_ts)
        ORDER BY b.bar_seq DESC
        LIMIT 1
    )
    UNION ALL
    (
        SELECT d.id, d."timestamp", d.bar_seq
        FROM cmc_price_bars_1d AS d
        WHERE d.id = s.id AND t.tf = '1D' AND d."timestamp" <= coalesce(q.last_ts, s.last_ts)
        ORDER BY d."timestamp" DESC
        LIMIT 1
    )
) AS c ON true
WHERE coalesce(c.bar_seq, 0) > 0;
