-- calendar_pending: whether an asset's bars wait for a refresh that takes up its calendar.
--   p_id   asset id
-- Returns   true when bars were built with another calendar than the asset has now, or when days of it that
--           concern them changed since then.
-- Errors    none.   Cost  the states; more only after an edit of the calendar.
-- Rule      counts of days follow the calendar, so they aren't judged meanwhile.
CREATE OR REPLACE FUNCTION calendar_pending(p_id int)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_calendar text;
    v_is_other boolean;
    v_has_calendar boolean;
BEGIN
    SELECT a.calendar INTO v_calendar FROM assets AS a WHERE a.id = p_id;
    SELECT bool_or(s.tfs <> '{}' AND bits_differ(s.calendar, v_calendar)), count(s.calendar) > 0
    INTO v_is_other, v_has_calendar
    FROM bars_state AS s WHERE s.id = p_id;
    IF v_is_other IS TRUE THEN
        RETURN true;
    END IF;
    -- No day of a calendar concerns bars that were built without one.
    IF NOT v_has_calendar THEN
        RETURN false;
    END IF;
    RETURN EXISTS (SELECT 1 FROM calendar_days_due AS c WHERE c.id = p_id);
END;
$$;
