-- newest_vectors: how long the newest vectors of EMAs of each timeframe of an asset are.
--   p_id   asset id
-- Returns   a row per timeframe with vectors: the lengths of its newest in bar space and in day space; NULL:
--           it has none there.
-- Errors    none.   Cost  an index range.
-- Rule      as stored_days. Of arrays that begin with the number of the bar the newest is the greatest:
--           nothing need be sorted.
CREATE OR REPLACE FUNCTION newest_vectors(p_id int)
RETURNS TABLE (tf text, n_bar int, n_day int)
LANGUAGE plpgsql STABLE ROWS 150
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT
        e.tf, (max(ARRAY[e.bar_seq, cardinality(e.bar_space), cardinality(e.day_space)]))[2],
        (max(ARRAY[e.bar_seq, cardinality(e.bar_space), cardinality(e.day_space)]))[3]
    FROM emas AS e
    WHERE e.id = p_id
    GROUP BY e.tf;
END;
$$;
