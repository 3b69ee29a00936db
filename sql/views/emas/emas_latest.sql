-- emas_latest: the newest EMA, forming or closed, of every asset, timeframe and period.
-- Rows      one per (alignment_source, id, tf, period) that has rows and is shown up to its newest day.
-- Rule      the newest vector as it stands; roll is true while its bar is forming. Months and years appear
--           under both calendars that share them. What a newer close has touched is left out until the next
--           refresh.
-- Cost      one index probe per (id, variant, tf).
CREATE OR REPLACE VIEW emas_latest AS
SELECT
    x.alignment_source,
    s.id,
    t.tf,
    coalesce(q.last_ts, s.last_ts) AS ts,
    p.period,
    t.tf_days_nominal AS tf_days,
    e.anchor IS NOT NULL AS roll,
    CASE WHEN x.ema_space = 'bar' THEN l.in_bar_space ELSE l.in_day_space END AS ema,
    CASE WHEN x.in_bar_space AND x.in_day_space THEN l.in_bar_space END AS ema_bar
FROM emas_state AS s
INNER JOIN taxonomy() AS x ON x.ema_group = s.ema_group
INNER JOIN dim_timeframe AS t
    ON t.tf = ANY(s.tfs) AND t.bar_group = s.bar_group
LEFT JOIN emas_pending AS q ON q.id = s.id AND q.ema_group = s.ema_group AND q.tf = t.tf
-- A left join, so that it is joined to states and not to the catalogue alone, which no shard may do.
LEFT JOIN LATERAL (
    SELECT v.bar_space, v.day_space, v.anchor
    FROM emas AS v
    WHERE v.id = s.id AND v.tf = t.tf
    ORDER BY v.bar_seq DESC
    LIMIT 1
) AS e ON true
CROSS JOIN LATERAL unnest(coalesce(q.periods, s.periods), e.bar_space, e.day_space)
    AS l (period, in_bar_space, in_day_space)
INNER JOIN dim_period AS p ON p.period = l.period
WHERE
    coalesce((
        SELECT min(m.hidden_from) FROM ema_marks AS m
        WHERE
            m.id = s.id AND m.version > coalesce(q.marks_read, s.marks_read)
            AND m.output IN ('1d', s.bar_group)
    ), 'infinity') > coalesce(q.last_ts, s.last_ts)
    AND CASE WHEN x.ema_space = 'bar' THEN l.in_bar_space ELSE l.in_day_space END IS NOT NULL;
