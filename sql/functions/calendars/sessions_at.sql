-- sessions_at: where some days lie among the sessions of their calendars.
--   p_calendars, p_clocks   calendars by name, and the applied form of each
--   p_of, p_days            a calendar's name and a day, as often as wanted
-- Returns   a row for each of them that differs: calendar, day, its running number (session_number), the
--           first session after it, and the newest up to it.
-- Errors    PostgreSQL's own for an infinite day.
-- Cost      a few microseconds for each day that differs.
-- Rule      assets on one calendar ask for the same few days.
CREATE OR REPLACE FUNCTION sessions_at(
    p_calendars text[], p_clocks session_clock[], p_of text[], p_days date[])
RETURNS TABLE (calendar text, day date, number int, session_after date, session_upto date)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_calendar text;
    v_clock session_clock;
BEGIN
    FOR v_calendar IN SELECT DISTINCT u.calendar FROM unnest(p_of) AS u (calendar)
        WHERE u.calendar IS NOT NULL
    LOOP
        v_clock := p_clocks[array_position(p_calendars, v_calendar)];
        RETURN QUERY
        SELECT
            v_calendar, u.day, session_number(v_clock, u.day), first_session_after(v_clock, u.day),
            last_session_before(v_clock, u.day + 1)
        FROM (
            SELECT DISTINCT a.day FROM unnest(p_of, p_days) AS a (calendar, day)
            WHERE a.calendar = v_calendar AND a.day IS NOT NULL
            OFFSET 0
        ) AS u;
    END LOOP;
END;
$$;
