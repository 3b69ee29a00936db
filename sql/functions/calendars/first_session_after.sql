-- first_session_after: the next session after a day.
--   p_clock   the applied form of a calendar; NULL: every day is a session
--   p_day     any finite day
-- Returns   the session; 2299-12-31 when there is none until then.
-- Errors    PostgreSQL's own for an infinite day.
-- Cost      the days without session after it: a few of them; years are gone over in halves.
-- Rule      the running number rises on it.
CREATE OR REPLACE FUNCTION first_session_after(p_clock session_clock, p_day date)
RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_session date := p_day + 1;
    v_last date := date '2299-12-31';
    v_middle date;
BEGIN
    -- Nearly always one of the next days.
    FOR v_on IN 1 .. 12 LOOP
        IF is_session_of(p_clock, v_session) THEN
            RETURN v_session;
        END IF;
        v_session := v_session + 1;
    END LOOP;
    IF v_session >= v_last OR sessions_between(p_clock, v_session, v_last) = 0 THEN
        RETURN v_last;
    END IF;
    -- A session lies in v_session .. v_last, and none before it: close in on the first.
    WHILE v_session < v_last LOOP
        v_middle := v_session + (v_last - v_session) / 2;
        IF sessions_between(p_clock, v_session, v_middle) > 0 THEN
            v_last := v_middle;
        ELSE
            v_session := v_middle + 1;
        END IF;
    END LOOP;
    RETURN v_session;
END;
$$;
