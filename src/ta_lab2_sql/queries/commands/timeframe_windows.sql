-- The first windows of one timeframe, for an asset that begins on a given day.
SELECT w.*
FROM dim_timeframe AS t
CROSS JOIN LATERAL bar_windows(
    t.tf,
    %(first)s::date,
    least(
        %(first)s::date + least((%(count)s::bigint + 1) * t.tf_days_max, 300000)::int,
        date '2299-12-31')) AS w
WHERE t.tf = %(tf)s
ORDER BY w.bar_seq
LIMIT %(count)s
