-- The catalogue, with the first window of an asset that begins on a given day.
SELECT
    t.tf,
    t.family,
    t.tf_days_nominal AS days,
    t.tf_days_min AS days_min,
    t.tf_days_max AS days_max,
    t.is_canonical AS canonical,
    w.window_start AS next_start,
    w.window_end AS next_end,
    t.label
FROM dim_timeframe AS t
LEFT JOIN LATERAL (
    SELECT window_start, window_end
    FROM bar_windows(
        t.tf, %(first)s::date, least(%(first)s::date + 2 * t.tf_days_max, date '2299-12-31'))
    ORDER BY bar_seq
    LIMIT 1
) AS w ON true
WHERE (%(groups)s::text[] IS NULL OR t.bar_group = ANY (%(groups)s::text[]))
    AND (%(tf)s::text IS NULL OR t.tf = %(tf)s::text)
ORDER BY t.display_order, t.tf
