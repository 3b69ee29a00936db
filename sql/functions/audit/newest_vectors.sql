-- newest_vectors: how long the newest vectors of EMAs of each timeframe of an asset are.
--   p_id   asset id
-- Returns   a row per timeframe with vectors: the lengths of its newest in bar space and in day space; NULL:
--           it has none there.
-- Errors    none.   Cost  an index range.
-- Rule      as stored_days.
CREATE OR REPLACE FUNCTION newest_vectors(p_id int)
RETURNS TABLE (tf text, n_bar int, n_day int)
LANGUAGE plpgsql STABLE ROWS 150
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT DISTINCT ON (e.tf) e.tf, cardinality(e.bar_space), cardinality(e.day_space)
    FROM emas AS e
    WHERE e.id = p_id
    ORDER BY e.tf, e.bar_seq DESC;
END;
$$;
