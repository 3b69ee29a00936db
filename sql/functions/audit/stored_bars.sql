-- stored_bars: the bars of an asset.
--   p_id   asset id
-- Returns   the rows of bars.
-- Errors    none.   Cost  an index range.
-- Rule      as stored_days.
CREATE OR REPLACE FUNCTION stored_bars(p_id int)
RETURNS SETOF computed_bar
LANGUAGE plpgsql STABLE ROWS 10000
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT
        b.id, b.tf, b.bar_seq, b.first_row, b.last_row, b.days_remaining, b.missing_start, b.missing_interior,
        b.missing_end, b.is_closed, b.first_missing_day, b.last_missing_day, b.time_open, b.time_close,
        b.time_high, b.time_low, b.open, b.high, b.low, b.close, b.volume, b.market_cap
    FROM bars AS b
    WHERE b.id = p_id;
END;
$$;
