-- unit_first_day: the first day of a calendar unit.
--   p_kind   U, I, M or Y (timeframe_kind)
--   p_unit   its number, as calendar_unit gives it
-- Returns   the day; NULL for another kind.
-- Errors    PostgreSQL's own for a month or year that no date has.   Cost  constant; inlined.
-- Rule      the inverse of calendar_unit.
CREATE OR REPLACE FUNCTION unit_first_day(p_kind text, p_unit int)
RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE p_kind
    WHEN 'U' THEN date '1970-01-04' + 7 * p_unit
    WHEN 'I' THEN date '1970-01-05' + 7 * p_unit
    WHEN 'M' THEN make_date(p_unit / 12, p_unit % 12 + 1, 1)
    WHEN 'Y' THEN make_date(p_unit, 1, 1)
END;
