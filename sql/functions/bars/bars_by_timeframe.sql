-- bars_by_timeframe: which days the bars of some timeframes take in.
--   p_id    asset id
--   p_tfs   timeframes; 1D: every day is a bar
-- Returns   a row per timeframe that has bars: their numbers, first_rows and last_rows, the row numbers (1d
--           bar_seq) of their first and last days, in order; is_forming: the last one isn't closed.
-- Errors    none.   Cost  the bars of the timeframes.
-- Rule      statements about one table and one asset: a cluster keeps their plans.
CREATE OR REPLACE FUNCTION bars_by_timeframe(p_id int, p_tfs text[])
RETURNS TABLE (tf text, bars int[], first_rows int[], last_rows int[], is_forming boolean)
LANGUAGE plpgsql STABLE ROWS 150
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT
        b.tf, array_agg(b.bar_seq ORDER BY b.bar_seq), array_agg(b.first_row ORDER BY b.bar_seq),
        array_agg(b.last_row ORDER BY b.bar_seq), NOT bool_and(b.is_closed)
    FROM bars AS b WHERE b.id = p_id AND b.tf = ANY(p_tfs)
    GROUP BY b.tf;
    IF '1D' = ANY(p_tfs) THEN
        RETURN QUERY
        SELECT
            '1D', array_agg(d.bar_seq ORDER BY d.bar_seq), array_agg(d.bar_seq ORDER BY d.bar_seq),
            array_agg(d.bar_seq ORDER BY d.bar_seq), false
        FROM cmc_price_bars_1d AS d WHERE d.id = p_id
        HAVING count(*) > 0;
    END IF;
END;
$$;
