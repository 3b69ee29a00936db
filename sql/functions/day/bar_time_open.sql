-- bar_time_open: the instant at which a bar opens.
--   p_stamp_before   close stamp of the row before the bar's first; NULL: the bar has the asset's first row
--   p_stamp          close stamp of the bar's first row
-- Returns   the millisecond after the stamp before; a bar with the first row opens 24 hours before its stamp.
-- Errors    PostgreSQL's own beyond the range of times.   Cost  constant; inlined.
-- Rule      bars leave no time between them, also where days are missing.
CREATE OR REPLACE FUNCTION bar_time_open(p_stamp_before timestamptz, p_stamp timestamptz)
RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(p_stamp_before, p_stamp - interval '24 hours') + interval '1 millisecond';
