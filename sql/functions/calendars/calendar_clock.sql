-- calendar_clock: the applied form of a calendar by its name.
--   p_calendar   its name; NULL: no calendar
-- Returns   a session_clock; NULL for NULL. A calendar that was never applied counts as its rows say.
-- Errors    TA002 unknown calendar, the HINT names the nearest; TA020 it has no week.
-- Cost      one row.
-- Rule      edits count once they are applied: calendars_apply, which every refresh calls first.
CREATE OR REPLACE FUNCTION calendar_clock(p_calendar text)
RETURNS session_clock
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_clock session_clock;
BEGIN
    IF p_calendar IS NULL THEN
        RETURN NULL;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM calendars AS c WHERE c.calendar = p_calendar) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA002',
            MESSAGE = format('unknown calendar %L', p_calendar),
            DETAIL = 'calendars has no such row; names are compared exactly.',
            HINT = format('The nearest are: %s', coalesce(
                (SELECT nearest_names(p_calendar, array_agg(c.calendar)) FROM calendars AS c), 'none yet'));
    END IF;
    SELECT (a.clock).* INTO v_clock FROM calendars_applied AS a WHERE a.calendar = p_calendar;
    IF NOT FOUND THEN
        RETURN stored_session_clock(p_calendar);
    END IF;
    RETURN v_clock;
END;
$$;
