-- series_first_unit: first_unit for a view, which asks it once a series.
--   p_kind .. p_session_before   as in first_unit
-- Returns   the unit with which bar 1 of the timeframe begins.
-- Errors    none.   Cost  constant; called, not inlined.
-- Rule      first_unit. A view that inlines it is planned a tenth longer, whatever is asked of it.
CREATE OR REPLACE FUNCTION series_first_unit(
    p_kind text, p_n int, p_anchored boolean, p_first_day date, p_session_before date
)
RETURNS int
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN first_unit(p_kind, p_n, p_anchored, p_first_day, p_session_before);
END;
$$;
