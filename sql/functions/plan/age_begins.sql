-- age_begins: from when on an asset that is built up to a moment grows old.
--   p_id      asset id
--   p_until   up to when it is built; NULL: never
-- Returns   a moment. Without a calendar p_until; with one the end of the first session after the newest day
--           up to then, in the asset's zone. NULL for NULL.
-- Errors    none.   Cost  two index probes.
-- Rule      over weekends and holidays nothing grows old.
CREATE OR REPLACE FUNCTION age_begins(p_id int, p_until timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_calendar text;
    v_zone text;
    v_day date;
BEGIN
    SELECT a.calendar, coalesce(a.tz, default_tz()) INTO v_calendar, v_zone
    FROM assets AS a WHERE a.id = p_id;
    SELECT d.day INTO v_day
    FROM cmc_price_bars_1d AS d
    WHERE d.id = p_id AND d."timestamp" <= p_until
    ORDER BY d."timestamp" DESC LIMIT 1;
    IF v_calendar IS NULL OR v_day IS NULL THEN
        RETURN p_until;
    END IF;
    RETURN (first_session_after(calendar_clock(v_calendar), v_day) + 1)::timestamp AT TIME ZONE v_zone;
END;
$$;
