-- calendars_apply: take up what was edited in the calendars' tables, whatever way.
--   p_calendar   only this one; NULL: all
-- Returns   a row per calendar whose sessions are other ones than before, or which is new: calendar, its
--           version now, and the number of days from 1700-01-01 to 2299-12-31 that changed (0 when new).
-- Errors    TA020 a calendar without a week.   Locks  the rows in calendars_applied of those that changed.
-- Cost      nothing edited: a fingerprint of each calendar's rows; else some milliseconds for each edited.
-- Rule      what the rows say is compared with what was applied before. Only days that really changed are
--           kept, under the calendar's next version: refreshes look there for the assets and bars that they
--           touch. The applied form of a deleted calendar stays, so that a version never means two things.
CREATE OR REPLACE FUNCTION calendars_apply(p_calendar text DEFAULT NULL)
RETURNS TABLE (calendar text, version int, changed_days int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_name text;
    v_known bigint;
    v_fingerprint bigint;
    v_before calendars_applied%ROWTYPE;
    v_clock session_clock;
    v_changes date[];
BEGIN
    FOR v_name, v_known IN
        SELECT c.calendar, a.fingerprint
        FROM calendars AS c
        LEFT JOIN calendars_applied AS a ON a.calendar = c.calendar
        WHERE c.calendar = coalesce(p_calendar, c.calendar)
        ORDER BY c.calendar
    LOOP
        CONTINUE WHEN v_known = calendar_fingerprint(v_name);
        SELECT a.* INTO v_before FROM calendars_applied AS a WHERE a.calendar = v_name FOR UPDATE;
        v_fingerprint := calendar_fingerprint(v_name);
        -- Somebody else may have been there before the lock.
        CONTINUE WHEN v_before.fingerprint = v_fingerprint;
        v_clock := stored_session_clock(v_name);
        IF v_before.calendar IS NULL THEN
            RETURN QUERY
            INSERT INTO calendars_applied AS a (calendar, version, clock, fingerprint)
            VALUES (v_name, 1, v_clock, v_fingerprint)
            ON CONFLICT (calendar) DO NOTHING
            RETURNING a.calendar, a.version, 0;
            CONTINUE;
        END IF;
        v_changes := session_changes(v_before.clock, v_clock);
        IF v_changes <> '{}' THEN
            v_before.version := v_before.version + 1;
            INSERT INTO calendar_changes AS h (calendar, version, days)
            VALUES (v_name, v_before.version, v_changes);
            RETURN QUERY SELECT v_name, v_before.version, cardinality(v_changes);
        END IF;
        UPDATE calendars_applied AS a
        SET version = v_before.version, clock = v_clock, fingerprint = v_fingerprint
        WHERE a.calendar = v_name;
    END LOOP;
END;
$$;
