-- stored_bar_blocks: how the bars of an asset stand at the first days of blocks, as it is stored.
--   p_id   asset id
-- Returns   the rows of bar_blocks.
-- Errors    none.   Cost  an index range.
-- Rule      as stored_days.
CREATE OR REPLACE FUNCTION stored_bar_blocks(p_id int)
RETURNS TABLE (
    tf text, part int, bar_seqs int[], first_days date[], highs float8[], lows float8[],
    times_high timestamptz[], times_low timestamptz[], volumes float8[])
LANGUAGE plpgsql STABLE ROWS 200
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT h.tf, h.part, h.bar_seqs, h.first_days, h.highs, h.lows, h.times_high, h.times_low, h.volumes
    FROM bar_blocks AS h
    WHERE h.id = p_id;
END;
$$;
