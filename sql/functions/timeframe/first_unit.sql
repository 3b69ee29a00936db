-- first_unit: the unit with which bar 1 of a timeframe begins.
--   p_kind       D, U, I, M or Y (timeframe_kind)
--   p_n          units per bar
--   p_anchored   windows lie where the calendar puts them
--   p_first_day  the asset's first local day
--   p_session_before   the newest session before it (last_session_before); NULL: the day before
-- Returns   full periods: the unit that holds p_first_day, if none of its sessions lies before, else the next
--           one; anchored: the group of p_n units that holds it, counted from unit 0; rows: 1.
-- Errors    none.   Cost  constant; inlined.
-- Rule      full-period windows have no partial bars; anchored groups are the same for every asset. A unit
--           before that of p_first_day is never meant, also where it has no session.
CREATE OR REPLACE FUNCTION first_unit(
    p_kind text, p_n int, p_anchored boolean, p_first_day date, p_session_before date DEFAULT NULL)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_kind = 'D' THEN 1
    WHEN p_anchored THEN floor(calendar_unit(p_kind, p_first_day)::float8 / p_n)::int * p_n
    ELSE greatest(
        calendar_unit(p_kind, p_first_day),
        calendar_unit(p_kind, coalesce(p_session_before, p_first_day - 1)) + 1)
END;
