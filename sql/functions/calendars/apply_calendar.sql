-- apply_calendar: take up what was edited in the calendar of one asset.
--   p_id   asset id
-- Returns   nothing.   Errors  TA020 the calendar has no week.
-- Cost      without a calendar one probe; else a fingerprint of its rows.
-- Rule      on a cluster calendars are reference tables, which the driver applies before it calls; a function
--           beside the asset's rows can't write them.
CREATE OR REPLACE FUNCTION apply_calendar(p_id int)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_calendar text;
BEGIN
    SELECT a.calendar INTO v_calendar FROM assets AS a WHERE a.id = p_id;
    IF v_calendar IS NOT NULL AND NOT is_cluster() THEN
        PERFORM calendars_apply(v_calendar);
    END IF;
END;
$$;
