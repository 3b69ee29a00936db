-- newest_closes: when the newest bar of each timeframe of an asset closes.
--   p_id   asset id
-- Returns   a row per timeframe with bars: time_close of the one with the greatest number.
-- Errors    none.   Cost  an index range.
-- Rule      as stored_days.
CREATE OR REPLACE FUNCTION newest_closes(p_id int)
RETURNS TABLE (tf text, time_close timestamptz)
LANGUAGE plpgsql STABLE ROWS 150
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT b.tf, (array_agg(b.time_close ORDER BY b.bar_seq DESC))[1]
    FROM bars AS b
    WHERE b.id = p_id
    GROUP BY b.tf;
END;
$$;
