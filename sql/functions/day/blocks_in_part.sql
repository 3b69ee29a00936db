-- blocks_in_part: the number of blocks that share a row of bar_blocks.
-- Returns   16.
-- Errors    none.   Cost  constant; inlined.
-- Rule      part and place of a block are counted with it, so another number needs bar_blocks written anew.
CREATE OR REPLACE FUNCTION blocks_in_part()
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 16;
