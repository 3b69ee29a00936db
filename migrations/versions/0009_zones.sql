-- Rows written by hand may hold what is no zone: they are named, since nobody can guess which one was meant.
DO $$
DECLARE
    v_table text;
    v_tz text;
    v_is_zone boolean;
BEGIN
    FOR v_table, v_tz IN
        SELECT 'assets', a.tz FROM assets AS a WHERE a.tz IS NOT NULL
        UNION
        SELECT 'calendars', c.tz FROM calendars AS c WHERE c.tz IS NOT NULL
        ORDER BY 1, 2
    LOOP
        BEGIN
            v_is_zone := is_zone(v_tz);
        EXCEPTION WHEN invalid_parameter_value THEN
            v_is_zone := false;
        END;
        IF NOT v_is_zone THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TA004',
                MESSAGE = format('%s holds the time zone %L, which there isn''t', v_table, v_tz),
                DETAIL = 'Zones are the names in pg_timezone_names, in any letter case; offsets are none.',
                HINT = format('correct it, then migrate again; nothing was changed. Back to the default: '
                    'UPDATE %s SET tz = NULL WHERE tz = %L', v_table, v_tz);
        END IF;
    END LOOP;
END;
$$;

ALTER TABLE assets ADD CONSTRAINT tz_is_a_time_zone CHECK (is_zone(tz));
ALTER TABLE calendars ADD CONSTRAINT tz_is_a_time_zone CHECK (is_zone(tz));
