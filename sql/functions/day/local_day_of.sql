-- local_day_of: the day that a row of prices belongs to.
--   p_local_day   the day as its source names it; NULL: it names none
--   p_stamp       close stamp of the row
--   p_tz          the asset's zone
-- Returns   p_local_day, else the date of the stamp in the zone.
-- Errors    PostgreSQL's own for an unknown zone.   Cost  constant; inlined.
-- Rule      a source that names its days knows better than any zone.
CREATE OR REPLACE FUNCTION local_day_of(p_local_day date, p_stamp timestamptz, p_tz text)
RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(p_local_day, (p_stamp AT TIME ZONE p_tz)::date);
