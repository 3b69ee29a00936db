-- resolve_tz: the name of a time zone as pg_timezone_names spells it.
--   p_tz   a zone's name in any letter case
-- Returns   the name; NULL for NULL.
-- Errors    TA004 for an unknown name or an offset; the HINT names the nearest.
-- Cost      microseconds for America/New_York and UTC; others read the zone files, tens of milliseconds.
-- Rule      a zone is a name with rules for every date, never an offset such as -05.
CREATE OR REPLACE FUNCTION resolve_tz(p_tz text)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_name text;
BEGIN
    IF p_tz IS NULL THEN
        RETURN NULL;
    END IF;
    v_name := CASE lower(p_tz) WHEN 'america/new_york' THEN 'America/New_York' WHEN 'utc' THEN 'UTC' END;
    IF v_name IS NOT NULL THEN
        RETURN v_name;
    END IF;
    SELECT z.name INTO v_name FROM pg_timezone_names AS z
    WHERE lower(z.name) = lower(p_tz)
    ORDER BY z.name = p_tz DESC, z.name
    LIMIT 1;
    IF v_name IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004',
            MESSAGE = format('unknown time zone %L', p_tz),
            DETAIL = 'Zones are the names in pg_timezone_names, in any letter case; offsets are none.',
            HINT = format('The nearest are: %s', (
                SELECT nearest_names(p_tz, array_agg(z.name)) FROM pg_timezone_names AS z
                WHERE z.name !~ '^(posix|right)/'));
    END IF;
    RETURN v_name;
END;
$$;
