-- first_row_of_block: the row of a block's first day.
--   p_block   number of the block, from 0
-- Returns   1, block_size() + 1, ..
-- Errors    none.   Cost  constant; inlined.   Rule  as block_of_row.
CREATE OR REPLACE FUNCTION first_row_of_block(p_block int)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN block_size() * p_block + 1;
