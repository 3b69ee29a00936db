-- window_start: the first day of a calendar bar's window.
--   p_kind        U, I, M or Y (timeframe_kind)
--   p_n           units per bar
--   p_first_unit  the unit with which bar 1 begins (first_unit)
--   p_bar         number of the bar
-- Returns   the day; NULL for N-day bars, which have no window.
-- Errors    PostgreSQL's own for a day that no date has.   Cost  constant; inlined.
-- Rule      windows lie side by side: one begins where the one before it ends.
CREATE OR REPLACE FUNCTION window_start(p_kind text, p_n int, p_first_unit int, p_bar int)
RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN unit_first_day(p_kind, p_first_unit + (p_bar - 1) * p_n);
