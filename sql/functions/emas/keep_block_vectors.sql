-- keep_block_vectors: keep the newest vectors of some timeframes as those from which a block of days is read.
--   p_id, p_tfs   asset, timeframes whose newest vector is that of the day two days before the block
--   p_block       number of the block, from 1
-- Errors    none.   Cost  two index probes and a row per timeframe.
-- Rule      a block of 64 days is walked from there, however long its bar is; 1D has a vector for every day.
CREATE OR REPLACE FUNCTION keep_block_vectors(p_id int, p_tfs text[], p_block int)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
BEGIN
    INSERT INTO emas_at_blocks AS k (id, tf, block, bar_space, day_space)
    SELECT p_id, c.tf, p_block, CASE WHEN c.unit_kind <> 'D' THEN e.bar_space END, e.day_space
    FROM dim_timeframe AS c
    CROSS JOIN LATERAL (
        SELECT v.bar_space, v.day_space FROM emas AS v
        WHERE v.id = p_id AND v.tf = c.tf
        ORDER BY v.bar_seq DESC
        LIMIT 1
    ) AS e
    WHERE c.tf = ANY(p_tfs) AND c.tf <> '1D' AND cardinality(e.day_space) > 0
    ON CONFLICT (id, tf, block) DO UPDATE SET bar_space = excluded.bar_space, day_space = excluded.day_space;
END;
$$;
