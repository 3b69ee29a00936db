-- bar_of_unit: the number of the bar that a unit belongs to.
--   p_n           units per bar
--   p_first_unit  the unit with which bar 1 begins (first_unit)
--   p_unit        the unit (unit_of_day)
-- Returns   1, 2, ..; 0 for a unit before bar 1.
-- Errors    none.   Cost  constant; inlined.   Rule  bars are numbered by their windows; no search is needed.
CREATE OR REPLACE FUNCTION bar_of_unit(p_n int, p_first_unit int, p_unit int)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(p_unit - p_first_unit + p_n, 0) / p_n;
