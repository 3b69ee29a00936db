-- sessions_between: the number of sessions in a range of days.
--   p_clock           the applied form of a calendar; NULL: every day is a session
--   p_first, p_last   both inclusive; p_last may be the day before p_first, which gives 0
-- Returns   the number of days on which a row is expected.
-- Errors    PostgreSQL's own for an infinite day.   Cost  constant; inlined.
-- Rule      a difference of running numbers.
CREATE OR REPLACE FUNCTION sessions_between(p_clock session_clock, p_first date, p_last date)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN session_number(p_clock, p_last) - session_number(p_clock, p_first - 1);
