-- lock_asset: let no other refresh of an asset go on at the same time.
--   p_id, p_tz   asset, and the zone that its days stand in (NULL: a missing row isn't made)
-- Returns   nothing.
-- Errors    none.   Locks  the asset's row in cmc_price_bars_1d_state; makes it where it is missing.
-- Cost      an index probe.   Rule  every refresh that has something to write waits for this row.
CREATE OR REPLACE FUNCTION lock_asset(p_id int, p_tz text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_now timestamptz := now();
BEGIN
    PERFORM FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id FOR UPDATE;
    IF NOT FOUND AND p_tz IS NOT NULL THEN
        INSERT INTO cmc_price_bars_1d_state AS s (id, last_run_ts, tz) VALUES (p_id, v_now, p_tz)
        ON CONFLICT (id) DO NOTHING;
        PERFORM FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id FOR UPDATE;
    END IF;
END;
$$;
