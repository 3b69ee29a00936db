-- is_session_of: whether a day is a session of an applied calendar.
--   p_clock   the applied form of a calendar; NULL: every day is a session
--   p_day     any finite day
-- Returns   true or false.   Errors  PostgreSQL's own for an infinite day.   Cost  constant; inlined.
-- Rule      the running number rises on sessions only.
CREATE OR REPLACE FUNCTION is_session_of(p_clock session_clock, p_day date)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN session_number(p_clock, p_day) > session_number(p_clock, p_day - 1);
