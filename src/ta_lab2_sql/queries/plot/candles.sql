-- The bars of one timeframe as candles. middle: where to draw, in the middle of the window, also when its
-- last days are missing: bars neither overlap nor change their distance. A forming bar stands where it will
-- be.
SELECT
    coalesce(
        CASE
            WHEN b.is_closed THEN b.time_close + b.missing_end * interval '1 day' - b.half
            ELSE b.time_open - b.missing_start * interval '1 day' + b.half
        END,
        b.time_close) AS middle,
    b.half * 2 AS width,
    b.time_open,
    b.time_close,
    b.open,
    b.high,
    b.low,
    b.close,
    least(b.open, b.close) AS body_low,
    abs(b.close - b.open) AS body_height,
    b.close >= b.open AS rises,
    b.volume,
    b.is_closed,
    b.days,
    b.days_remaining,
    b.missing_start + b.missing_interior + b.missing_end AS missing,
    b.first_row,
    b.last_row,
    b.missing_start,
    b.missing_end
FROM (
    SELECT
        s.time_open, s.time_close, s.open, s.high, s.low, s.close, s.volume, s.is_closed,
        t.tf_days_nominal * interval '12 hours' AS half,
        s.last_row - s.first_row + 1 AS days,
        s.days_remaining,
        s.missing_start,
        s.missing_interior,
        s.missing_end,
        s.first_row,
        s.last_row
    FROM bars AS s
    JOIN dim_timeframe AS t USING (tf)
    WHERE s.id = %(id)s AND s.tf = %(tf)s
    UNION ALL
    SELECT
        d.time_open, d."timestamp", d.open, d.high, d.low, d.close, d.volume, true, interval '12 hours', 1, 0,
        0, 0, 0, d.bar_seq, d.bar_seq
    FROM cmc_price_bars_1d AS d
    -- A condition on the timeframe alone would leave a cluster without a shard to ask.
    WHERE d.id = %(id)s AND d.bar_seq > CASE WHEN %(tf)s = '1D' THEN 0 ELSE 2147483647 END
) AS b
WHERE b.time_close >= coalesce(%(start)s::timestamptz, '-infinity')
    AND b.time_open < coalesce(%(end)s::timestamptz, 'infinity')
ORDER BY b.time_close
