-- row_before_block: the row whose vectors are kept for a block, so that a read of it starts there.
--   p_block   number of the block, from 1
-- Returns   the row two before the block's first.
-- Errors    none.   Cost  constant; inlined.
-- Rule      the first days of a block show differences with the two days before, which a walk must know.
CREATE OR REPLACE FUNCTION row_before_block(p_block int)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN block_size() * p_block - 2;
