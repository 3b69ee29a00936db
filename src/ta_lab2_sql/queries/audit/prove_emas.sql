-- Build the vectors of one asset's stored timeframes, group by group.
SELECT r.variant, r.action, r.vectors_written
FROM stored_emas_state AS s
CROSS JOIN LATERAL (
    SELECT array_agg(t.tf) AS tfs FROM dim_timeframe AS t WHERE t.tf = ANY (s.tfs)
) AS t
CROSS JOIN LATERAL refresh_emas(
    %(id)s,
    (SELECT x.variant FROM taxonomy() AS x WHERE x.ema_group = s.ema_group ORDER BY x.ordinal LIMIT 1),
    p_full => true, p_tfs => t.tfs, p_upstream => false
) AS r
WHERE s.id = %(id)s AND t.tfs IS NOT NULL
