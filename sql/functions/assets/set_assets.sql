-- set_assets: change what is known of some assets.
--   p_ids      assets
--   p_values   what to change: symbol (one asset only), name, tz, calendar; NULL: unknown, the zone
--              America/New_York, trading every day
-- Returns   how many assets are different now.
-- Errors    TA001 unknown asset, TA002 unknown calendar; TA004 for another key, a symbol that can't be or is
--           another asset's, one symbol for several assets, an unknown zone; TA020 the calendar has no week.
-- Cost      an index probe an asset.
-- Rule      an id never changes. What another zone or calendar asks for is done by the next refresh.
CREATE OR REPLACE FUNCTION set_assets(p_ids int[], p_values jsonb)
RETURNS int
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_key text := (
        SELECT k.key FROM jsonb_object_keys(p_values) AS k (key)
        WHERE k.key NOT IN ('symbol', 'name', 'tz', 'calendar')
        LIMIT 1);
    v_tz text := resolve_tz(p_values ->> 'tz');
    v_changed int;
BEGIN
    PERFORM check_ids(p_ids);
    IF v_key IS NOT NULL OR (p_values ? 'symbol' AND cardinality(p_ids) <> 1) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004',
            MESSAGE = CASE
                WHEN v_key IS NOT NULL THEN format('assets have no %s to set', v_key)
                ELSE format('one symbol for %s assets', cardinality(p_ids))
            END,
            DETAIL = 'symbol is set for one asset; name, tz and calendar for any number.',
            HINT = 'Name one asset, or set something else.';
    END IF;
    IF p_values ->> 'symbol' IS NOT NULL THEN
        PERFORM free_asset_ids(0);
        PERFORM check_new_symbols(p_ids[1], ARRAY[p_values ->> 'symbol']);
    END IF;
    PERFORM calendar_clock(p_values ->> 'calendar');
    -- Raw days that somebody inserted by hand make an asset too.
    INSERT INTO assets (id) SELECT DISTINCT w.id FROM unnest(p_ids) AS w (id) ON CONFLICT (id) DO NOTHING;
    WITH changed AS (
        UPDATE assets AS a SET
            symbol = CASE WHEN p_values ? 'symbol' THEN p_values ->> 'symbol' ELSE a.symbol END,
            name = CASE WHEN p_values ? 'name' THEN p_values ->> 'name' ELSE a.name END,
            tz = CASE WHEN p_values ? 'tz' THEN v_tz ELSE a.tz END,
            calendar = CASE WHEN p_values ? 'calendar' THEN p_values ->> 'calendar' ELSE a.calendar END
        WHERE a.id = ANY(p_ids) AND (
            (p_values ? 'symbol' AND a.symbol IS DISTINCT FROM p_values ->> 'symbol')
            OR (p_values ? 'name' AND a.name IS DISTINCT FROM p_values ->> 'name')
            OR (p_values ? 'tz' AND a.tz IS DISTINCT FROM v_tz)
            OR (p_values ? 'calendar' AND a.calendar IS DISTINCT FROM p_values ->> 'calendar'))
        RETURNING a.id
    )
    SELECT count(*)::int INTO v_changed FROM changed;
    RETURN v_changed;
END;
$$;
