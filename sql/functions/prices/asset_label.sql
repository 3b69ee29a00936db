-- asset_label: an asset as people call it.
--   p_id   asset id
-- Returns   its symbol and id, or its id.
-- Errors    none.   Cost  an index probe.   Rule  for messages only.
CREATE OR REPLACE FUNCTION asset_label(p_id int)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN coalesce(
        (SELECT format('%s (%s)', a.symbol, a.id) FROM assets AS a WHERE a.id = p_id AND a.symbol <> ''),
        p_id::text);
END;
$$;
