-- note_unexamined_days: record again what a bounded refresh of an asset's days doesn't examine.
--   p_id        asset id
--   p_note      from which moment on raw days have changed (NULL: none has)
--   p_time_min, p_time_max  raw rows with p_time_min <= "timestamp" < p_time_max are examined (NULL: open)
-- Returns   nothing.
-- Errors    none.   Cost  up to four probes of an index.
-- Rule      a note is taken away only for what was examined.
CREATE OR REPLACE FUNCTION note_unexamined_days(
    p_id int, p_note timestamptz, p_time_min timestamptz, p_time_max timestamptz)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_owed timestamptz;
BEGIN
    IF p_time_min IS NULL AND p_time_max IS NULL THEN
        RETURN;
    END IF;
    IF p_note < p_time_min AND (
        EXISTS (SELECT 1 FROM cmc_price_histories7 AS h
            WHERE h.id = p_id AND h."timestamp" >= p_note AND h."timestamp" < p_time_min)
        OR EXISTS (SELECT 1 FROM cmc_price_bars_1d AS d
            WHERE d.id = p_id AND d."timestamp" >= p_note AND d."timestamp" < p_time_min)
    ) THEN
        v_owed := p_note;
    ELSIF p_time_max IS NOT NULL AND p_note IS NOT NULL AND (
        EXISTS (SELECT 1 FROM cmc_price_histories7 AS h
            WHERE h.id = p_id AND h."timestamp" >= greatest(p_note, p_time_max))
        OR EXISTS (SELECT 1 FROM cmc_price_bars_1d AS d
            WHERE d.id = p_id AND d."timestamp" >= greatest(p_note, p_time_max))
    ) THEN
        v_owed := greatest(p_note, p_time_max);
    END IF;
    IF v_owed IS NOT NULL THEN
        INSERT INTO raw_changes (id, changed_by, dirty_from) VALUES (p_id, pg_current_xact_id(), v_owed);
    END IF;
END;
$$;
