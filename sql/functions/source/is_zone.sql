-- is_zone: whether a text names a time zone with rules for every date.
--   p_tz   a zone's name in any letter case
-- Returns   false for an offset such as -05 or EST5, whatever stands before the digits; NULL for NULL.
-- Errors    22023 in PostgreSQL's own words for a zone that it doesn't know.
-- Cost      microseconds; a zone's first use in a session reads its file.
-- Rule      what zones of assets and calendars are, however they are written. resolve_tz spells them.
CREATE OR REPLACE FUNCTION is_zone(p_tz text)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN isfinite(timezone(p_tz, timestamptz 'epoch')) AND (
    p_tz !~ '[0-9]'
    OR p_tz ~* '^((posix|right)/)?((etc/)?gmt[+-]?0|etc/gmt[+-][0-9]{1,2}|(est5e|cst6c|mst7m|pst8p)dt)$');
