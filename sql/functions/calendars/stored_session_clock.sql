-- stored_session_clock: the applied form that the rows of a calendar give now, applied or not.
--   p_calendar   its name
-- Returns   a session_clock.
-- Errors    TA020 the calendar has no week.   Cost  reads its rows: some milliseconds for the longest.
-- Rule      what make_session_clock makes of them.
CREATE OR REPLACE FUNCTION stored_session_clock(p_calendar text)
RETURNS session_clock
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_from_days date[];
    v_weekmasks text[];
    v_days date[];
    v_is_session boolean[];
BEGIN
    SELECT array_agg(w.from_day ORDER BY w.from_day), array_agg(w.weekmask ORDER BY w.from_day)
    INTO v_from_days, v_weekmasks
    FROM calendar_weeks AS w WHERE w.calendar = p_calendar;
    IF v_from_days IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA020',
            MESSAGE = format('calendar %s has no week', p_calendar),
            DETAIL = 'Without a row in calendar_weeks no day of it is a session.',
            HINT = format(
                'INSERT INTO calendar_weeks (calendar, from_day, weekmask) '
                'VALUES (%L, ''1970-01-01'', ''1111100'')', p_calendar);
    END IF;
    SELECT array_agg(e.day ORDER BY e.day), array_agg(e.is_session ORDER BY e.day)
    INTO v_days, v_is_session
    FROM calendar_exceptions AS e WHERE e.calendar = p_calendar AND e.is_session IS NOT NULL;
    RETURN make_session_clock(v_from_days, v_weekmasks, v_days, v_is_session);
END;
$$;
