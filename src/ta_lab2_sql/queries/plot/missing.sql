-- Runs of missing days between two validated days that are longer than usual for the asset, in a range of
-- time.
-- usual: nine of ten neighbours have no more days missing between them, as over the weekends of a stock.
WITH neighbours AS (
    SELECT
        d."timestamp" AS after,
        lead(d."timestamp") OVER (ORDER BY d.bar_seq) AS before,
        (lead(d."timestamp") OVER (ORDER BY d.bar_seq) AT TIME ZONE 'UTC')::date
        - (d."timestamp" AT TIME ZONE 'UTC')::date - 1 AS days
    FROM cmc_price_bars_1d AS d
    WHERE d.id = %(id)s
)

SELECT
    n.after,
    n.before - interval '1 day' AS before,
    n.days,
    u.usual
FROM neighbours AS n
CROSS JOIN (
    SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY days) AS usual FROM neighbours WHERE days >= 0
) AS u
WHERE n.days > u.usual
    AND n.before >= coalesce(%(start)s::timestamptz, '-infinity')
    AND n.after < coalesce(%(end)s::timestamptz, 'infinity')
ORDER BY n.after
