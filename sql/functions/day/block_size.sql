-- block_size: the number of days in a block, that which a read walks over at once.
-- Returns   64.
-- Errors    none.   Cost  constant; inlined.
-- Rule      cmc_price_bars_1d.block is counted with it, so another size needs the days written anew.
CREATE OR REPLACE FUNCTION block_size()
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 64;
