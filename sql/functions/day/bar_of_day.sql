-- bar_of_day: the number of the bar that a day belongs to.
--   p_kind        D, U, I, M or Y (timeframe_kind)
--   p_n           units per bar
--   p_first_unit  the unit with which bar 1 begins (first_unit)
--   p_row, p_day  row number of the day, and its local date
-- Returns   1, 2, ..; 0 for a day before bar 1.
-- Errors    none.   Cost  constant; inlined.
-- Rule      the bar of the unit that the day lies in.
CREATE OR REPLACE FUNCTION bar_of_day(p_kind text, p_n int, p_first_unit int, p_row int, p_day date)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN bar_of_unit(p_n, p_first_unit, unit_of_day(p_kind, p_row, p_day));
