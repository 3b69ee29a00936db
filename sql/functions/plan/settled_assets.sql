-- settled_assets: the assets of which a refresh would surely find nothing to do.
--   p_ids          assets (NULL: all)
--   p_families     families of bars, p_variants variants of EMAs that are asked for (NULL: all)
--   p_tz           a zone that the assets are given (NULL: their own)
--   p_lookback_days, p_keep_rejects   as in refresh_bars
-- Returns   ids, in no order. One that is missing may have something to do: that is decided by plan_days,
--           bar_work and ema_work.
-- Errors    none.
-- Cost      that of standing_assets, and the look-back.
-- Rule      asked first, since most assets of most runs have nothing new: bars and EMAs stand, no note tells
--           of changed raw days, and the look-back finds none.
CREATE OR REPLACE FUNCTION settled_assets(
    p_ids int[], p_families text[], p_variants text[], p_tz text, p_lookback_days int,
    p_keep_rejects boolean)
RETURNS SETOF int
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_ids int[];
    v_noted int[];
BEGIN
    v_ids := ARRAY(SELECT standing_assets(p_ids, p_families, p_variants, p_tz));
    IF v_ids = '{}' THEN
        RETURN;
    END IF;
    IF p_lookback_days = 0 THEN
        v_noted := ARRAY(SELECT r.id FROM raw_changes AS r);
        RETURN QUERY SELECT s.id FROM unnest(v_ids) AS s (id) WHERE NOT s.id = ANY(v_noted);
        RETURN;
    END IF;
    -- A cluster would send a list to every shard.
    RETURN QUERY
    SELECT s.id FROM unnest(v_ids) AS s (id)
    INTERSECT ALL
    SELECT l.id FROM days_as_loaded(
        CASE WHEN is_cluster() THEN p_ids ELSE v_ids END, p_lookback_days, p_keep_rejects) AS l (id);
END;
$$;
