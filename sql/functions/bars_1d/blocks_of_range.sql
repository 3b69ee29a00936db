-- blocks_of_range: the blocks of 64 days that a range of time touches.
--   p_id   asset id
--   p_from, p_to   p_from <= "timestamp" < p_to; NULL: open end
-- Returns   one row: first_block, last_block; NULL: no day lies in the range.
-- Errors    none.   Cost  two index probes.
-- Rule      days lie in their blocks in time order.
CREATE OR REPLACE FUNCTION blocks_of_range(
    p_id int, p_from timestamptz, p_to timestamptz, OUT first_block int, OUT last_block int)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
BEGIN
    SELECT d.block INTO first_block FROM cmc_price_bars_1d AS d
    WHERE d.id = p_id AND d."timestamp" >= coalesce(p_from, '-infinity')
    ORDER BY d."timestamp" LIMIT 1;
    SELECT d.block INTO last_block FROM cmc_price_bars_1d AS d
    WHERE d.id = p_id AND d."timestamp" < coalesce(p_to, 'infinity')
    ORDER BY d."timestamp" DESC LIMIT 1;
END;
$$;
