-- is_session: whether a day is a session of a calendar.
--   p_calendar   its name
--   p_day        a day
-- Returns   true or false; NULL when an argument is NULL.
-- Errors    TA002 unknown calendar, TA004 a day outside 1700-01-01 .. 2299-12-31, TA020 it has no week.
-- Cost      one row.
-- Rule      the exception's word if there is one, else the mask of the newest week that has begun. Beyond the
--           days that the calendar knows, the mask is an estimate.
CREATE OR REPLACE FUNCTION is_session(p_calendar text, p_day date)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
BEGIN
    IF p_calendar IS NULL OR p_day IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM check_days(p_day, p_day);
    RETURN is_session_of(calendar_clock(p_calendar), p_day);
END;
$$;
