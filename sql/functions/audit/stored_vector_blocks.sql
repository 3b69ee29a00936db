-- stored_vector_blocks: the vectors before blocks of days, of some timeframes of an asset.
--   p_id    asset id
--   p_tfs   timeframes
-- Returns   the rows of emas_at_blocks.
-- Errors    none.   Cost  an index range for each.
-- Rule      as stored_days.
CREATE OR REPLACE FUNCTION stored_vector_blocks(p_id int, p_tfs text[])
RETURNS SETOF computed_block
LANGUAGE plpgsql STABLE ROWS 2000
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT k.id, k.tf, k.block, k.bar_space, k.day_space
    FROM emas_at_blocks AS k
    WHERE k.id = p_id AND k.tf = ANY(p_tfs);
END;
$$;
