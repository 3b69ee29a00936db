-- sessions: the sessions of a calendar in a range of days, with their hours.
--   p_calendar        its name
--   p_first, p_last   both inclusive
-- Returns   a row per session: day, open, close (local times of the exchange as text, for people; NULL:
--           unknown). No rows when an argument is NULL.
-- Errors    TA002 unknown calendar, TA004 p_first after p_last or a day outside 1700-01-01 .. 2299-12-31,
--           TA020 the calendar has no week.
-- Cost      the days of the range, some microseconds for each session.
-- Rule      an exception's hours stand before those of its week. Half days are sessions like others.
CREATE OR REPLACE FUNCTION sessions(p_calendar text, p_first date, p_last date)
RETURNS TABLE (day date, open text, close text)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_clock session_clock;
BEGIN
    IF p_calendar IS NULL OR p_first IS NULL OR p_last IS NULL THEN
        RETURN;
    END IF;
    PERFORM check_days(p_first, p_last);
    v_clock := calendar_clock(p_calendar);
    RETURN QUERY
    SELECT d.day, coalesce(e.open, w.open), coalesce(e.close, w.close)
    FROM unnest(list_sessions(v_clock, p_first, p_last)) AS d (day)
    LEFT JOIN calendar_exceptions AS e ON e.calendar = p_calendar AND e.day = d.day
    LEFT JOIN LATERAL (
        SELECT n.open, n.close FROM calendar_weeks AS n
        WHERE n.calendar = p_calendar
        ORDER BY n.from_day <= d.day DESC, abs(d.day - n.from_day)
        LIMIT 1
    ) AS w ON true
    ORDER BY d.day;
END;
$$;
