-- unit_of_day: the number of the unit that a day lies in: its row for N-day bars, else its week, month or
--   year.
--   p_kind        D, U, I, M or Y (timeframe_kind)
--   p_row, p_day  row number of the day, and its local date
-- Returns   the number.
-- Errors    none.   Cost  constant; inlined.   Rule  N-day bars count rows, the others units of the calendar.
CREATE OR REPLACE FUNCTION unit_of_day(p_kind text, p_row int, p_day date)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_kind = 'D' THEN p_row ELSE calendar_unit(p_kind, p_day) END;
