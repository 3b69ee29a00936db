-- The bars of one timeframe of some assets, a row each; the forming one too when it is asked for.
SELECT b.*
FROM (
    SELECT
        s.id, s.tf, s.bar_seq, s.time_open, s.time_close, s.time_high, s.time_low,
        s.open, s.high, s.low, s.close, s.volume, s.market_cap,
        s.last_row - s.first_row + 1 AS count_days,
        s.missing_start + s.missing_interior + s.missing_end AS count_missing_days,
        NOT s.is_closed AS is_partial_end
    FROM bars AS s
    WHERE s.id = ANY ({ids}) AND s.tf = {tf}
    UNION ALL
    SELECT
        d.id, d.tf, d.bar_seq,
        -- A bar opens where the one before closed, also one of a day.
        bar_time_open(lag(d."timestamp") OVER (PARTITION BY d.id ORDER BY d.bar_seq), d."timestamp"),
        d."timestamp", d.time_high, d.time_low,
        d.open, d.high, d.low, d.close, d.volume, d.market_cap, 1, 0, false
    FROM cmc_price_bars_1d AS d
    WHERE d.id = ANY ({ids}) AND {tf} = '1D'
) AS b
WHERE b.time_close >= coalesce({start}::timestamptz, '-infinity')
    AND b.time_close < coalesce({end}::timestamptz, 'infinity')
    AND ({forming} OR NOT b.is_partial_end)
ORDER BY b.id, b.time_close
