-- alpha_inside: the smoothing factor of a day inside a bar.
--   p_is_anchored   the bars lie where the calendar puts them
--   p_alpha_day, p_alpha_equiv   as in ema_alpha
-- Returns   alpha_equiv for anchored bars, else alpha_day.
-- Errors    none.   Cost  constant; inlined.
-- Rule      the length of an anchored bar says little, so a day weighs what decays like one step of a bar.
CREATE OR REPLACE FUNCTION alpha_inside(p_is_anchored boolean, p_alpha_day float8, p_alpha_equiv float8)
RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_is_anchored THEN p_alpha_equiv ELSE p_alpha_day END;
