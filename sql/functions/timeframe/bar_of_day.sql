-- bar_of_day: the number of the bar that a day belongs to.
--   p_kind        D, U, I, M or Y (timeframe_kind)
--   p_n           units per bar
--   p_first_unit  the unit with which bar 1 begins (first_unit)
--   p_row, p_day  row number of the day, and its local date
-- Returns   1, 2, ..; 0 for a day before bar 1.
-- Errors    none.   Cost  constant; inlined.
-- Rule      N-day bars count rows, the others units of the calendar; no search is needed.
CREATE OR REPLACE FUNCTION bar_of_day(p_kind text, p_n int, p_first_unit int, p_row int, p_day date)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(
    CASE WHEN p_kind = 'D' THEN p_row ELSE calendar_unit(p_kind, p_day) END - p_first_unit + p_n, 0) / p_n;
