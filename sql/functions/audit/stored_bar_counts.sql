-- stored_bar_counts: how many bars of each timeframe an asset has.
--   p_id   asset id
-- Returns   a row per timeframe with bars: their number, that of the closed ones, the close of the
--           earliest.
-- Errors    none.   Cost  an index range.
-- Rule      as stored_days.
CREATE OR REPLACE FUNCTION stored_bar_counts(p_id int)
RETURNS TABLE (tf text, n bigint, n_closed bigint, first_close timestamptz)
LANGUAGE plpgsql STABLE ROWS 150
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT b.tf, count(*), count(*) FILTER (WHERE b.is_closed), min(b.time_close)
    FROM bars AS b
    WHERE b.id = p_id
    GROUP BY b.tf;
END;
$$;
