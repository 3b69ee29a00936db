-- window_end: the last day of a calendar bar's window.
--   p_kind .. p_bar   as in window_start
-- Returns   the day; NULL for N-day bars, which have no window.
-- Errors    PostgreSQL's own for a day that no date has.   Cost  constant; inlined.
-- Rule      the day before the next window begins.
CREATE OR REPLACE FUNCTION window_end(p_kind text, p_n int, p_first_unit int, p_bar int)
RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN unit_first_day(p_kind, p_first_unit + p_bar * p_n) - 1;
