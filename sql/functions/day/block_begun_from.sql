-- block_begun_from: the first block that begins with a day or after it.
--   p_row   row number of the day, from 1
-- Returns   the number of the block; 0 for row 1, 1 for rows 2 to block_size() + 1, ..
-- Errors    none.   Cost  constant; inlined.
-- Rule      of what is kept of bars on the first days of blocks, this is the first that the day may change.
CREATE OR REPLACE FUNCTION block_begun_from(p_row int)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (p_row + block_size() - 2) / block_size();
