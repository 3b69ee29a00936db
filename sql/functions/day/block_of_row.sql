-- block_of_row: the block that a day lies in.
--   p_row   row number of the day, from 1
-- Returns   0 for rows 1 to block_size(), then 1, 2, ..
-- Errors    none.   Cost  constant; inlined.   Rule  as the column block of cmc_price_bars_1d.
CREATE OR REPLACE FUNCTION block_of_row(p_row int)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (p_row - 1) / block_size();
