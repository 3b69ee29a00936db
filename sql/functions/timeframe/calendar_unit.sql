-- calendar_unit: the number of the calendar unit that a day lies in, counted in one row from a fixed origin.
--   p_kind   U weeks from Sunday, I weeks from Monday, M months, Y years (timeframe_kind)
--   p_day    any day
-- Returns   weeks since 1970-01-04 (U) or 1970-01-05 (I), 12 * year + month - 1, or the year; NULL for
--           another kind.
-- Errors    none.   Cost  constant; inlined.
-- Rule      weeks before 1970 have negative numbers. Days are counted from Julian day 0, a Monday and the
--           first date there is, so that the integer division never meets a negative number; 348656 weeks lie
--           before the origin.
CREATE OR REPLACE FUNCTION calendar_unit(p_kind text, p_day date)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE p_kind
    WHEN 'U' THEN (p_day - date 'J0' + 1) / 7 - 348656
    WHEN 'I' THEN (p_day - date 'J0') / 7 - 348656
    WHEN 'M' THEN 12 * extract(YEAR FROM p_day)::int + extract(MONTH FROM p_day)::int - 1
    WHEN 'Y' THEN extract(YEAR FROM p_day)::int
END;
