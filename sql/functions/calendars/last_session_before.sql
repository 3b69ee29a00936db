-- last_session_before: the newest session before a day.
--   p_clock   the applied form of a calendar; NULL: every day is a session
--   p_day     any finite day
-- Returns   the session; 1700-01-01 when there is none since.
-- Errors    PostgreSQL's own for an infinite day.
-- Cost      the days without session before it: a few of them; years are gone over in halves.
-- Rule      the running number of the day before stands since that session.
CREATE OR REPLACE FUNCTION last_session_before(p_clock session_clock, p_day date)
RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_session date := p_day - 1;
    v_before date := date '1700-01-01';
    v_middle date;
BEGIN
    -- Nearly always one of the last days.
    FOR v_back IN 1 .. 12 LOOP
        IF is_session_of(p_clock, v_session) THEN
            RETURN v_session;
        END IF;
        v_session := v_session - 1;
    END LOOP;
    IF v_session <= v_before OR sessions_between(p_clock, v_before, v_session) = 0 THEN
        RETURN v_before;
    END IF;
    -- A session lies in v_before .. v_session, and none after it: close in on the last.
    WHILE v_before < v_session LOOP
        v_middle := v_session - (v_session - v_before) / 2;
        IF sessions_between(p_clock, v_middle, v_session) > 0 THEN
            v_before := v_middle;
        ELSE
            v_session := v_middle - 1;
        END IF;
    END LOOP;
    RETURN v_session;
END;
$$;
