-- bars_of_days: every bar that an asset must have, as its days make it.
--   p_id   asset id
-- Returns   a row per bar of bars_due. The time of an extreme is the earliest among days with the price that
--           is stored for it: NULL where that is wrong or nothing is stored.
-- Errors    none.   Cost  that of bars_due, and each bar's days once: a pass over the days per timeframe.
-- Rule      nothing is carried from bar to bar: each is made of its own days alone. Volumes are added from
--           the left; market capitalisation is the last known one of the bar; 0.0 and -0.0 are one price, and
--           the earlier day's spelling stays.
CREATE OR REPLACE FUNCTION bars_of_days(p_id int)
RETURNS SETOF computed_bar
LANGUAGE plpgsql STABLE ROWS 10000
SET search_path FROM CURRENT
SET enable_nestloop = off
SET enable_mergejoin = off
SET work_mem = '64MB'
AS $$
DECLARE
    v_due computed_bar[] := ARRAY(SELECT e FROM bars_due(p_id) AS e);
BEGIN
    RETURN QUERY
    WITH days AS MATERIALIZED (
        SELECT
            (row_number() OVER w)::int AS row_no, d."timestamp" AS ts, d.open, d.close, d.market_cap,
            bar_time_open(lag(d."timestamp") OVER w, d."timestamp") AS opens,
            max(CASE WHEN d.market_cap IS NOT NULL THEN d.bar_seq END) OVER w AS cap_row
        FROM cmc_price_bars_1d AS d
        WHERE d.id = p_id
        WINDOW w AS (ORDER BY d."timestamp")
    )
    SELECT
        p_id, e.tf, e.bar_seq, e.first_row, e.last_row, e.days_remaining, e.missing_start, e.missing_interior,
        e.missing_end, e.is_closed, e.first_missing_day, e.last_missing_day, a.opens, l.ts,
        v.time_high, v.time_low, a.open, coalesce(v.zero_high, v.high), coalesce(v.zero_low, v.low), l.close,
        v.volume, CASE WHEN l.cap_row >= e.first_row THEN c.market_cap END
    FROM unnest(v_due) AS e
    LEFT JOIN bars AS b ON b.id = p_id AND b.tf = e.tf AND b.bar_seq = e.bar_seq
    INNER JOIN days AS a ON a.row_no = e.first_row
    INNER JOIN days AS l ON l.row_no = e.last_row
    LEFT JOIN days AS c ON c.row_no = l.cap_row
    CROSS JOIN LATERAL (
        SELECT
            max(d.high) AS high, min(d.low) AS low, sum(d.volume) AS volume,
            min(d.time_high) FILTER (WHERE d.high = b.high) AS time_high,
            min(d.time_low) FILTER (WHERE d.low = b.low) AS time_low,
            CASE WHEN max(d.high) = 0 THEN (array_agg(d.high) FILTER (WHERE d.high = 0))[1] END AS zero_high,
            CASE WHEN min(d.low) = 0 THEN (array_agg(d.low) FILTER (WHERE d.low = 0))[1] END AS zero_low
        FROM (
            SELECT x.high, x.low, x.volume, x.time_high, x.time_low FROM cmc_price_bars_1d AS x
            WHERE x.id = p_id AND x.bar_seq BETWEEN e.first_row AND e.last_row
            ORDER BY x.bar_seq
        ) AS d
    ) AS v;
END;
$$;
