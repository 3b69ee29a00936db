-- bars_of_days: every bar that an asset must have, as its days make it.
--   p_id           asset id
--   p_timeframes   what was built, as timeframes_built knows it; NULL: it is asked for
-- Returns   a row per bar of bars_due. The time of an extreme is the earliest among days with the price that
--           is stored for it: NULL where that is wrong or nothing is stored.
-- Errors    none.   Cost  that of bars_due, and each bar's days once: a pass over the days per timeframe.
-- Rule      nothing is carried from bar to bar: each is made of its own days alone. Volumes are added from
--           the left; market capitalisation is the last known one of the bar; 0.0 and -0.0 are one price, and
--           the earlier day's spelling stays.
CREATE OR REPLACE FUNCTION bars_of_days(p_id int, p_timeframes jsonb DEFAULT NULL)
RETURNS SETOF computed_bar
LANGUAGE plpgsql STABLE ROWS 10000
SET search_path FROM CURRENT
SET enable_nestloop = off
SET enable_mergejoin = off
SET work_mem = '64MB'
AS $$
DECLARE
    v_due computed_bar[] := ARRAY(SELECT e FROM bars_due(p_id, p_timeframes) AS e);
    v_numbers int[];
    v_highs float8[];
    v_lows float8[];
    v_times_high timestamptz[];
    v_times_low timestamptz[];
    v_volumes float8[];
    v_has_volume boolean[];
BEGIN
    -- None holds a NULL, so that a day is found in them at once.
    SELECT
        array_agg(d.bar_seq ORDER BY d.bar_seq), array_agg(d.high ORDER BY d.bar_seq),
        array_agg(d.low ORDER BY d.bar_seq), array_agg(d.time_high ORDER BY d.bar_seq),
        array_agg(d.time_low ORDER BY d.bar_seq), array_agg(coalesce(d.volume, 0) ORDER BY d.bar_seq),
        array_agg(d.volume IS NOT NULL ORDER BY d.bar_seq)
    INTO v_numbers, v_highs, v_lows, v_times_high, v_times_low, v_volumes, v_has_volume
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    RETURN QUERY
    WITH asset AS MATERIALIZED (
        SELECT v_numbers AS numbers, v_highs AS highs, v_lows AS lows, v_times_high AS times_high,
            v_times_low AS times_low, v_volumes AS volumes, v_has_volume AS has_volume
    ),
    days AS MATERIALIZED (
        SELECT
            (row_number() OVER w)::int AS row_no, d."timestamp" AS ts, d.open, d.close, d.market_cap,
            bar_time_open(lag(d."timestamp") OVER w, d."timestamp") AS opens,
            max(CASE WHEN d.market_cap IS NOT NULL THEN d.bar_seq END) OVER w AS cap_row
        FROM stored_days(p_id) AS d
        WINDOW w AS (ORDER BY d."timestamp")
    )
    SELECT
        p_id, e.tf, e.bar_seq, e.first_row, e.last_row, e.days_remaining, e.missing_start, e.missing_interior,
        e.missing_end, e.is_closed, e.first_missing_day, e.last_missing_day, a.opens, l.ts,
        v.time_high, v.time_low, a.open, coalesce(v.zero_high, v.high), coalesce(v.zero_low, v.low), l.close,
        v.volume, CASE WHEN l.cap_row >= e.first_row THEN c.market_cap END
    FROM unnest(v_due) AS e
    CROSS JOIN asset AS s
    LEFT JOIN stored_bars(p_id) AS b ON b.tf = e.tf AND b.bar_seq = e.bar_seq
    INNER JOIN days AS a ON a.row_no = e.first_row
    INNER JOIN days AS l ON l.row_no = e.last_row
    LEFT JOIN days AS c ON c.row_no = l.cap_row
    CROSS JOIN LATERAL (
        SELECT
            max(d.high) AS high, min(d.low) AS low,
            sum(s.volumes[d.row_no]) FILTER (WHERE s.has_volume[d.row_no]) AS volume,
            min(s.times_high[d.row_no]) FILTER (WHERE d.high = b.high) AS time_high,
            min(s.times_low[d.row_no]) FILTER (WHERE d.low = b.low) AS time_low,
            CASE WHEN max(d.high) = 0 THEN (array_agg(d.high) FILTER (WHERE d.high = 0))[1] END AS zero_high,
            CASE WHEN min(d.low) = 0 THEN (array_agg(d.low) FILTER (WHERE d.low = 0))[1] END AS zero_low
        FROM (
            SELECT r.row_no, s.highs[r.row_no] AS high, s.lows[r.row_no] AS low
            FROM generate_series(
                width_bucket(e.first_row - 1, s.numbers) + 1, width_bucket(e.last_row, s.numbers)
            ) AS r (row_no)
        ) AS d
    ) AS v;
END;
$$;
