-- add_asset: make an asset before it has prices.
--   p_id         its id; NULL: the least above all ids
--   p_symbol     what people call it
--   p_name       its full name (NULL: none)
--   p_tz         IANA zone of its local day (NULL: America/New_York)
--   p_calendar   its trading calendar (NULL: it trades every day)
-- Returns   the id.
-- Errors    TA002 unknown calendar; TA004 for an id or a symbol that an asset has, for a bad one, and for an
--           unknown zone; TA020 the calendar has no week.
-- Cost      a few index probes; waits for other transactions that make assets.
-- Rule      an id that has raw days but no row in assets yet may be given: they are the asset's.
CREATE OR REPLACE FUNCTION add_asset(
    p_id int, p_symbol text, p_name text DEFAULT NULL, p_tz text DEFAULT NULL, p_calendar text DEFAULT NULL
)
RETURNS int
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_id int := free_asset_ids(CASE WHEN p_id IS NULL THEN 1 ELSE 0 END);
BEGIN
    v_id := coalesce(p_id, v_id);
    IF v_id < 1 OR EXISTS (SELECT 1 FROM assets AS a WHERE a.id = v_id) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004',
            MESSAGE = format(
                CASE WHEN v_id < 1 THEN '%s is no id' ELSE 'asset %s is there already' END, v_id),
            DETAIL = 'Ids are whole numbers from 1 on, each for one asset.',
            HINT = format('Give another id, or none; ta-lab2 assets set %s changes one that is there.', v_id);
    END IF;
    PERFORM check_new_symbols(v_id, ARRAY[p_symbol]);
    PERFORM calendar_clock(p_calendar);
    INSERT INTO assets (id, symbol, name, tz, calendar)
    VALUES (v_id, p_symbol, p_name, resolve_tz(p_tz), p_calendar);
    RETURN v_id;
END;
$$;
