-- missing_days_where: in which parts of a bar days are missing.
--   p_start, p_interior, p_end   numbers of missing days
-- Returns   the parts with missing days, in this order, joined by a comma; NULL: nothing is missing.
-- Errors    none.   Cost  constant; inlined.
-- Rule      words, not days: bounded and cheap; the days themselves follow from the validated days.
CREATE OR REPLACE FUNCTION missing_days_where(p_start int, p_interior int, p_end int)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    '{start,interior,"start,interior",end,"start,end","interior,end","start,interior,end"}'::text[]
)[(p_start > 0)::int + 2 * (p_interior > 0)::int + 4 * (p_end > 0)::int];
