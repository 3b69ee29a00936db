-- The rows that bars in a chart hold, and those of its range of time: number, stamp, local day.
SELECT d.bar_seq, d."timestamp", d.day
FROM cmc_price_bars_1d AS d
WHERE
    d.id = %(id)s
    AND (d.bar_seq >= %(first_row)s OR d."timestamp" >= coalesce(%(start)s::timestamptz, '-infinity'))
    AND (d.bar_seq <= %(last_row)s OR d."timestamp" < coalesce(%(end)s::timestamptz, 'infinity'))
ORDER BY d.bar_seq
