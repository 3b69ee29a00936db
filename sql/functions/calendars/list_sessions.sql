-- list_sessions: the sessions of an applied calendar in a range of days.
--   p_clock           the applied form of a calendar; NULL: every day is a session
--   p_first, p_last   both inclusive
-- Returns   the days, sorted; an empty array when there is none.
-- Errors    PostgreSQL's own for an infinite day.   Cost  the days of the range, below a microsecond each.
-- Rule      as is_session_of.
CREATE OR REPLACE FUNCTION list_sessions(p_clock session_clock, p_first date, p_last date)
RETURNS date[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN ARRAY(
        SELECT p_first + k.k FROM generate_series(0, p_last - p_first) AS k (k)
        WHERE is_session_of(p_clock, p_first + k.k)
        ORDER BY k.k);
END;
$$;
