-- bar_series_state: watermarks of every timeframe that bars were built for; the five state relations select
--   from it.
-- Rows      one per (id, tf) that has a bar; months and years under the group that two relations share.
-- Rule      a timeframe left behind by a partial refresh shows its own watermark.
-- Cost      an index probe per (id, tf).
CREATE OR REPLACE VIEW bar_series_state AS
SELECT
    s.id,
    s.bar_group,
    t.tf,
    s.tz,
    coalesce(p.first_ts, s.first_ts) AS daily_min_seen,
    coalesce(p.last_ts, s.last_ts) AS daily_max_seen,
    b.bar_seq AS last_bar_seq,
    b.time_close AS last_time_close,
    s.updated_at,
    s.calendar,
    s.calendar_version
FROM bars_state AS s
INNER JOIN dim_timeframe AS t ON t.bar_group = s.bar_group AND t.tf = ANY(s.tfs)
LEFT JOIN bars_pending AS p ON p.id = s.id AND p.tf = t.tf
-- A left join, so that it is joined to states and not to the catalogue alone, which no shard may do.
LEFT JOIN LATERAL (
    SELECT n.bar_seq, n.time_close FROM bars AS n
    WHERE n.id = s.id AND n.tf = t.tf ORDER BY n.bar_seq DESC LIMIT 1
) AS b ON true
WHERE coalesce(b.bar_seq, 0) > 0;
