-- series_first_day: unit_first_day for a view, which asks it once a series.
--   p_kind, p_unit   as in unit_first_day
-- Returns   the first day of the unit.
-- Errors    as unit_first_day.   Cost  constant; called, not inlined.
-- Rule      unit_first_day; see series_first_unit.
CREATE OR REPLACE FUNCTION series_first_day(p_kind text, p_unit int)
RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN unit_first_day(p_kind, p_unit);
END;
$$;
