-- recut_days: cut the validated days of an asset anew where they stand in another zone than its own.
--   p_id      asset id
--   p_tz      the asset's zone
--   p_alone   no bars are refreshed in the same call: days that bars were built from then stay as they are
-- Returns   the zone that the days stand in afterwards.
-- Errors    none.   Locks  the asset's row in cmc_price_bars_1d_state, once there is something to write.
-- Cost      an index probe; in another zone all days.
-- Rule      days and bars are of one zone at any time. A day that its source names stays. The content of the
--           rows is the same, so none counts as written.
CREATE OR REPLACE FUNCTION recut_days(p_id int, p_tz text, p_alone boolean)
RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_tz text;
BEGIN
    SELECT s.tz INTO v_tz FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id;
    IF v_tz IS NULL OR v_tz = p_tz THEN
        RETURN p_tz;
    END IF;
    IF p_alone AND EXISTS (SELECT 1 FROM bars_state AS b WHERE b.id = p_id) THEN
        RETURN v_tz;
    END IF;
    PERFORM FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id FOR UPDATE;
    UPDATE cmc_price_bars_1d AS d SET day = local_day_of(d.local_day, d."timestamp", p_tz)
    WHERE d.id = p_id AND d.day <> local_day_of(d.local_day, d."timestamp", p_tz);
    PERFORM keep_day_blocks(p_id, '-infinity');
    UPDATE cmc_price_bars_1d_state AS s SET tz = p_tz WHERE s.id = p_id;
    RETURN p_tz;
END;
$$;
