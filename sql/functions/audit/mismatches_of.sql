-- mismatches_of: how many days don't fit a calendar.
--   p_clock   the applied form of a calendar; NULL: every day is a session
--   p_days    days with a row, sorted
--   p_shift   by so many days all of them are moved first
-- Returns   sessions without a row and rows on no session, between the first and the last.
-- Errors    none.   Cost  some microseconds a day.
-- Rule      sessions in the range, and rows, less twice the rows that are sessions.
CREATE OR REPLACE FUNCTION mismatches_of(p_clock session_clock, p_days date[], p_shift int)
RETURNS int
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN sessions_between(p_clock, p_days[1] + p_shift, p_days[cardinality(p_days)] + p_shift)
        + cardinality(p_days)
        - 2 * (
            SELECT count(*)::int FROM unnest(p_days) AS d (day)
            WHERE is_session_of(p_clock, d.day + p_shift));
END;
$$;
