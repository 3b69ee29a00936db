-- Build the days of one asset from its raw days, and the bars of its stored timeframes.
SELECT r.family, r.action, r.bars_written
FROM (
    SELECT min(s.tz) AS tz, array_agg(DISTINCT t.tf) AS tfs
    FROM stored_bars_state AS s
    INNER JOIN dim_timeframe AS t ON t.tf = ANY (s.tfs)
    WHERE s.id = %(id)s
) AS b
CROSS JOIN LATERAL refresh_bars(
    %(id)s, CASE WHEN b.tfs IS NULL THEN '1d' ELSE 'all' END, p_full => true, p_tz => b.tz, p_tfs => b.tfs
) AS r
