-- stored_vectors: the vectors of EMAs of some timeframes of an asset.
--   p_id    asset id
--   p_tfs   timeframes
-- Returns   the rows of emas.
-- Errors    none.   Cost  an index range for each.
-- Rule      as stored_days.
CREATE OR REPLACE FUNCTION stored_vectors(p_id int, p_tfs text[])
RETURNS SETOF computed_vector
LANGUAGE plpgsql STABLE ROWS 10000
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT e.id, e.tf, e.bar_seq, e.n_closed, e.bar_space, e.day_space, e.anchor
    FROM emas AS e
    WHERE e.id = p_id AND e.tf = ANY(p_tfs);
END;
$$;
