-- default_tz: the zone of an asset that names none.
-- Returns   America/New_York.
-- Errors    none.   Cost  constant; inlined.
-- Rule      it is at or west of UTC, so day-end stamps keep their date.
CREATE OR REPLACE FUNCTION default_tz()
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'America/New_York'::text;
