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
BEGIN
    RETURN EXISTS (
        SELECT 1 FROM bars_state AS s
        WHERE s.id = p_id AND s.tfs <> '{}' AND bits_differ(
            s.calendar, (SELECT a.calendar FROM assets AS a WHERE a.id = p_id)))
    OR EXISTS (SELECT 1 FROM calendar_days_due AS c WHERE c.id = p_id);
END;
$$;
