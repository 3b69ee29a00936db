-- asset_zone: the zone that an asset's local days are cut in; makes the asset's row where it is missing.
--   p_id   asset id
--   p_tz   another zone for it; NULL: the one that it has
-- Returns   the zone's name.
-- Errors    TA004 for an unknown zone, and for another one than before on a cluster.
-- Cost      an index probe.
-- Rule      the zone lives in assets alone. On a cluster the driver writes there before it calls.
CREATE OR REPLACE FUNCTION asset_zone(p_id int, p_tz text)
RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_asked text := resolve_tz(p_tz);
    v_stored text;
    v_known boolean;
BEGIN
    SELECT a.tz, true INTO v_stored, v_known FROM assets AS a WHERE a.id = p_id;
    v_stored := coalesce(v_stored, default_tz());
    IF v_known AND coalesce(v_asked, v_stored) = v_stored THEN
        RETURN v_stored;
    END IF;
    IF is_cluster() THEN
        IF v_asked <> v_stored THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TA004',
                MESSAGE = format('asset %s has the zone %s, not %s', p_id, v_stored, v_asked),
                DETAIL = 'On a cluster zones are written before a refresh, for all nodes at once.',
                HINT = format('UPDATE assets SET tz = %L WHERE id = %s; then refresh without a zone.',
                    v_asked, p_id);
        END IF;
        RETURN v_stored;
    END IF;
    INSERT INTO assets AS a (id, tz) VALUES (p_id, v_asked)
    ON CONFLICT (id) DO UPDATE SET tz = coalesce(excluded.tz, a.tz);
    RETURN coalesce(v_asked, v_stored);
END;
$$;
